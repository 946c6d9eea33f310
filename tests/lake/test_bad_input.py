"""What is at the wrong place, of another shape, broken or full: a sentence says so, and nothing is lost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from streams.errors import LakeError, SettingsError
from streams.lake.formats import opening
from streams.lake.formats.opening import open_table
from streams.lake.maintenance import compact, expire
from streams.store.lake.catalog import catalog_of
from streams.store.lake.columns import require_columns
from streams.store.lake.files import table_files
from streams.wire.lake_rows import Origin, interval_rows
from streams.wire.lake_tables import SUMMARY, TRACKS
from streams.wire.record import Record
from streams.wire.tables import METADATA, encode_tables
from tests.fulldisk import no_room
from tests.lake.conftest import FORMATS
from tests.lake.logs import Logs, feeds_of, run, story
from tests.lake.reading import expected, measured, read
from tests.lake.story import interval
from tests.lake.test_behaviour import NUMBERS
from tests.programs import LINKGAUGE

ORIGIN = Origin("linkgauge.tables", 0, 0, 1)


def test_a_missing_extra_is_named(lake, monkeypatch):
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install 'linkgauge\[lake\]'"):
        open_table(lake, SUMMARY)


def foreign(lake, rows):
    """A table of the format in the place of ours, made by its library alone."""
    uri = lake.table_uri("interval_summary")
    if lake.format == "delta":
        write_deltalake(uri, rows)
    elif lake.format == "iceberg":
        catalog = catalog_of(lake)
        catalog.create_namespace(lake.namespace)
        catalog.create_table(f"{lake.namespace}.interval_summary", rows.schema, uri).append(rows)
    else:
        open_table(lake, replace(SUMMARY, schema=rows.schema, partition_by=())).append(rows)


def conflicting(name, kind):
    """The columns of summaries with one of another type."""
    fields = [pa.field(name, kind) if field.name == name else field for field in SUMMARY.schema]
    return pa.schema(fields).empty_table()


def both_ways(lake):
    """Those who write, and those who read."""
    return lambda: open_table(lake, SUMMARY), lambda: table_files(lake, SUMMARY)


def test_a_table_that_something_else_wrote_is_refused(lake):
    foreign(lake, pa.table({"sales": [1, 2]}))
    for way in both_ways(lake)[: 1 if lake.format == "parquet" else 2]:
        with pytest.raises(LakeError, match=r"without the column .*something else wrote it.*lake\.path"):
            way()


@pytest.mark.parametrize("lake", ["delta", "iceberg"], indirect=True)
def test_a_table_whose_columns_conflict_is_refused(lake):
    foreign(lake, conflicting("coverage", pa.string()))
    for way in both_ways(lake):
        with pytest.raises(LakeError, match=r"column coverage is .*string and must be double"):
            way()


def test_a_folder_of_other_files_is_refused(lake):
    """Upkeep would remove them as leftovers."""
    folder = Path(lake.table_uri("interval_summary"))
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"sales": [1]}), folder / "sales.parquet")
    with pytest.raises(LakeError, match=r"sales.parquet is there and no .*(table|ledger).*lake\.path"):
        open_table(lake, SUMMARY)


@pytest.mark.parametrize("other", FORMATS)
def test_a_lake_of_another_format_is_refused(lake, other):
    open_table(lake, SUMMARY).append(SUMMARY.schema.empty_table())
    again = lake.model_copy(update={"format": other})
    if other == lake.format:
        assert open_table(again, SUMMARY).snapshot().folders() == []
        return
    with pytest.raises(LakeError, match=r"is there and no .*(table|ledger).*correct lake\.format"):
        open_table(again, SUMMARY)


def test_a_column_of_another_type_is_refused():
    other = pa.schema([field for field in SUMMARY.schema if field.name != "writes"])
    other = other.append(pa.field("writes", pa.string()))
    with pytest.raises(LakeError, match="column writes is string and must be int64"):
        require_columns("here", other, SUMMARY.schema)


def test_a_file_in_the_place_of_the_folder_ends_the_command_with_a_sentence(tmp_path):
    (tmp_path / "lake").write_text("no folder")
    done = subprocess.run(
        [LINKGAUGE, "lake", "check"],
        cwd=tmp_path,
        env={"LINKGAUGE_LAKE__PATH": "lake", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("linkgauge:") == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path / "lake") in done.stderr


def test_a_new_column_does_not_break_old_tables_and_old_rows_show_null(lake):
    """The table of a release before the last two columns were added, and what this one makes of it."""
    added = ("quarantined_tracks", "volume_bytes")
    columns = pa.schema([field for field in TRACKS.schema if field.name not in added])
    old = replace(TRACKS, schema=columns)
    first = interval_rows(interval("files", 1), ORIGIN)
    open_table(lake, old).append(first.select(columns.names))
    assert "volume_bytes" not in read(lake, "interval_tracks").columns
    open_table(lake, TRACKS).append(interval_rows(interval("files", 2), ORIGIN))
    rows = read(lake, "interval_tracks").sort("interval_start")
    known = rows.group_by("interval_start", maintain_order=True).agg(pl.col("volume_bytes").null_count() == 0)
    assert known["volume_bytes"].to_list() == [False, True]
    folder = open_table(lake, TRACKS).snapshot().folders()[0]
    assert open_table(lake, TRACKS).snapshot().read(folder).schema == TRACKS.schema


def test_a_column_of_a_newer_release_is_null_in_rows_of_this_one_and_is_not_lost(lake):
    """Sinks of both may run at a time; upkeep by the older one would leave the column out."""
    newer = replace(TRACKS, schema=TRACKS.schema.append(pa.field("colour", pa.string())))
    rows = interval_rows(interval("files", 1), ORIGIN)
    open_table(lake, newer).append(rows.append_column("colour", pa.array(["red"] * rows.num_rows)))
    table = open_table(lake, TRACKS)
    table.append(interval_rows(interval("files", 2), ORIGIN))
    with pytest.raises(LakeError, match="column colour is not of this release"):
        list(compact(lake, TRACKS, table, date(1970, 1, 3), lambda *_: None))
    assert set(read(lake, "interval_tracks")["colour"].to_list()) == {"red", None}
    old = lake.model_copy(update={"tracks_days": 1})
    assert len(list(expire(old, TRACKS, table, date(1970, 1, 9), lambda *_: None))) == 1


def spoilt(record: Record) -> Record:
    """The message with the bitmap of its first volume replaced by something else."""
    batch = pa.ipc.open_stream(record.value).read_next_batch()
    at = batch.schema.get_field_index("tracks")
    values = batch.column(at).to_pylist()
    values[0] = b"\x00garbage"
    columns = list(batch.columns)
    columns[at] = pa.array(values, pa.binary())
    changed = pa.record_batch(columns, schema=batch.schema)
    assert METADATA in changed.schema.metadata
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, changed.schema) as writer:
        writer.write_batch(changed)
    return Record(record.key, sink.getvalue().to_pybytes(), record.headers)


def test_a_spoilt_bitmap_is_quarantined_and_in_no_sum(lake):
    logs = Logs()
    logs.put([("tables", spoilt(record)) for record in encode_tables(interval("files", 285))])
    feeds = feeds_of(lake, logs)
    run(feeds, logs)
    rows = read(lake, "interval_tracks")
    bad = rows.filter(pl.col("quarantine_reason").is_not_null())
    assert bad.select("array", "volume", "tracks", "changed_tracks", "writes", "covered_seconds").rows() == [
        ("east", "b", None, None, None, 0.0)
    ]
    assert bad["quarantined_tracks"].to_list() == [b"\x00garbage"]
    assert feeds["tables"].counts.quarantined_rows == 1
    good = rows.filter(pl.col("quarantine_reason").is_null())
    assert good["changed_tracks"].null_count() == 0


def test_what_is_no_message_is_counted_and_passed_over(lake):
    logs = story(NUMBERS)
    logs.append("tables", Record(b"no key", b"no message"))
    logs.append("intervals", Record(b'["g",300,0,0]', b"{}"))
    feeds = feeds_of(lake, logs)
    run(feeds, logs)
    assert [feeds[topic].counts.refused_messages for topic in ("tables", "intervals")] == [1, 1]
    assert measured(lake) == expected(NUMBERS)


@pytest.mark.parametrize("most_bytes", [100, 6000])
def test_where_there_is_no_room_it_is_told_and_nothing_is_lost(lake, most_bytes):
    logs = story(NUMBERS)
    feeds = feeds_of(lake, logs)
    with no_room(most_bytes), pytest.raises(LakeError, match=str(lake.path)):
        run(feeds, logs)
    run(feeds, logs)
    assert measured(lake) == expected(NUMBERS)


def test_where_there_is_no_room_compaction_leaves_the_table_as_it_was(lake):
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs, at_once=3)
    with no_room(100), pytest.raises(LakeError, match=str(lake.path)):
        list(compact(lake, TRACKS, open_table(lake, TRACKS), date(1970, 1, 3), lambda *_: None))
    assert measured(lake) == expected(NUMBERS)


def test_a_file_that_was_cut_ends_upkeep_with_a_sentence(lake):
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs)
    for file in Path(lake.path).rglob("*.parquet"):
        if "interval_tracks" in str(file):
            file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(LakeError, match=r"interval_tracks: .*cannot be read: "):
        list(compact(lake, TRACKS, open_table(lake, TRACKS), date(1972, 1, 1), lambda *_: None))
