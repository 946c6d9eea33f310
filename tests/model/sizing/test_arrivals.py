"""Rows of a group laid down as a series: slots, gaps, coverage of each slot, unknown counts."""

from dataclasses import replace

import pytest

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval, Totals, summarise
from streams.model.intervals import US
from streams.model.sizing.arrivals import changed_by_interval, written_by_interval, written_by_slot

SLOT, LENGTH = 10, 30
TRACK = 4096


def entry(volume, *covered, tracks=(1,), written=100):
    spans = [(start * US, end * US) for start, end in covered]
    return Entry(volume, None, TRACK, BitTable.of(tracks), 1, written, spans)


def interval(index, slots, *entries):
    return Interval(
        "g", 1, LENGTH, index * LENGTH * US, 0, False, entries or (entry("v"),), SLOT, slots, 0, 0
    )


def full(index, slots):
    return interval(index, slots, entry("v", (index * LENGTH, (index + 1) * LENGTH)))


def test_rows_stand_in_their_place_and_the_rest_are_gaps():
    series = written_by_slot([full(1, (1, 2, 3)), full(3, (4, 5, 6))])
    assert (series.start_us, series.slot_seconds) == (30 * US, 10)
    assert series.bytes_by_slot.tolist() == [1, 2, 3, 0, 0, 0, 4, 5, 6]
    assert series.gaps() == [(60 * US, 90 * US)]


def test_a_window_cuts_and_widens():
    rows = [full(1, (1, 2, 3)), full(2, (4, 5, 6))]
    assert written_by_slot(rows, (40 * US, 70 * US)).bytes_by_slot.tolist() == [2, 3, 4]
    wide = written_by_slot(rows, (0, 120 * US))
    assert wide.bytes_by_slot.tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0]
    assert wide.gaps() == [(0, 30 * US), (90 * US, 120 * US)]
    assert written_by_slot(rows, (0, 30 * US)).total_bytes == 0
    assert written_by_slot(rows, (120 * US, 150 * US)).total_bytes == 0


def test_each_slot_has_its_own_coverage():
    row = interval(1, (1, 1, 1), entry("a", (30, 45)), entry("b", (30, 35), (40, 60)), entry("c"))
    assert written_by_slot([row]).coverage.tolist() == pytest.approx([1.5 / 3, 1.5 / 3, 1 / 3])


def test_summaries_know_the_coverage_of_the_interval_alone():
    row = interval(1, (1, 2, 3), entry("a", (30, 45)), entry("b", (30, 60)))
    series = written_by_slot([summarise(row, Totals(), None)])
    assert series.coverage.tolist() == [0.75] * 3
    assert series.bytes_by_slot.tolist() == [1, 2, 3]


def test_what_nobody_counted_is_a_gap():
    rows = [full(0, (1, None, 3)), full(1, None)]
    series = written_by_slot(rows)
    assert series.bytes_by_slot.tolist() == [1, 0, 3, 0, 0, 0]
    assert series.coverage.tolist() == [1, 0, 1, 0, 0, 0]


def test_bytes_by_interval():
    whole = ((0, 30), (60, 90))
    rows = [
        interval(0, None, entry("a", *whole, tracks=(1, 2)), entry("b", *whole, tracks=(7,))),
        interval(2, None, entry("a", *whole, tracks=(1,), written=None), entry("b", *whole, tracks=())),
    ]
    rows = [
        replace(row, entries=tuple(replace(e, covered=[(row.start_us, row.end_us)]) for e in row.entries))
        for row in rows
    ]
    for source in (rows, [summarise(row, Totals(), None) for row in rows]):
        written, changed = written_by_interval(source), changed_by_interval(source)
        assert (written.slot_seconds, written.bytes_by_slot.tolist()) == (30, [200, 0, 0])
        assert written.coverage.tolist() == [1, 0, 0]
        assert changed.bytes_by_slot.tolist() == [3 * TRACK, 0, TRACK]
        assert changed.coverage.tolist() == [1, 0, 1]


def test_no_rows_no_series():
    assert written_by_slot([]) is None
    assert written_by_interval([]) is None
    assert changed_by_interval([]) is None
