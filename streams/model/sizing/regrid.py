"""Histories of several groups on one grid: longer intervals, each the union of those in it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from streams.model.intervals import US
from streams.model.runs import merged_runs
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History

__all__ = ["on_grid"]


def on_grid(history: History, grid: Grid) -> History:
    """The history on a grid of longer intervals over the same time; tracks and runs stay what they are.

    Raises:
        ValueError: the grid's interval is no multiple of the history's, or their ranges differ.
    """
    own = history.grid
    factor, rest = divmod(grid.interval_seconds, own.interval_seconds)
    if rest or not factor or (own.start_us, own.seconds) != (grid.start_us, grid.seconds):
        raise ValueError(
            f"interval_seconds {grid.interval_seconds}: choose a multiple of {own.interval_seconds} that "
            f"divides the range of {own.seconds} s from {own.start_us // US} s on"
        )
    if factor == 1:
        return replace(history, grid=grid)
    interval = history.interval // factor
    if not len(interval):
        return replace(history, grid=grid)
    heads = np.flatnonzero(np.concatenate([[True], interval[1:] != interval[:-1]]))
    edges = pairwise([*heads.tolist(), len(interval)])
    runs = [merged_runs(history.first[low:high], history.last[low:high]) for low, high in edges]
    return replace(
        history,
        grid=grid,
        interval=np.repeat(interval[heads], [len(first) for first, _ in runs]),
        first=np.concatenate([first for first, _ in runs]),
        last=np.concatenate([last for _, last in runs]),
    )
