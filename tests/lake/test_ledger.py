"""The ledger of plain Parquet files as those who write find it: whole, with a hole, and cut by upkeep."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.errors import LakeError
from streams.lake.formats.ledger import Ledger
from streams.lake.formats.objects import Objects
from streams.lake.formats.opening import open_table
from streams.lake.progress import LogId, Move, Progress
from streams.settings import Lake
from streams.store.lake.ledger import LEDGER, DataFile
from streams.wire.lake_tables import SUMMARY

LOG = LogId("cluster", "topic", "id")


@pytest.fixture
def ledgers(tmp_path):
    """Two writers of one table that has an entry, and the folder of its entries."""
    one, other = (Ledger(Objects(str(tmp_path), {}), "t") for _ in range(2))
    one.begin()
    other.newest()
    return one, other, tmp_path / LEDGER


def commit(ledger):
    """One more entry, with a file and an offset of its number."""
    on = ledger.newest()
    number = on.version + 1
    return ledger.commit(on, [DataFile(str(number), (), 1, 1)], (), Progress(LOG, {0: number}))


def test_writers_see_what_others_have_committed(ledgers):
    one, other, _ = ledgers
    for _ in range(60):
        commit(one)
    assert other.newest().progress.offsets == {0: 60}
    assert commit(other) == one.newest()
    assert len(one.newest().files) == 61


@pytest.mark.parametrize("lost", [1, 49, 50, 51, 58, 59])
def test_a_commit_into_a_hole_is_refused_with_the_name_of_the_entry(ledgers, lost):
    """By a writer who was there before, and by one who comes; before the last full entry nobody needs it."""
    one, other, folder = ledgers
    for _ in range(60):
        commit(one)
    entry = folder / f"{lost:020d}.json"
    entry.unlink()
    for ledger in (other, Ledger(Objects(str(folder.parent.parent), {}), "t")):
        if lost < 50:
            assert ledger.newest() == one.newest()
            continue
        with pytest.raises(
            LakeError, match=rf"{entry.name}: this entry .* is missing.* restore it from a copy"
        ):
            commit(ledger)
    assert not entry.exists()


def test_a_ledger_that_is_gone_is_not_begun_anew_behind_what_is_remembered(ledgers):
    one, _, folder = ledgers
    commit(one)
    folder.rename(folder.with_name("away"))
    with pytest.raises(LakeError, match=rf"{1:020d}.json: this entry .* is missing"):
        commit(one)
    folder.with_name("away").rename(folder)
    assert commit(one).version == 2


def test_a_writer_who_slept_while_upkeep_removed_entries_goes_on_behind_the_newest(ledgers):
    one, other, folder = ledgers
    for _ in range(120):
        commit(one)
    assert one.forget(one.newest()) == 50
    assert other.newest().files == one.newest().files
    assert commit(other).version == 121
    assert not (folder / f"{1:020d}.json").exists()


def test_a_sink_refuses_a_table_with_a_hole_and_goes_on_once_the_entry_is_back(tmp_path):
    lake = Lake(format="parquet", path=str(tmp_path))
    tables = [open_table(lake, SUMMARY) for _ in range(2)]
    rows = SUMMARY.schema.empty_table()
    for offset in range(2):
        tables[0].append(rows, Move(LOG, {0: offset}, {0: offset + 1}))
    entry = Path(lake.table_uri("interval_summary"), LEDGER, f"{1:020d}.json")
    copy = entry.read_bytes()
    entry.unlink()
    for ask in (lambda: tables[1].append(rows, Move(LOG, {0: 0}, {0: 1})), lambda: open_table(lake, SUMMARY)):
        with pytest.raises(LakeError, match=entry.name):
            ask()
    entry.write_bytes(copy)
    tables[1].append(rows, Move(LOG, {0: 2}, {0: 3}))
    assert tables[0].progress(LOG, [0]).offsets == {0: 3}
