"""What the length of intervals does to a report: to its range, and to what it counts by interval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from streams.cli.reports.gathered import Gathered
from streams.cli.reports.grouprange import GroupRange
from streams.wire.times import format_time

__all__ = ["interval_remarks"]

_ONCE: Final = "fold curve, windows, blocks and advice count a track once in"
_APART: Final = "Report the ranges before and after the change apart to see shorter ones."


def interval_remarks(gathered: Gathered) -> Iterator[str]:
    """Sentences for those who read the report."""
    yield from _moved(gathered)
    for group in gathered.groups:
        yield from _lengths(gathered, group)


def _moved(gathered: Gathered) -> Iterator[str]:
    """The range, where intervals make it another one than was asked for."""
    asked, told = (gathered.choice.from_us, gathered.choice.to_us), gathered.window
    if all(wish in (None, found) for wish, found in zip(asked, told, strict=True)):
        return
    start, end = (found if wish is None else wish for wish, found in zip(asked, told, strict=True))
    seconds = math.lcm(*(group.time.slot_seconds for group in gathered.groups))
    yield (
        f"Asked for was {format_time(start)} to {format_time(end)}; told is {format_time(told[0])} to "
        f"{format_time(told[1])}: the intervals of {seconds} s that start in there, each as a whole."
    )


def _lengths(gathered: Gathered, group: GroupRange) -> Iterator[str]:
    """That intervals are longer than those captured, or of several lengths."""
    lengths, seconds = group.stored.lengths, group.time.slot_seconds
    captured = gathered.captured_seconds.get(group.name)
    apart = f" {_APART}" if len(lengths) > 1 else ""
    if captured and set(lengths) - set(captured):
        shorter = " or ".join(f"{each} s" for each in sorted(captured))
        cut = " So does SUM where only a part of a volume is asked for." if gathered.choice.extents else ""
        yield (
            f"Group {group.name}: old intervals of {shorter} have become ones of {max(lengths)} s. SUM is "
            f"that of the intervals as captured; {_ONCE} {seconds} s.{cut}{apart}"
        )
    elif len(lengths) > 1:
        told = ", then ".join(f"{each} s" for each in lengths)
        once = "SUM counts a track once in" if captured is None else _ONCE
        yield (
            f"Group {group.name} was measured in base intervals of {told}: it is told on intervals of "
            f"{seconds} s, and {once} each of these.{apart}"
        )
