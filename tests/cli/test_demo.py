"""The question to the lake that `up --demo` prints, as a user pastes it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from streams.cli.demo import example_query
from streams.lake.formats.opening import open_table
from streams.model.entries import Gap, Totals, summarise
from streams.model.intervals import US
from streams.settings import Lake
from streams.store import or_of
from streams.wire.lake_rows import Origin, gap_row, rows_table, summary_row
from streams.wire.lake_tables import SUMMARY
from tests.lake import story


@pytest.mark.parametrize("form", ["delta", "parquet"])
def test_each_hour_is_there_once_in_its_newest_revision(tmp_path, form):
    lake, origin = Lake(format=form, path=str(tmp_path)), Origin("t", 0, 0, 0)
    first, second = or_of([story.interval("oltp", number) for number in range(24)], 3600)
    revised = or_of([story.interval("oltp", number, int(number == 11)) for number in range(12)], 3600)[0]
    table = open_table(lake, SUMMARY)
    rows = [
        summary_row(summarise(each, Totals(), None), origin)
        for each in (first, second, revised, first, second)  # a worker wrote two of them again
    ]
    for row in (*rows, gap_row(Gap("oltp", 1, 7200 * US, 10_800 * US), origin)):
        table.append(rows_table(SUMMARY, [row]))
    program = shlex.split(example_query(lake).splitlines()[1])[2]
    ended = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "POLARS_FMT_TABLE_FORMATTING": "NOTHING"},
    )
    said = [line.split() for line in ended.stdout.splitlines() if line.split()[:1] == ["oltp"]]
    expected = [summarise(each, Totals(), None).changed_bytes_or for each in (revised, second)]
    assert [int(row[-2]) for row in said] == sorted(expected, reverse=True)
