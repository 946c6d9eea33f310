"""The loops of `streams.model.sizing.loops`, compiled by numba."""

from __future__ import annotations

from streams.model.compiled.decoding import decode
from streams.model.compiled.pairing import pair, sum_windows, sum_zero_runs
from streams.model.sizing.loops import Loops

__all__ = ["LOOPS"]

LOOPS = Loops(decode, pair, sum_windows, sum_zero_runs)
