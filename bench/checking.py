"""What a worker published against the brute force."""

from __future__ import annotations

from bench.data import Shape, answers
from bench.sums import compare, of_intervals, of_rows
from streams.store import Source, read_intervals

__all__ = ["check_worker"]


def check_worker(source: Source, shape: Shape) -> None:
    """Compares all base intervals of all groups.

    Raises:
        WrongAnswer: names the first place that differs.
    """
    for group, rows in answers(shape).items():
        compare(of_intervals(read_intervals(source, group)), of_rows(rows), f"group {group}")
