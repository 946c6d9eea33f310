"""What a longer cycle saves and what it costs, row by row: fold factor, bandwidth and cache.

The bandwidth of a row ships its largest window within a window's time, `8 U_max(w) / w`; the cache holds the
cycle that is captured and the one in transfer, `2 U_max(w)` (requirements, 5.7 and 5.9). Both take every
cycle to be on time: the replay of a cycle tells what happens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number
from streams.model.sizing.foldcurve import FoldCurve
from streams.model.sizing.windows import Unions

__all__ = ["FoldRow", "fold_table"]


@dataclass(frozen=True, slots=True)
class FoldRow:
    """Windows of one length that touch no gap. None where there is no such window, or nothing changed.

    `percentile_bytes` is by percentage. `fold_factor` is how many times less cycles of this length ship than
    cycles of one base interval, on the average.
    """

    intervals: int
    cycle_seconds: int
    windows: int
    left_out: int
    mean_tracks: float | None
    mean_bytes: float | None
    percentile_bytes: dict[Number, int | None]
    most_bytes: int | None
    fold_factor: float | None
    bits_per_second: float | None
    cache_bytes: int | None


def fold_table(
    curve: FoldCurve, unions: Unions, percents: Iterable[Number] = (50, 90, 95, 99)
) -> list[FoldRow]:
    """A row for each length of the unions.

    Args:
        curve: of the same volumes as the unions.
        unions: windows of the lengths that are asked for.
        percents: which percentiles of the windows.

    Raises:
        ValueError: a percentage is not above 0 and up to 100.
    """
    folds, chosen = curve.fold_factor(), tuple(percents)
    rows = []
    for length in unions.lengths:
        most, seconds = unions.most(length), length * curve.interval_seconds
        row = FoldRow(
            intervals=length,
            cycle_seconds=seconds,
            windows=int(curve.windows[length - 1]),
            left_out=int(curve.left_out[length - 1]),
            mean_tracks=_known(curve.mean_tracks[length - 1]),
            mean_bytes=_known(curve.mean_bytes[length - 1]),
            percentile_bytes={percent: unions.percentile(length, percent) for percent in chosen},
            most_bytes=most,
            fold_factor=_known(folds[length - 1]),
            bits_per_second=None if most is None else BITS_PER_BYTE * most / seconds,
            cache_bytes=None if most is None else 2 * most,
        )
        rows.append(row)
    return rows


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
