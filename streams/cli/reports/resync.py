"""The resynchronisation after the worst outage, replayed while writing goes on, beside the usual figure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from streams.cli.reports.blockchanges import BlockChanges
from streams.cli.reports.document import Figure, Section, Unit, facts
from streams.cli.units import seconds_text
from streams.model.intervals import US
from streams.model.sizing.catchup import CatchUp, catch_up, initial_copy
from streams.model.sizing.claims import seconds_needed
from streams.model.sizing.exact import Number

__all__ = ["Resync", "resync_of", "resync_section"]


@dataclass(frozen=True, slots=True)
class Resync:
    """The worst outage of a length, where it began, and how the link caught up behind it."""

    start_us: int
    outage_seconds: int
    found: CatchUp
    still_seconds: Fraction


def resync_of(changes: BlockChanges, outage_seconds: Number, bits_per_second: Number) -> Resync | None:
    """The outage that leaves most to ship, of all that begin at a base interval and leave time behind them.

    The rate is that of written or changed bytes. The outage is rounded up to whole base intervals. None
    where the range is not longer than it.
    """
    grid = changes.grid
    length = max(-int(-float(outage_seconds) // grid.interval_seconds), 1)
    if length >= len(grid):
        return None
    windows = changes.unions([length]).changed_bytes[0]
    # The last one that fits ends with the range: nothing would be replayed behind it.
    start = int(np.argmax(windows[: len(grid) - length]))
    histories = changes.histories(start, changes.replay_end(start))
    found = catch_up(histories, (0, length), bits_per_second)
    still = seconds_needed(int(found.dirty_bytes[0]), 1, bits_per_second)
    return Resync(
        grid.start_us + start * grid.interval_seconds * US, length * grid.interval_seconds, found, still
    )


def initial_section(changes: BlockChanges, bits_per_second: Number) -> list[Section]:
    """The first copy of whole volumes while writing goes on; none where the size of one is unknown."""
    if not changes.sizes_known:
        return []
    found = initial_copy(changes.histories(0, changes.replay_end(0)), 0, bits_per_second)
    whole = int(found.dirty_bytes[0])
    figures: list[Figure] = [
        ("volume_bytes", "to be copied", Unit.BYTES, whole),
        ("caught_up_seconds", "in step after (replay)", Unit.SECONDS, found.caught_up_seconds),
        ("naive_seconds", "usual figure D / (B - r)", Unit.SECONDS, found.naive_seconds),
        ("at_rest_seconds", "size over rate", Unit.SECONDS, seconds_needed(whole, 1, bits_per_second)),
    ]
    notes = [] if found.caught_up_seconds is not None else ["It does not end within the range."]
    return [facts("initial_copy", "Initial copy, begun with the range", figures, notes)]


def resync_section(resync: Resync | None, outage_seconds: Number, bits_per_second: Number) -> Section:
    """The replay, the naive figure `D / (B - r)`, and `D / B` of a disk at rest."""
    title = f"Resynchronisation after an outage of {seconds_text(float(outage_seconds))}"
    if resync is None:
        note = "The range is not longer than the outage: choose a longer range or a shorter outage."
        return facts("resync", title, [], [note])
    found = resync.found
    notes = []
    if found.caught_up_seconds is None:
        notes.append("It does not end within the range: what stays dirty is the mean of its second half.")
    if found.gaps:
        notes.append(f"{found.gaps} of the intervals replayed were not measured: lower bounds.")
    return facts(
        "resync",
        title,
        [
            ("outage_start", "worst outage begins", Unit.TIME, resync.start_us),
            ("outage_seconds", "outage, in whole intervals", Unit.SECONDS, resync.outage_seconds),
            ("ship_bits_per_second", "shipping at", Unit.RATE, float(bits_per_second)),
            ("dirty_bytes", "to be sent when it ends", Unit.BYTES, int(found.dirty_bytes[0])),
            ("caught_up_seconds", "caught up after (replay)", Unit.SECONDS, found.caught_up_seconds),
            ("naive_seconds", "usual figure D / (B - r)", Unit.SECONDS, found.naive_seconds),
            ("at_rest_seconds", "if nothing were written, D / B", Unit.SECONDS, resync.still_seconds),
            ("exposure_seconds", "exposure by then", Unit.SECONDS, found.exposure_seconds),
            ("stays_dirty_bytes", "stays dirty", Unit.BYTES, found.stays_dirty_bytes),
        ],
        notes,
    )
