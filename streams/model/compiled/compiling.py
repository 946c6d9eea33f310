"""How loops are compiled: for types that are given, so that nothing is compiled while writes wait."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit, types

__all__ = ["INT64S", "UINT8S", "UINT16S", "UINT32S", "UINT64S", "cache_folder", "column", "compiled"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

INT64S, UINT64S, UINT32S = types.int64[::1], types.uint64[::1], types.uint32[::1]
UINT16S, UINT8S = types.uint16[::1], types.uint8[::1]
"""Columns of our own, to be written to."""

_HERE = Path(__file__).parent
_SETTINGS: Any = config  # attributes that come and go with the environment


def column(item: types.Type) -> Any:
    """A column that came in a message: read only, wherever it lies in it."""
    return types.Array(item, 1, "C", readonly=True, aligned=False)


def cache_folder(sources: Iterable[Path], parent: Path) -> Path | None:
    """Where what is compiled of these sources is kept; None where it cannot be.

    numba asks for the age of the file that a function stands in, and not of those whose functions and figures
    are compiled into it. So there is a folder for each content of them all.
    """
    content = hashlib.sha256(b"".join(source.read_bytes() for source in sorted(sources)))
    folder = parent / f"numba-{content.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # as in a container that is read only
        return None
    return folder if os.access(folder, os.W_OK) else None


_FOLDER = cache_folder(_HERE.parent.rglob("*.py"), Path(_SETTINGS.CACHE_DIR or _HERE / "__pycache__"))


def compiled(*signatures: Any) -> Callable[[_Function], _Function]:
    """Compiles a function for these signatures, and keeps the result for later runs."""

    def compile_(function: _Function) -> _Function:
        with _kept_in(_FOLDER):
            made: Any = njit(list(signatures), nogil=True, cache=_FOLDER is not None)(function)
        return made  # type: ignore[no-any-return]  # it is called as the function was

    return compile_


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """Numba looks at its settings when it decorates; those of others who use it stay as they are."""
    before = _SETTINGS.CACHE_DIR
    _SETTINGS.CACHE_DIR = str(folder or "")
    try:
        yield
    finally:
        _SETTINGS.CACHE_DIR = before
