"""Laws of growth, fitted to what was measured.

A law is a sum of terms with factors of at least 0, fitted so that the relative errors are smallest: a point a
thousand times as costly as another weighs no more than it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CONSTANT", "LINEAR", "SHARED", "Law"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """What grows how. `text` is the formula for people, with x for what is varied."""

    text: str
    terms: tuple[Callable[[Numbers], Numbers], ...]

    def fitted(self, x: Sequence[float], y: Sequence[float]) -> list[float]:
        """What the law says at each x, fitted to the values y, which must be above 0."""
        at, measured = np.array(x, float), np.array(y, float)
        columns = [term(at) / measured for term in self.terms]
        factors = _factors(columns)
        return [
            float(value)
            for value in sum(
                (factor * term(at) for factor, term in zip(factors, self.terms, strict=True)),
                np.zeros_like(at),
            )
        ]


def _factors(columns: list[Numbers]) -> list[float]:
    """Least squares to 1; a term that would have to be below 0 is left out."""
    used = list(range(len(columns)))
    while True:
        found = np.linalg.lstsq(
            np.stack([columns[term] for term in used], axis=1), np.ones(len(columns[0])), rcond=None
        )[0]
        if len(used) == 1 or found.min() >= 0:
            break
        del used[int(found.argmin())]
    factors = [0.0] * len(columns)
    for term, factor in zip(used, found.tolist(), strict=True):
        factors[term] = factor
    return factors


CONSTANT = Law("a", (np.ones_like,))
SHARED = Law("a + b / x", (np.ones_like, lambda x: 1 / x))
LINEAR = Law("a + b x", (np.ones_like, lambda x: x))
