"""What the figures of every mode have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.model.entries import Summary
from streams.model.intervals import US, Span
from streams.model.sizing.basis import BASIS_OF, Mode
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.link import headroom_ratio, paths_for, usable_per_path
from streams.model.sizing.reduction import Reduction
from streams.model.sizing.series import Series
from streams.settings import Link

__all__ = ["Found", "ModeFigures", "Rows", "capacity", "common_figures", "window_of"]

Rows = Mapping[str, Mapping[int, Sequence[Summary]]]
"""The newest intervals of each group of a link by length, ordered by start."""


@dataclass(frozen=True, slots=True)
class ModeFigures:
    """Figures of a mode over `range_seconds` up to `end_us`; None is what is not known, or the mode lacks.

    `required_bytes_per_second`: payload by percentage of the time in which the RPO shall be met.
    `headroom_ratio` and `paths` are those of all of the time; `paths` is None where none are enough.
    """

    mode: Mode
    basis: str
    range_seconds: int
    end_us: int
    required_bytes_per_second: Mapping[int, float]
    headroom_ratio: float | None
    paths: int | None
    backlog_bytes: float | None = None
    exposure_seconds: float | None = None
    attainment_ratio: float | None = None


Found = tuple[ModeFigures, Sequence[Series]]
"""Figures, and the series of each group that they are of."""


def window_of(rows: Sequence[Sequence[Summary]], range_seconds: int) -> Span:
    """The range, up to where the group that is furthest behind has closed."""
    end_us = min(intervals[-1].end_us for intervals in rows)
    return end_us - range_seconds * US, end_us


def capacity(link: Link) -> tuple[Reduction, Fraction]:
    """What lowers the need, and the payload of all paths."""
    reduction = Reduction(link.compression_ratio, link.dedupe_ratio)
    return reduction, link.paths * usable_per_path(link.path()).bits_per_second


def common_figures(
    link: Link, mode: Mode, range_seconds: int, end_us: int, needs: Mapping[int, Fraction]
) -> ModeFigures:
    """What all modes have. Where no rate keeps the RPO there is no need, and nothing is left of the link."""
    need, per_path = needs.get(100), usable_per_path(link.path()).bits_per_second
    return ModeFigures(
        mode=mode,
        basis=BASIS_OF[mode],
        range_seconds=range_seconds,
        end_us=end_us,
        required_bytes_per_second={percent: float(rate / BITS_PER_BYTE) for percent, rate in needs.items()},
        headroom_ratio=-math.inf if need is None else headroom_ratio(need, link.paths, per_path),
        paths=None if need is None else paths_for(need, per_path),
    )
