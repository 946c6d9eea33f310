"""What a worker published against the brute force."""

from __future__ import annotations

from bench.data import Shape, answers
from bench.running import WrongAnswer
from streams.store import Source, read_intervals

__all__ = ["check_worker"]

_Row = tuple[int, int, int, int]


def check_worker(source: Source, shape: Shape) -> None:
    """Compares all base intervals of all groups: tracks, their bytes, writes and written bytes.

    Raises:
        WrongAnswer: names the first place that differs.
    """
    for group, rows in answers(shape).items():
        expected: dict[tuple[int, str], _Row] = {
            (row.start_us, row.volume): (row.changed_tracks, row.changed_bytes, row.writes, row.written_bytes)
            for row in rows
        }
        found: dict[tuple[int, str], _Row] = {
            (interval.start_us, entry.volume): (
                entry.changed_tracks,
                entry.changed_bytes,
                entry.writes or 0,
                entry.written_bytes or 0,
            )
            for interval in read_intervals(source, group)
            for entry in interval.entries
            if entry.writes != 0
        }
        for place in sorted(expected.keys() | found.keys()):
            if expected.get(place) != found.get(place):
                raise WrongAnswer(
                    f"group {group}, volume {place[1]}, interval from {place[0]} us: (tracks, bytes, writes,"
                    f" written bytes) are {found.get(place)}, must be {expected.get(place)}"
                )
