"""The resynchronisation after the worst outage: the rate for it, and its replay while writing goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.capacity import cost_section, need_columns, planning_section
from streams.cli.reports.demands import ModeDemands
from streams.cli.reports.document import Column, Figure, Section, Unit, facts, listing
from streams.cli.units import seconds_text
from streams.model.intervals import US
from streams.model.sizing.catchup import CatchUp, catch_up, initial_copy
from streams.model.sizing.claims import required_bits_per_second, seconds_needed
from streams.model.sizing.cost import Ask as CostAsk
from streams.model.sizing.exact import Number, exact
from streams.model.sizing.outagesets import WorstOutage, outage_intervals, outage_is_cut, worst_outage

__all__ = ["Resync", "initial_section", "resync_of", "resync_section", "worst_outage_sections"]

_TIME_FACTORS = (4, 2, 1, Fraction(1, 2), Fraction(1, 4))


@dataclass(frozen=True, slots=True)
class Resync:
    """The worst outage of a length, and how the link caught up behind it.

    `exposure_seconds` of the replays count the base intervals that the outage may touch: one more than it
    fills.
    """

    outage: WorstOutage
    start_us: int
    found: CatchUp
    still_seconds: Fraction


def resync_of(
    changes: BlockChanges,
    outage_seconds: Number,
    bits_per_second: Number,
    track_writes: Sequence[int] | None = None,
) -> Resync | None:
    """The outage that leaves most to ship, of all that leave time behind them.

    The rate is that of written or changed bytes. None where the range has no time behind an outage.
    """
    grid = changes.grid
    length = outage_intervals(grid, outage_seconds)
    # The last one that fits ends with the range: nothing would be replayed behind it.
    worst = worst_outage(changes.unions([length]), length, (0, len(grid) - 1))
    if worst is None:
        return None
    begin, end = worst.start, changes.replay_end(worst.start)
    writes = None if track_writes is None else track_writes[begin:end]
    found = catch_up(changes.histories(begin, end), (0, length), bits_per_second, writes)
    still = seconds_needed(found.dirty_bytes, 1, bits_per_second)
    return Resync(worst, grid.start_us + worst.start * grid.interval_seconds * US, found, still)


def initial_section(
    changes: BlockChanges, bits_per_second: Number, track_writes: Sequence[int] | None = None
) -> list[Section]:
    """The first copy of whole volumes while writing goes on; none where the size of one is unknown."""
    if not changes.sizes_known:
        return []
    end = changes.replay_end(0)
    writes = None if track_writes is None else track_writes[:end]
    found = initial_copy(changes.histories(0, end), 0, bits_per_second, writes)
    whole = found.dirty_bytes
    figures: list[Figure] = [
        ("volume_bytes", "to be copied", Unit.BYTES, whole),
        *_ends(found, "in step"),
        ("naive_seconds", "usual figure D / (B - r)", Unit.SECONDS, found.naive_seconds),
        ("at_rest_seconds", "size over rate", Unit.SECONDS, seconds_needed(whole, 1, bits_per_second)),
    ]
    return [facts("initial_copy", "Initial copy, begun with the range", figures, list(_notes(found)))]


def resync_section(resync: Resync | None, outage_seconds: Number, bits_per_second: Number) -> Section:
    """The replays, the naive figure `D / (B - r)`, and `D / B` of a disk at rest."""
    title = f"Resynchronisation after an outage of {seconds_text(float(outage_seconds))}"
    if resync is None:
        note = "The range leaves no time behind the outage: choose a longer range or a shorter outage."
        return facts("resync", title, [], [note])
    found, outage = resync.found, resync.outage
    notes = list(_notes(found))
    if outage.touches_gap:
        notes.append("The outage touches a gap: what is to be sent is what was seen, a lower bound.")
    return facts(
        "resync",
        title,
        [
            ("outage_start", "worst outage begins within the interval from", Unit.TIME, resync.start_us),
            ("outage_intervals", "base intervals that it touches", Unit.COUNT, outage.end - outage.start),
            ("ship_bits_per_second", "shipping at", Unit.RATE, float(bits_per_second)),
            ("dirty_bytes", "to be sent when it ends, at most", Unit.BYTES, found.dirty_bytes),
            *_ends(found, "caught up"),
            ("naive_seconds", "usual figure D / (B - r)", Unit.SECONDS, found.naive_seconds),
            ("at_rest_seconds", "if nothing were written, D / B", Unit.SECONDS, resync.still_seconds),
            ("exposure_seconds", "exposure by then, at most", Unit.SECONDS, found.latest.exposure_seconds),
            (
                "stays_dirty_bytes",
                "stays dirty, at most",
                Unit.BYTES,
                found.latest.stays_dirty_bytes,
            ),
            ("settles_at_bytes", "stays dirty, even writing (estimate)", Unit.BYTES, found.settles_at_bytes),
        ],
        notes,
    )


def worst_outage_sections(demands: ModeDemands) -> Iterator[Section]:
    """What resynchronises the worst outage in the link's time, and what longer and shorter times cost."""
    capacity, worst = demands.capacity, demands.outage
    rate = demands.demand("bitmap_resync").bits_per_second or Fraction(0)
    start_us = demands.grid.start_us + worst.start * demands.grid.interval_seconds * US
    about = (
        f"An outage of {seconds_text(demands.outage_seconds)} touches up to {worst.end - worst.start} base "
        "intervals; the largest union of so many is to be shipped in the time, while nothing is written."
    )
    notes = [about]
    if outage_is_cut(demands.grid, demands.outage_seconds):
        notes.append("The range is shorter than the outage: a lower bound, with all that changed in it.")
    elif worst.touches_gap:
        notes.append("It touches a gap: a lower bound.")
    columns = [
        Column("start", "worst outage from", Unit.TIME),
        Column("changed_bytes", "changed", Unit.BYTES),
        *need_columns(),
    ]
    title = f"Resynchronised in {seconds_text(capacity.link.resync_seconds)}"
    yield listing("needs", title, columns, [(start_us, worst.changed_bytes, *capacity.row(rate))], notes)
    yield planning_section(capacity, "the worst outage, resynchronised in time", rate)
    times = [factor * exact(capacity.link.resync_seconds) for factor in _TIME_FACTORS]
    asks = [
        CostAsk(
            f"within {seconds_text(float(each))}", required_bits_per_second(worst.changed_bytes, each), 0, 0
        )
        for each in times
    ]
    if (cost := cost_section(capacity, "times to resynchronise in", asks)) is not None:
        yield cost


def _ends(found: CatchUp, what: str) -> list[Figure]:
    """When nothing waits any more, at the earliest and at the latest."""
    earliest, latest = found.earliest.caught_up_seconds, found.latest.caught_up_seconds
    return [
        ("earliest_seconds", f"{what} after, at the earliest (replay)", Unit.SECONDS, earliest),
        ("caught_up_seconds", f"{what} after, at the latest (replay)", Unit.SECONDS, latest),
    ]


def _notes(found: CatchUp) -> Iterator[str]:
    yield (
        "Earliest: the writes of a base interval come before what is sent in it; latest: behind it, so that "
        + (
            "every write costs the link one track again, and as many more as its bytes fill."
            if found.counts_writes
            else "every changed track costs it again; how often it was written is not known."
        )
    )
    if found.latest.caught_up_seconds is None:
        ends = "It does not end" if found.earliest.caught_up_seconds is None else "It may not end"
        yield f"{ends} within the range: what stays dirty is the mean of the second half of the replay."
    if found.gaps:
        yield f"{found.gaps} of the intervals replayed were not measured: lower bounds."
