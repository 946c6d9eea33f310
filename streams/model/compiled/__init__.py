"""The loops of `streams.model.kernel`, compiled by numba.

Importing this compiles them, or loads what an earlier run compiled: half a second, and 115 MiB of memory.
They hold no lock of the interpreter.
"""

from __future__ import annotations

from streams.model.compiled.checking import highest
from streams.model.compiled.chunks import Chunks
from streams.model.compiled.passes import extremes, fits, scan
from streams.model.compiled.splitting import agrees, split
from streams.model.kernel import Kernel

__all__ = ["NUMBA"]

NUMBA = Kernel("numba", Chunks, extremes, fits, scan, highest, split if agrees() else None)
