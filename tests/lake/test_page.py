"""docs/lake.md: every column is there, its query runs and is right, the table of metrics is the sink's."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact
from streams.lake.readings import FAMILIES, Own, metrics_page
from streams.settings import Lake
from streams.telemetry.family import rows_of_page
from streams.wire.lake_rows import Origin, interval_rows
from streams.wire.lake_tables import TABLES, TRACKS
from tests.lake.logs import feeds_of, run, story
from tests.lake.story import VOLUMES, entry, interval, records
from tests.lake.test_behaviour import NUMBERS

PAGES = Path(__file__).parents[2] / "docs"
PAGE = (PAGES / "lake.md").read_text()


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_explained(table):
    section = PAGE.split(f"### {table}\n")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section))
    lineage = set(re.findall(r"`(\w+)`", PAGE.split("Every table ends with")[1].split("\n\n")[0]))
    assert set(TABLES[table].schema.names) <= named | lineage


def test_the_metrics_are_those_of_the_sink(tmp_path):
    assert "".join(rows_of_page(FAMILIES)) in (PAGES / "metrics.md").read_text()
    logs = story(NUMBERS)
    feeds = feeds_of(Lake(path=str(tmp_path)), logs)
    run(feeds, logs)
    text = "".join(metrics_page(feeds, Own(3, 0, is_ready=True), open_metrics=False))
    assert 'linkgauge_lake_rows_total{table="interval_summary"} 12.0\n' in text
    assert "linkgauge_lake_lag_messages 3.0\n" in text
    assert set(re.findall(r"^# HELP linkgauge_(\w+)", text, re.MULTILINE)) == set(FAMILIES)


def test_the_query_takes_each_row_once_in_its_newest_revision(tmp_path, monkeypatch):
    lake = Lake(format="parquet", path=str(tmp_path / "data" / "lake"))
    logs = story(NUMBERS)
    for partition, group in enumerate(VOLUMES):  # some are revised, and all of these are written again
        for _ in range(2):
            logs.put((row for row in records(group, range(287, 289), 1) if row[0] != "groups"), partition)
    run(feeds_of(lake, logs), logs)
    monkeypatch.chdir(tmp_path)
    wanted = {}
    for group, volumes in VOLUMES.items():
        for number in NUMBERS:
            for volume in volumes:
                found = entry(volume, number, int(number in range(287, 289)))
                day = date(1970, 1, 1 + number // 288)
                changed, writes = wanted.get((group, day), (0, 0))
                wanted[group, day] = (changed + found.changed_bytes, writes + found.writes)
    assert asked() == wanted


def asked():
    """What the view and the question of the page say of the lake in this folder, by group and day."""
    view, question = re.search(r"```sql\n(.*?;)\n\n(.*?;)\n```", PAGE, re.DOTALL).groups()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(view)
    return {
        (group, day): (size, writes) for group, day, size, writes in connection.execute(question).fetchall()
    }


def test_late_rows_behind_an_hour_are_not_added_to_it(tmp_path, monkeypatch):
    lake = Lake(format="parquet", path=str(tmp_path / "data" / "lake"))
    table = open_table(lake, TRACKS)
    table.append(pa.concat_tables([rows_of(number) for number in range(24)]))
    monkeypatch.chdir(tmp_path)
    before = asked()
    list(compact(lake, TRACKS, table, date(1970, 3, 1), lambda *_: None))
    assert asked() == before
    table.append(rows_of(3, revision=1))
    assert asked() == before


def rows_of(number, revision=0):
    return interval_rows(interval("oltp", number, revision), Origin("t", 0, 0, 0))
