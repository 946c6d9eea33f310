"""Which mode of replication ships fewer bytes of a volume: every write, or each cycle's changed tracks.

Continuous replication ships what is written, without folding; cycles ship whole tracks, each once a cycle.
Rewriting speaks for cycles, small scattered writes on large tracks against them. What else decides (the RPO,
the cache, the journal) is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from streams.model.counts import add_known
from streams.model.entries import Interval
from streams.model.sizing.foldcurve import FoldCurve

__all__ = ["Advice", "Mode", "advise", "written_by_volume"]

Mode = Literal["continuous", "cycle", "either"]


@dataclass(frozen=True, slots=True)
class Advice:
    """What both modes ship of a volume on the average.

    `fold_factor` is continuous over cycle: above 1, cycles ship less. It and `mode` are None where the bytes
    written are unknown or no window is free of gaps.
    """

    volume: str
    cycle_seconds: int
    continuous_bytes_per_second: float | None
    cycle_bytes_per_second: float | None
    fold_factor: float | None
    mode: Mode | None


def advise(
    volume: str, curve: FoldCurve, written_bytes: int | None, cycle_intervals: int, least_gain: float = 1
) -> Advice:
    """Compares the modes for one volume.

    Args:
        volume: its name.
        curve: of this volume alone.
        written_bytes: in the intervals that were measured, None where it is unknown.
        cycle_intervals: base intervals in a cycle.
        least_gain: by which factor a mode must ship less to be named; else it is `either`.

    Raises:
        ValueError: the range holds no cycle, or the gain is less than 1.
    """
    if not 1 <= cycle_intervals <= len(curve.windows):
        raise ValueError(
            f"cycle_intervals {cycle_intervals}: the range has {len(curve.windows)} base intervals; "
            f"choose 1 to {len(curve.windows)}"
        )
    if least_gain < 1:
        raise ValueError(f"least_gain {least_gain}: choose 1 or more")
    seconds = cycle_intervals * curve.interval_seconds
    measured_seconds = int(curve.windows[0]) * curve.interval_seconds
    is_measured = bool(curve.windows[cycle_intervals - 1])
    cycle = float(curve.mean_bytes[cycle_intervals - 1]) / seconds if is_measured else None
    continuous = None if written_bytes is None or not measured_seconds else written_bytes / measured_seconds
    fold = continuous / cycle if continuous is not None and cycle else None
    return Advice(volume, seconds, continuous, cycle, fold, _mode(continuous, cycle, least_gain))


def written_by_volume(intervals: Iterable[Interval]) -> dict[str, int | None]:
    """The bytes written to each volume, None where a source could not count them."""
    written: dict[str, int | None] = {}
    for interval in intervals:
        for entry in interval.entries:
            written[entry.volume] = add_known(written.get(entry.volume, 0), entry.written_bytes)
    return written


def _mode(continuous: float | None, cycle: float | None, least_gain: float) -> Mode | None:
    if continuous is None or cycle is None:
        return None
    if continuous > cycle * least_gain:
        return "cycle"
    return "continuous" if cycle > continuous * least_gain else "either"
