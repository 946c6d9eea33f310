"""What a link's replicator needs for its RPO, and what the installed paths keep, over the newest past.

The range ends where the group that is furthest behind has closed, so that the sum of the groups claims
nothing that one of them does not know. A group that nothing of the range is known of is missing, also one
that is behind by more than it: then there are only figures that hold however much it wrote, which are lower
bounds. Modes whose bytes were not captured are refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from streams.errors import MissingData
from streams.model.entries import Summary
from streams.model.intervals import US, Span
from streams.model.sizing.arrivals import written_by_slot
from streams.model.sizing.attainment import achievable_rpo_seconds, attainment, rates_for_percents
from streams.model.sizing.backlog import backlog_bytes
from streams.model.sizing.basis import BASIS_OF, Mode
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.cycles import Cycle, CycleRule, cycles, worst_exposure_seconds
from streams.model.sizing.exact import exact
from streams.model.sizing.link import headroom_ratio, paths_for, usable_per_path
from streams.model.sizing.profiles import require_profile
from streams.model.sizing.reduction import Reduction
from streams.model.sizing.series import Series
from streams.model.sizing.shared import summed
from streams.model.sizing.synchronous import peak_rate
from streams.reporter.links import known_headroom, unique_basis
from streams.settings import Link

__all__ = ["PERCENTS", "ModeFigures", "Rows", "cycle_length", "mode_figures", "mode_of", "widest_range"]

PERCENTS = (95, 99, 100)

_FEWEST_CYCLES = 4

Rows = Mapping[str, Mapping[int, Sequence[Summary]]]
"""The newest intervals of each group of a link by length, ordered by start."""


@dataclass(frozen=True, slots=True)
class ModeFigures:
    """Figures of a mode over `range_seconds` up to `end_us`; None is what is not known, or the mode lacks.

    `required_bytes_per_second`: payload by percentage of the time in which the RPO shall be met.
    `headroom_ratio` and `paths` are those of all of the time; `paths` is None where none are enough.
    """

    mode: Mode
    basis: str
    range_seconds: int
    end_us: int
    required_bytes_per_second: Mapping[int, float]
    headroom_ratio: float | None
    paths: int | None
    backlog_bytes: float | None = None
    exposure_seconds: float | None = None
    attainment_ratio: float | None = None


_Found = tuple[ModeFigures, Sequence[Series]]


def mode_of(link: Link, rows: Rows) -> Mode | None:
    """The link's mode beside resynchronisation: as set, of its profile, else continuous on written bytes."""
    mode = link.mode or (require_profile(link.profile).mode if link.profile else None)
    if mode is None and _has_written(rows):
        mode = "continuous"
    return None if mode == "bitmap_resync" else mode


def cycle_length(link: Link) -> int | None:
    """The cycle of the link's replicator, None where neither settings nor profile say one."""
    profile = require_profile(link.profile) if link.profile else None
    return link.cycle_seconds or (profile.cycle_seconds if profile else None)


def widest_range(link: Link, history_seconds: int) -> float:
    """The longest range that any mode of the link may look at."""
    return max(history_seconds, 4 * link.rpo_seconds, _FEWEST_CYCLES * (cycle_length(link) or 0))


def mode_figures(link: Link, mode: Mode, rows: Rows, history_seconds: int) -> ModeFigures | None:
    """The figures of a mode; None while no group has a range.

    Groups that `rows` lacks are missing, and so are those that nobody vouches for.

    Raises:
        MissingData: what the mode ships was not captured, or nothing was measured.
    """
    if mode in ("cycle_single", "cycle_multi"):
        found = _cyclic(link, mode, rows, history_seconds)
    else:
        found = _by_writes(link, mode, rows, max(history_seconds, int(4 * link.rpo_seconds)))
    if found is None:
        return None
    figures, parts = found
    measured = sum(bool(part.judged.any() or part.total_bytes) for part in parts)
    return figures if measured == len(link.groups) else _as_bounds(figures)


def _as_bounds(figures: ModeFigures) -> ModeFigures:
    """What stays true however much the missing groups wrote: what is needed, what waits, how old it gets.

    A share that was met could only be less, a link that seems wide enough could be too narrow, and the rate
    for a share of the time hangs on which time is judged: these are not known. Neither is what becomes of
    single-transmit cycles, for a longer one may hold less than it did.
    """
    single = figures.mode == "cycle_single"
    required, ratio = figures.required_bytes_per_second, figures.headroom_ratio
    return replace(
        figures,
        required_bytes_per_second={100: required[100]} if 100 in required else {},
        headroom_ratio=None if ratio is None else known_headroom(ratio, all_measured=False),
        backlog_bytes=None if single else figures.backlog_bytes,
        exposure_seconds=None if single else figures.exposure_seconds,
        attainment_ratio=None,
    )


def _has_written(rows: Rows) -> bool:
    newest = [intervals[min(intervals)][-1] for intervals in rows.values() if intervals]
    return bool(newest) and all(row.written_bytes_by_slot is not None for row in newest)


def _window(rows: Sequence[Sequence[Summary]], range_seconds: int) -> Span:
    """The range, up to where the group that is furthest behind has closed."""
    end_us = min(intervals[-1].end_us for intervals in rows)
    return end_us - range_seconds * US, end_us


def _by_writes(link: Link, mode: Mode, rows: Rows, range_seconds: int) -> _Found | None:
    """The figures of a mode that ships every write, and the series of each group."""
    base = [intervals[min(intervals)] for intervals in rows.values() if intervals]
    if not base:
        return None
    window = _window(base, range_seconds)
    parts = [part for intervals in base if (part := written_by_slot(intervals, window)) is not None]
    series = summed(parts).clipped(window)
    if not series.slots:
        return None
    find = _synchronous if mode == "synchronous" else _continuous
    return find(link, series.require_judged(), range_seconds), parts


def _continuous(link: Link, series: Series, range_seconds: int) -> ModeFigures:
    reduction, payload = _capacity(link)
    rates = rates_for_percents(series, link.rpo_seconds, PERCENTS)
    needs = {percent: reduction.shipped(rate) for percent, rate in zip(PERCENTS, rates, strict=True)}
    common = _common(link, "continuous", range_seconds, series.end_us, needs)
    if not payload:
        return replace(common, attainment_ratio=float(not series.total_bytes))
    carried = reduction.carried(payload)
    return replace(
        common,
        backlog_bytes=float(backlog_bytes(series, carried)[-1]),
        exposure_seconds=achievable_rpo_seconds(series, carried),
        attainment_ratio=attainment(series, carried, link.rpo_seconds).by_time,
    )


def _synchronous(link: Link, series: Series, range_seconds: int) -> ModeFigures:
    reduction, payload = _capacity(link)
    needs = {100: reduction.shipped(peak_rate(series).bits_per_second)}
    judged, most = series.judged, reduction.carried(payload) * series.slot_seconds / BITS_PER_BYTE
    fits = (series.bytes_by_slot <= float(most)) & judged
    common = _common(link, "synchronous", range_seconds, series.end_us, needs)
    return replace(common, attainment_ratio=float(fits.sum() / judged.sum()))


def _cyclic(link: Link, mode: Mode, rows: Rows, history_seconds: int) -> _Found | None:
    """The figures of a mode with cycles, and the series of each group."""
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
    range_seconds = max(history_seconds // length, _FEWEST_CYCLES) * length
    window = _window(measured, range_seconds)
    clipped = [_changed(intervals).clipped(window) for intervals in measured]
    parts = [part for part in clipped if part.slots]
    if not any(part.judged.any() for part in parts):
        return None
    series = summed(parts)
    basis = unique_basis(link, (row for intervals in measured for row in intervals))
    figures = _of_cycles(link, mode, series, range_seconds)
    return replace(figures, basis="aligned" if basis == "unique" else basis), parts


def _of_cycles(link: Link, mode: Mode, series: Series, range_seconds: int) -> ModeFigures:
    reduction, payload = _capacity(link)
    most, length = BITS_PER_BYTE * int(series.bytes_by_slot.max()), series.slot_seconds
    # Every cycle is on time: it is shipped before the next one is captured, and within what the RPO leaves.
    seconds = min(Fraction(length), exact(link.rpo_seconds) - length - exact(link.apply_seconds))
    needs = {100: reduction.shipped(Fraction(most) / seconds)} if seconds > 0 else {}
    common = _common(link, mode, range_seconds, series.end_us, needs)
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


def _capacity(link: Link) -> tuple[Reduction, Fraction]:
    """What lowers the need, and the payload of all paths."""
    reduction = Reduction(link.compression_ratio, link.dedupe_ratio)
    return reduction, link.paths * usable_per_path(link.path()).bits_per_second


def _common(
    link: Link, mode: Mode, range_seconds: int, end_us: int, needs: Mapping[int, Fraction]
) -> ModeFigures:
    """What all modes have. Where no rate keeps the RPO there is no need, and nothing is left of the link."""
    need, per_path = needs.get(100), usable_per_path(link.path()).bits_per_second
    return ModeFigures(
        mode=mode,
        basis=BASIS_OF[mode],
        range_seconds=range_seconds,
        end_us=end_us,
        required_bytes_per_second={percent: float(rate / BITS_PER_BYTE) for percent, rate in needs.items()},
        headroom_ratio=-math.inf if need is None else headroom_ratio(need, link.paths, per_path),
        paths=None if need is None else paths_for(need, per_path),
    )
