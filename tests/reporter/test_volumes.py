"""Volumes one by one: parts in any order, the newest complete interval, those that changed most."""

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.reporter.volumes import Shelf, VolumeRow, largest


def interval(*tracks, index=0, revision=0):
    entries = tuple(
        Entry(f"a/v{n}", None, 512, BitTable.of(range(count)), count, None, ((0, 30 * US),))
        for n, count in enumerate(tracks)
    )
    return Interval("g", 1, 60, index * 60 * US, revision, False, entries, 10, None, 0, 0)


def test_the_volumes_that_changed_most_ties_by_name():
    rows, left_out = largest(interval(1, 5, 5, 0), 3)
    assert [row.volume for row in rows] == ["a/v1", "a/v2", "a/v0"]
    assert rows[0] == VolumeRow("a/v1", 5 * 512, None, 0.5)
    assert left_out == 1
    assert largest(interval(1), 3)[1] == 0


def test_parts_come_in_any_order_and_twice():
    shelf = Shelf()
    assert shelf.put((0, 0), 1, 3, b"b") is None
    assert shelf.put((0, 0), 1, 3, b"b") is None
    assert shelf.put((0, 0), 0, 3, b"a") is None
    assert sorted(shelf.put((0, 0), 2, 3, b"c")) == [b"a", b"b", b"c"]


def test_only_what_is_newer_than_what_is_shown():
    shelf = Shelf()
    shelf.put((60 * US, 0), 0, 2, b"waits")
    shelf.put((180 * US, 0), 0, 2, b"waits too")
    shelf.show(interval(index=2, revision=1))
    assert shelf.put((120 * US, 0), 0, 1, b"an older revision") is None
    assert list(shelf.parts) == [(180 * US, 0)]
    assert shelf.put((120 * US, 2), 0, 1, b"a newer one") == [b"a newer one"]
