"""Rows come back from their shelves as they were put on, from memory and from a file, in any process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pytest

from streams.errors import MissingData
from streams.store.shelf import Rows, Shelved, Shelves
from tests.fulldisk import no_room

VOLUMES = 53


def messages(seed: int) -> Iterator[tuple[Rows, list[bytes]]]:
    """Rows of some volumes in any order, each with a bitmap that tells it from all others."""
    random = np.random.default_rng(seed)
    for part in range(40):
        count = int(random.integers(0, 30))
        bitmaps = [b"%d.%d" % (part, row) * int(random.integers(0, 9)) for row in range(count)]
        numbers = (random.integers(-1, 1 << 40, count) for _ in "abcde")
        yield (
            Rows(
                np.full(count, part, np.uint32),
                random.integers(0, VOLUMES, count).astype(np.uint32),
                random.integers(0, 1 << 62, count).astype(np.uint64),
                np.array([len(each) for each in bitmaps], np.int64),
                *numbers,
            ),
            bitmaps,
        )


def rows_of(shelves: Shelves) -> list[tuple[int, ...]]:
    """All rows and their bitmaps, shelf by shelf."""
    found = []
    for volume in range(VOLUMES + 1):
        rows, shelved = shelves.read(volume)
        assert (rows.volume == volume).all()
        held = held_in(shelved)
        found += list(zip(*(column.tolist() for column in rows), held, strict=True))
        backwards = np.arange(len(held))[::-2]
        assert held_in(shelved.some(backwards)) == held[::-2]
    return found


def held_in(shelved: Shelved) -> list[bytes]:
    bitmaps = shelved.read()
    data = bitmaps.data.tobytes()
    return [data[begin : begin + size] for begin, size in zip(bitmaps.begin, bitmaps.size, strict=True)]


@pytest.mark.parametrize("most_pending_bytes", [1, 2000, 1 << 30])
def test_all_rows_come_back(most_pending_bytes):
    shelves, put = Shelves(most_pending_bytes), []
    for rows, bitmaps in messages(7):
        shelves.add(rows, b"".join(bitmaps))
        put += list(zip(*(column.tolist() for column in rows), bitmaps, strict=True))
    shelves.seal()
    assert shelves.is_in_file == (most_pending_bytes < 1 << 30)
    for reader in (shelves, pickle.loads(pickle.dumps(shelves))):  # noqa: S301  # as processes are sent it
        found = rows_of(reader)
        assert sorted(found) == sorted(put)
        of_message = [(row[1], row[0]) for row in found]
        assert of_message == sorted(of_message)  # messages of a shelf stay in order


def test_a_file_has_no_name_that_a_killed_process_could_leave(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shelves = Shelves(1)
    for rows, bitmaps in messages(1):
        shelves.add(rows, b"".join(bitmaps))
    assert shelves.is_in_file
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_with_its_remedy():
    def put_all():
        shelves = Shelves(2000)
        for rows, bitmaps in messages(1):
            shelves.add(rows, b"".join(bitmaps))

    with no_room(4000), pytest.raises(MissingData, match="name a folder with more room in"):
        put_all()


def test_a_disk_that_fills_with_the_last_rows_is_told_too():
    """They are so few that they fit into what a file collects before it writes."""
    shelves = Shelves(200)
    rows, bitmaps = next(found for found in messages(1) if len(found[1]) > 10)
    shelves.add(rows, b"".join(bitmaps))
    assert shelves.is_in_file
    shelves.add(rows.some(slice(1)), bitmaps[0])
    with no_room(100), pytest.raises(MissingData, match="name a folder with more room in"):
        shelves.seal()
