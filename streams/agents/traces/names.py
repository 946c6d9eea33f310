"""Fields as codes into a short list of names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pyarrow.lib import FixedSizeBinaryArray, binary, py_buffer

from streams.agents.traces.fields import Fields
from streams.agents.traces.files import PAD_BYTES
from streams.model.writes import volume_id

__all__ = ["LONGEST_NAME_BYTES", "Codes", "joined", "names"]

LONGEST_NAME_BYTES = PAD_BYTES - 1

Codes = NDArray[np.int32]


def names(fields: Fields, allowed: Callable[[str], bool] = bool) -> tuple[Codes, tuple[str, ...]]:
    """The distinct texts of the fields, and each field's index among them.

    The index is -1 where the text is empty, longer than `LONGEST_NAME_BYTES`, no UTF-8, holds a NUL, or is
    not `allowed`.
    """
    length = fields.stop - fields.start
    usable = (length > 0) & (length <= LONGEST_NAME_BYTES)
    length = np.where(usable, length, 0)
    width = max(1, int(length.max(initial=0)))
    cells = np.lib.stride_tricks.sliding_window_view(fields.text, width)[fields.start]
    cells[np.arange(width) >= length[:, None]] = 0
    usable &= np.count_nonzero(cells, axis=1) == length
    packed = FixedSizeBinaryArray.from_buffers(binary(width), len(cells), [None, py_buffer(cells)])
    encoded = packed.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    texts = [_decoded(cell.rstrip(b"\0")) for cell in encoded.dictionary.to_pylist()]
    good = np.array([text is not None and allowed(text) for text in texts], np.bool_)
    usable &= good[codes] if len(codes) else usable
    return np.where(usable, codes, -1).astype(np.int32), tuple(text or "" for text in texts)


def joined(
    arrays: tuple[Codes, tuple[str, ...]], volumes: tuple[Codes, tuple[str, ...]]
) -> tuple[Codes, tuple[str, ...]]:
    """Codes of `array/volume` from the codes of both; -1 where one of them is -1."""
    bad = (arrays[0] < 0) | (volumes[0] < 0)
    pairs = np.where(bad, -1, arrays[0].astype(np.int64) * len(volumes[1]) + volumes[0])
    distinct, codes = np.unique(pairs, return_inverse=True)
    none = int(len(distinct) > 0 and distinct[0] < 0)
    halves = (divmod(int(pair), len(volumes[1])) for pair in distinct[none:])
    return (codes - none).astype(np.int32), tuple(
        volume_id(arrays[1][array], volumes[1][volume]) for array, volume in halves
    )


def _decoded(text: bytes) -> str | None:
    try:
        return text.decode().replace('""', '"')
    except UnicodeDecodeError:
        return None
