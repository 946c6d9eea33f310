"""What closed intervals say, and what they must say, in one form."""

from __future__ import annotations

from collections.abc import Iterable

from bench.running import WrongAnswer
from streams.agents.brute import Row
from streams.model.entries import Interval

__all__ = ["Sums", "compare", "of_intervals", "of_rows"]

Sums = dict[tuple[int, str], tuple[int, int, int, int]]
"""By start and `array/volume`: tracks, their bytes, writes, written bytes; only where there was a write."""


def of_rows(rows: Iterable[Row]) -> Sums:
    """What the brute force found."""
    return {
        (row.start_us, row.volume): (row.changed_tracks, row.changed_bytes, row.writes, row.written_bytes)
        for row in rows
    }


def of_intervals(intervals: Iterable[Interval]) -> Sums:
    """What the product found in base intervals."""
    return {
        (interval.start_us, entry.volume): (
            entry.changed_tracks,
            entry.changed_bytes,
            entry.writes or 0,
            entry.written_bytes or 0,
        )
        for interval in intervals
        for entry in interval.entries
        if entry.writes != 0
    }


def compare(found: Sums, expected: Sums, what: str) -> None:
    """Raises where they differ.

    Raises:
        WrongAnswer: names the first place.
    """
    for start_us, volume in sorted(expected.keys() | found.keys()):
        right, given = expected.get((start_us, volume)), found.get((start_us, volume))
        if given != right:
            raise WrongAnswer(
                f"{what}, volume {volume}, interval from {start_us} us: (tracks, bytes, writes, written"
                f" bytes) are {given}, must be {right}"
            )
