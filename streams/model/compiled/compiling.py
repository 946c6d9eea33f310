"""How loops are compiled: for types that are given, so that nothing is compiled while writes wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit, types

__all__ = ["INT64S", "UINT16S", "UINT32S", "UINT64S", "column", "compiled"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

INT64S, UINT64S, UINT32S, UINT16S = types.int64[::1], types.uint64[::1], types.uint32[::1], types.uint16[::1]
"""Columns of our own, to be written to."""


def column(item: types.Type) -> Any:
    """A column that came in a message: read only, wherever it lies in it."""
    return types.Array(item, 1, "C", readonly=True, aligned=False)


def compiled(*signatures: Any) -> Callable[[_Function], _Function]:
    """Compiles a function for these signatures, and keeps the result beside the source for later runs."""

    def compile_(function: _Function) -> _Function:
        kept: Any
        try:
            kept = njit(list(signatures), nogil=True, cache=True)(function)
        except RuntimeError:  # no folder takes it, as in a container that is read only
            kept = njit(list(signatures), nogil=True)(function)
        return kept  # type: ignore[no-any-return]  # it is called as the function was

    return compile_
