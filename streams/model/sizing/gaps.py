"""Where a range was not measured, or not wholly: by slot, so that the edges of what was measured show too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import Span

__all__ = ["Gap", "Measured", "gaps_within"]

_WHOLE = 1 - 1e-9


class Measured(NamedTuple):
    """A base interval: the share of each of its slots' volume-seconds that agents vouch for."""

    start_us: int
    end_us: int
    covered_by_slot: NDArray[np.float64]


class Gap(NamedTuple):
    """A span of which only the share `coverage` was measured; 0: nothing of it."""

    start_us: int
    end_us: int
    coverage: float

    @property
    def missing_us(self) -> float:
        """How much of it was not measured."""
        return (self.end_us - self.start_us) * (1 - self.coverage)


def gaps_within(measured: Sequence[Measured], spans: Iterable[Span]) -> list[Gap]:
    """The gaps inside the spans, in order. What nobody saw and what was seen in part are told apart.

    Args:
        measured: base intervals, ascending, without overlap.
        spans: what is asked for, ascending, without overlap, of whole base intervals.
    """
    found: list[Gap] = []
    pieces = list(_defects(measured))
    for start_us, end_us in spans:
        inside = (
            Gap(max(gap.start_us, start_us), min(gap.end_us, end_us), gap.coverage)
            for gap in pieces
            if gap.start_us < end_us and start_us < gap.end_us
        )
        for gap in inside:
            if found and found[-1].end_us == gap.start_us and (found[-1].coverage > 0) == (gap.coverage > 0):
                gap = _joined(found.pop(), gap)  # noqa: PLW2901  # the last of them grows
            found.append(gap)
    return found


def _joined(first: Gap, second: Gap) -> Gap:
    missing = first.missing_us + second.missing_us
    length = second.end_us - first.start_us
    coverage = 0.0 if not first.coverage else 1 - missing / length
    return Gap(first.start_us, second.end_us, coverage)


def _defects(measured: Sequence[Measured]) -> Iterator[Gap]:
    """What lies before, between and behind the intervals, and those of their slots that lack something."""
    before_us = -(1 << 62)
    for start_us, end_us, covered in measured:
        if before_us < start_us:
            yield Gap(before_us, start_us, 0.0)
        before_us = end_us
        slot_us = (end_us - start_us) // len(covered)
        kind = np.where(covered <= 0, 0, np.where(covered < _WHOLE, 1, 2))
        edges = np.flatnonzero(np.concatenate([[True], kind[1:] != kind[:-1], [True]])).tolist()
        for low, high in pairwise(edges):
            if kind[low] < 2:
                share = float(covered[low:high].mean())
                yield Gap(start_us + low * slot_us, start_us + high * slot_us, share)
    yield Gap(before_us, 1 << 62, 0.0)
