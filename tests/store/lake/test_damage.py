"""Files of a lake that are damaged, gone or others: a sentence that names file and remedy, never a figure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.errors import LakeError
from streams.settings import Lake
from streams.store import LakeSource, groups, lake_unions, read_intervals, read_stored
from streams.store.lake.ledger import LEDGER
from tests.lake import story
from tests.store.lake import test_reading
from tests.store.lake.test_reading import DAY

FORMATS = get_args(Lake.model_fields["format"].annotation)
lake = test_reading.lake


def file_of(lake, table="interval_tracks", day="1970-01-02") -> Path:
    """A data file of a day, or of a table without days."""
    found = sorted(file for file in Path(lake.path).rglob("*.parquet") if table in str(file))
    return next(file for file in found if day is None or f"day={day}" in str(file))


def cut(file):
    file.write_bytes(file.read_bytes()[:-100])


def garble(file):
    """Turns over what lies in the middle, and leaves the footer as it is."""
    data = bytearray(file.read_bytes())
    for at in range(4, len(data) - 4000):
        data[at] ^= 0x5A
    file.write_bytes(data)


def exchange(file):
    """Puts another file of the table there, of fewer rows."""
    pq.write_table(pq.ParquetFile(file).read().slice(0, 3), file)


def questions(lake):
    """All ways to read bit tables."""
    source = LakeSource(lake)
    return [
        lambda *times: read_stored(source, ["oltp"], *times),
        lambda *times: read_intervals(source, "oltp", *times),
        lambda *times: lake_unions(source, ["oltp"], times or (None, None), lambda *_: None),
    ]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "the file cannot be read"),
        (garble, "the file cannot be read"),
        (exchange, "the file has 3 rows where the table says"),
        (Path.unlink, "the table names this file and it is not there"),
    ],
)
def test_a_damaged_file_of_bit_tables_is_named_with_the_remedy(lake, damage, said):
    file = file_of(lake)
    damage(file)
    for ask in questions(lake):
        with pytest.raises(LakeError, match=said) as told:
            ask()
        assert file.name in str(told.value)
        assert "restore it from a copy, or leave 1970-01-02 out with --from and --to" in str(told.value)
        assert ask(0, DAY * story.STEP_SECONDS * 1_000_000)  # the remedy helps


@pytest.mark.parametrize("damage", [cut, exchange, Path.unlink])
@pytest.mark.parametrize("table", ["interval_summary", "group_definitions"])
def test_a_damaged_file_of_the_narrow_tables_is_named(lake, table, damage):
    file = file_of(lake, table, None)
    if damage is exchange and pq.ParquetFile(file).metadata.num_rows <= 3:
        damage = cut
    damage(file)
    with pytest.raises(LakeError, match="restore it from a copy") as told:
        read_stored(LakeSource(lake), ["oltp"])
    assert file.name in str(told.value)


@pytest.mark.parametrize("lake", ["parquet"], indirect=True)
@pytest.mark.parametrize("damage", [Path.unlink, lambda entry: entry.write_bytes(b"{")])
def test_an_entry_of_the_ledger_that_is_missing_or_spoilt_is_named(lake, damage):
    """Without it a file would be left out, and nobody would know."""
    entry = sorted(Path(lake.table_uri("interval_tracks"), LEDGER).iterdir())[-2]
    damage(entry)
    with pytest.raises(LakeError, match="restore it from a copy") as told:
        read_stored(LakeSource(lake), ["oltp"])
    assert entry.name in str(told.value)


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_an_entry_of_the_log_that_is_missing_is_told(lake):
    entry = sorted(Path(lake.table_uri("interval_tracks"), "_delta_log").glob("*.json"))[-2]
    entry.unlink()
    with pytest.raises(LakeError, match=r"interval_tracks: the table cannot be read .* from a copy"):
        read_stored(LakeSource(lake), ["oltp"])


@pytest.mark.parametrize("lake", ["iceberg"], indirect=True)
@pytest.mark.parametrize("pattern", ["*.metadata.json", "*.avro"])
def test_metadata_that_are_missing_are_told(lake, pattern):
    for file in Path(lake.path).rglob(pattern):
        if "interval_tracks" in str(file):
            file.unlink()
    with pytest.raises(LakeError, match=r"interval_tracks: the table cannot be read .* from a copy"):
        read_stored(LakeSource(lake), ["oltp"])


def test_a_table_that_was_removed_is_told(lake):
    shutil.rmtree(Path(lake.table_uri("group_definitions")))
    with pytest.raises(LakeError):
        groups(LakeSource(lake))


@pytest.mark.parametrize(
    "command",
    [
        ("report", "group", "oltp"),
        ("report", "group", "oltp", "--totals"),
        ("entries", "--group", "oltp"),
        ("plan", "--group", "oltp"),
    ],
)
@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_commands_end_with_a_sentence(lake, command, damage, monkeypatch):
    monkeypatch.setenv("LINKGAUGE_LAKE__PATH", lake.path)
    monkeypatch.setenv("LINKGAUGE_LAKE__FORMAT", lake.format)
    file = file_of(lake)
    damage(file)
    ended = CliRunner().invoke(app, [*command, "--source", "lake"])
    assert isinstance(ended.exception, LakeError), ended.output
    assert file.name in str(ended.exception)


@pytest.mark.parametrize("lake", ["parquet"], indirect=True)
def test_a_spoilt_bitmap_is_told_in_the_report(lake, monkeypatch):
    monkeypatch.setenv("LINKGAUGE_LAKE__PATH", lake.path)
    monkeypatch.setenv("LINKGAUGE_LAKE__FORMAT", lake.format)
    for file in Path(lake.table_uri("interval_tracks")).rglob("*.parquet"):
        rows = pq.ParquetFile(file).read()
        at = rows.schema.get_field_index("changed_tracks")
        counts = rows.column("changed_tracks").to_pylist()
        counts[-1] += 1
        pq.write_table(rows.set_column(at, rows.schema.field(at), [counts]), file)
    for more in ((), ("--totals",)):
        command = ["report", "group", "oltp", "--source", "lake", "--json", "--least-coverage", "0", *more]
        ended = CliRunner().invoke(app, command)
        assert ended.exit_code == 0, ended.output
        said = json.loads(ended.stdout)["remarks"]
        assert any("hold no bitmap that can be read and count as not measured" in each for each in said)
