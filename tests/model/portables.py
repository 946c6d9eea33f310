"""Portable bitmaps of every kind of container, sound ones and damaged ones."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.model.portableruns import Bitmaps

__all__ = ["damaged", "portable", "stored"]

_CHUNK = 1 << 16


@st.composite
def _containers(draw):
    """A few tracks, a run, several runs, a bitset or a mix, in one chunk."""
    count = draw(st.sampled_from([1, 2, 16, 60, 2_047, 4_096, 4_097, 9_000]))
    start = draw(st.sampled_from([0, 1, 63, 64, 30_000, _CHUNK - 1]))
    step = draw(st.sampled_from([1, 2, 7]))
    few = draw(st.sets(st.integers(0, _CHUNK - 1), max_size=20))
    return few | {track for track in range(start, start + step * count, step) if track < _CHUNK}


@st.composite
def portable(draw):
    """The bytes of a bitmap."""
    keys = draw(st.sets(st.sampled_from([0, 1, 2, 5, 63, 64, 700, _CHUNK - 1]), max_size=6))
    bits = BitMap([key * _CHUNK + track for key in sorted(keys) for track in draw(_containers())])
    if draw(st.booleans()):
        bits.run_optimize()
    return bits.serialize()


@st.composite
def damaged(draw):
    """The bytes of a bitmap with some changed, cut off or added."""
    data = bytearray(draw(portable()))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, min(len(data) - 1, 200)) | st.integers(0, len(data) - 1))
        data[place] = draw(st.sampled_from([0, 1, 0x3A, 0x3B, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    end = draw(st.sampled_from([len(data)] * 3 + [len(data) - 1]) | st.integers(0, len(data)))
    return bytes(data[:end]) + draw(st.sampled_from([b"", b"", b"", b"\0", b"\0" * 9]))


def stored(*parts):
    """`(first_track, bytes)` as they stand in a message, with other bytes around each."""
    begin, data = [], b"\xff"
    for _, part in parts:
        begin.append(len(data))
        data += part + b"\xff"
    first, size = [first for first, _ in parts], [len(part) for _, part in parts]
    return Bitmaps.at(data, np.array(first, np.uint64), np.array(begin, np.int64), np.array(size, np.int64))
