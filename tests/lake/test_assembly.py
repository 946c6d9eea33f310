"""Intervals of several messages, with those of others between them: what can be committed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.lake.assembly import Backlog, Piece

HOUR_US = 3_600_000_000


def filled(*pieces, start=0, append_us=0):
    """A backlog of `(unit, part, parts)` at offsets from `start` on."""
    backlog = Backlog(start)
    for offset, (unit, part, parts) in enumerate(pieces, start):
        backlog.add(offset, append_us, Piece(unit, part, parts, f"{unit}{part}", 1))
        backlog.passed(offset, append_us)
    return backlog


def test_whole_units_are_committed_to_the_end():
    stretch = filled(("a", 0, 1), ("b", 0, 2), ("b", 1, 2)).stretch()
    assert (stretch.end, [unit.contents() for unit in stretch.units]) == (3, [["a0"], ["b0", "b1"]])


def test_a_stretch_ends_before_a_unit_that_is_not_whole():
    stretch = filled(("a", 0, 1), ("b", 0, 2), ("c", 0, 1)).stretch()
    assert (stretch.end, len(stretch.units)) == (1, 1)


def test_a_whole_unit_across_the_end_pulls_it_down():
    stretch = filled(("a", 0, 2), ("b", 0, 2), ("a", 1, 2)).stretch()
    assert (stretch.end, stretch.units) == (0, ())


def test_a_part_that_is_written_again_counts_once():
    stretch = filled(("a", 0, 2), ("a", 0, 2), ("a", 1, 2)).stretch()
    assert (stretch.end, [unit.contents() for unit in stretch.units]) == (3, [["a0", "a1"]])


def test_a_unit_that_lost_a_part_is_given_up_after_an_hour_of_the_log():
    backlog = filled(("a", 1, 2))
    backlog.add(1, HOUR_US, Piece("b", 0, 1, "b0", 1))
    backlog.passed(1, HOUR_US)
    assert backlog.stretch().end == 0
    backlog.passed(2, HOUR_US + 1)
    stretch = backlog.stretch()
    assert (stretch.end, len(stretch.units), stretch.given_up) == (3, 1, 1)


@st.composite
def logs(draw):
    """Parts of some units, each unit's in order, those of different ones in any."""
    left = {name: list(range(draw(st.integers(1, 3)))) for name in "abcde"[: draw(st.integers(1, 5))]}
    sizes = {name: len(parts) for name, parts in left.items()}
    log = []
    while left:
        name = draw(st.sampled_from(sorted(left)))
        log.append((name, left[name].pop(0), sizes[name]))
        if not left[name]:
            del left[name]
    return log


@given(logs(), st.lists(st.integers(1, 4), min_size=1), st.data())
def test_each_unit_is_committed_once_whenever_commits_and_crashes_come(log, steps, data):
    """After a crash a new backlog begins where the last commit ended; nothing else is known."""
    committed, start, at = [], 0, 0
    backlog = Backlog(start)
    for step in [*steps, len(log)]:
        for offset, (unit, part, parts) in enumerate(log[at : at + step], at):
            backlog.add(offset, 0, Piece(unit, part, parts, (unit, part), 1))
            backlog.passed(offset, 0)
        at = min(at + step, len(log))
        stretch = backlog.stretch()
        committed += [unit.contents() for unit in stretch.units]
        backlog.committed(stretch)
        start = stretch.end
        if data.draw(st.booleans()):
            backlog, at = Backlog(start), start
    for offset, (unit, part, parts) in enumerate(log[at:], at):
        backlog.add(offset, 0, Piece(unit, part, parts, (unit, part), 1))
        backlog.passed(offset, 0)
    committed += [unit.contents() for unit in backlog.stretch().units]
    wanted = {name: [(name, part) for part in range(parts)] for name, _, parts in log}
    assert sorted(committed) == sorted(wanted.values())
