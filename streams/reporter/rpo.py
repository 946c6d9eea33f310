"""What a link's replicator needs for its RPO, and what the installed paths keep, over the newest past.

The range ends where the group that is furthest behind has closed, so that the sum of the groups claims
nothing that one of them does not know. A group that nothing of the range is known of is missing, also one
that is behind by more than it: then there are only figures that hold however much it wrote, which are lower
bounds. Modes whose bytes were not captured are refused.
"""

from __future__ import annotations

from dataclasses import replace

from streams.model.sizing.arrivals import written_by_slot
from streams.model.sizing.attainment import achievable_rpo_seconds, attainment, rates_for_percents
from streams.model.sizing.backlog import backlog_bytes
from streams.model.sizing.basis import Mode
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.profiles import require_profile
from streams.model.sizing.series import Series
from streams.model.sizing.shared import summed
from streams.model.sizing.synchronous import peak_rate
from streams.reporter.cyclic import FEWEST_CYCLES, cycle_length, cyclic
from streams.reporter.figures import Found, ModeFigures, Rows, capacity, common_figures, window_of
from streams.reporter.links import known_headroom
from streams.settings import Link

__all__ = ["PERCENTS", "mode_figures", "mode_of", "widest_range"]

PERCENTS = (95, 99, 100)


def mode_of(link: Link, rows: Rows) -> Mode | None:
    """The link's mode beside resynchronisation: as set, of its profile, else continuous on written bytes."""
    mode = link.mode or (require_profile(link.profile).mode if link.profile else None)
    if mode is None and _has_written(rows):
        mode = "continuous"
    return None if mode == "bitmap_resync" else mode


def widest_range(link: Link, history_seconds: int) -> float:
    """The longest range that any mode of the link may look at."""
    return max(history_seconds, 4 * link.rpo_seconds, FEWEST_CYCLES * (cycle_length(link) or 0))


def mode_figures(link: Link, mode: Mode, rows: Rows, history_seconds: int) -> ModeFigures | None:
    """The figures of a mode; None while no group has a range.

    Groups that `rows` lacks are missing, and so are those that nobody vouches for.

    Raises:
        MissingData: what the mode ships was not captured, or nothing was measured.
    """
    if mode in ("cycle_single", "cycle_multi"):
        found = cyclic(link, mode, rows, history_seconds)
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


def _by_writes(link: Link, mode: Mode, rows: Rows, range_seconds: int) -> Found | None:
    """The figures of a mode that ships every write, and the series of each group."""
    base = [intervals[min(intervals)] for intervals in rows.values() if intervals]
    if not base:
        return None
    window = window_of(base, range_seconds)
    parts = [part for intervals in base if (part := written_by_slot(intervals, window)) is not None]
    series = summed(parts).clipped(window)
    if not series.slots:
        return None
    find = _synchronous if mode == "synchronous" else _continuous
    return find(link, series.require_judged(), range_seconds), parts


def _continuous(link: Link, series: Series, range_seconds: int) -> ModeFigures:
    reduction, payload = capacity(link)
    rates = rates_for_percents(series, link.rpo_seconds, PERCENTS)
    needs = {percent: reduction.shipped(rate) for percent, rate in zip(PERCENTS, rates, strict=True)}
    common = common_figures(link, "continuous", range_seconds, series.end_us, needs)
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
    reduction, payload = capacity(link)
    needs = {100: reduction.shipped(peak_rate(series).bits_per_second)}
    judged, most = series.judged, reduction.carried(payload) * series.slot_seconds / BITS_PER_BYTE
    fits = (series.bytes_by_slot <= float(most)) & judged
    common = common_figures(link, "synchronous", range_seconds, series.end_us, needs)
    return replace(common, attainment_ratio=float(fits.sum() / judged.sum()))
