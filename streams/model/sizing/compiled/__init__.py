"""The loops of `streams.model.sizing.loops`, compiled by numba.

They are compiled, and read stored bitmaps, as those that mark do: `compiling`, `reading` and `bits` are in
`streams.model.compiled`.
"""

from __future__ import annotations

from streams.model.sizing.compiled.decoding import decode
from streams.model.sizing.compiled.pairing import pair, sum_windows, sum_zero_runs
from streams.model.sizing.loops import Loops

__all__ = ["LOOPS"]

LOOPS = Loops(decode, pair, sum_windows, sum_zero_runs)
