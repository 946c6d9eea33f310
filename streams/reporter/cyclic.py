"""Modes with cycles: what ships the largest one in time, and what becomes of all on the installed paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from streams.errors import MissingData
from streams.model.entries import Summary
from streams.model.intervals import US
from streams.model.sizing.basis import Mode
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.cycles import Cycle, CycleRule, cycles, worst_exposure_seconds
from streams.model.sizing.exact import exact
from streams.model.sizing.profiles import require_profile
from streams.model.sizing.series import Series
from streams.model.sizing.shared import summed
from streams.reporter.figures import Found, ModeFigures, Rows, capacity, common_figures, window_of
from streams.reporter.links import unique_basis
from streams.settings import Link

__all__ = ["FEWEST_CYCLES", "cycle_length", "cyclic"]

FEWEST_CYCLES = 4
"""A range has so many at least."""


def cycle_length(link: Link) -> int | None:
    """The cycle of the link's replicator, None where neither settings nor profile say one."""
    profile = require_profile(link.profile) if link.profile else None
    return link.cycle_seconds or (profile.cycle_seconds if profile else None)


def cyclic(link: Link, mode: Mode, rows: Rows, history_seconds: int) -> Found | None:
    """The figures of a mode with cycles, and the series of each group; None where nothing was measured.

    Raises:
        MissingData: no cycle is set, or a group has no intervals of its length.
    """
    length = cycle_length(link)
    if length is None:
        raise MissingData(f"mode {mode}: cycle_seconds is needed, for the profile has no default")
    measured = [found for intervals in rows.values() if (found := intervals.get(length))]
    if len(measured) < len(rows):
        raise MissingData(
            f"mode {mode}: cycles of {length} s need intervals of this length in every group; add "
            f"{length} to their rungs_seconds, or choose a cycle that they measure"
        )
    if not measured:
        return None
    range_seconds = max(history_seconds // length, FEWEST_CYCLES) * length
    window = window_of(measured, range_seconds)
    clipped = [_changed(intervals).clipped(window) for intervals in measured]
    parts = [part for part in clipped if part.slots]
    if not any(part.judged.any() for part in parts):
        return None
    series = summed(parts)
    basis = unique_basis(link, (row for intervals in measured for row in intervals))
    figures = _of_cycles(link, mode, series, range_seconds)
    return replace(figures, basis="aligned" if basis == "unique" else basis), parts


def _of_cycles(link: Link, mode: Mode, series: Series, range_seconds: int) -> ModeFigures:
    reduction, payload = capacity(link)
    most, length = BITS_PER_BYTE * int(series.bytes_by_slot.max()), series.slot_seconds
    # Every cycle is on time: it is shipped before the next one is captured, and within what the RPO leaves.
    seconds = min(Fraction(length), exact(link.rpo_seconds) - length - exact(link.apply_seconds))
    needs = {100: reduction.shipped(Fraction(most) / seconds)} if seconds > 0 else {}
    common = common_figures(link, mode, range_seconds, series.end_us, needs)
    if not payload:
        return replace(common, attainment_ratio=float(not most))
    depth = None if mode == "cycle_multi" else 1
    rule = CycleRule(length, link.apply_seconds, depth)
    return _with_cycles(common, series, _replayed(series, rule, float(reduction.carried(payload))), link)


def _with_cycles(common: ModeFigures, series: Series, replayed: Sequence[Cycle], link: Link) -> ModeFigures:
    met = [cycle.exposure_seconds <= link.rpo_seconds for cycle in replayed]
    return replace(
        common,
        backlog_bytes=sum(_unsent(cycle, series.slots * series.slot_seconds) for cycle in replayed),
        exposure_seconds=worst_exposure_seconds(replayed),
        attainment_ratio=sum(met) / len(met) if met else None,
    )


def _changed(intervals: Sequence[Summary]) -> Series:
    """Unique bytes of each interval of one length, what is missing between them a gap."""
    length = intervals[0].rung_seconds
    start_us, end_us = intervals[0].start_us, intervals[-1].end_us
    slots = (end_us - start_us) // (length * US)
    values, covered = np.zeros(slots, np.int64), np.zeros(slots)
    for row in intervals:
        at = (row.start_us - start_us) // (length * US)
        values[at], covered[at] = row.changed_bytes_or, min(row.coverage, 1)
    return Series(start_us, length, values, covered)


def _replayed(series: Series, rule: CycleRule, carried: float) -> list[Cycle]:
    """The cycles of the range. One that begins late holds at most what the intervals hold that it touches."""
    length, arrived = series.slot_seconds, series.arrived_bytes()

    def changed(begun: float, switched: float) -> float:
        return float(arrived[math.ceil(switched / length)] - arrived[int(begun // length)])

    return list(cycles(changed, series.slots * length, rule, carried))


def _unsent(cycle: Cycle, at_seconds: float) -> float:
    if cycle.sent <= at_seconds:
        return 0.0
    if cycle.sent_from >= at_seconds:
        return cycle.changed_bytes
    return cycle.changed_bytes * (cycle.sent - at_seconds) / (cycle.sent - cycle.sent_from)
