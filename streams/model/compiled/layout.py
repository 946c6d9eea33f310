"""What marking keeps, and how it lies in memory.

A chunk is 2^16 tracks. A key is the number of a volume and a track (`streams.model.pending`); what is above
its lowest 16 bits is the number of its chunk.

- A bucket is what a chunk has: a list of its tracks, as they came, or a page, where a track is a bit.
- Lists stand in blocks of a cache line, which are linked. All blocks are one column of 16-bit numbers.
- The directory says which bucket a chunk has. It has a power of two of places; where one is taken by another
  chunk, the next is looked at.
- The hot are the chunks with pages, each at one place, until another takes it.
"""

from __future__ import annotations

import numpy as np
from numba import from_dtype, types

__all__ = [
    "BLOCK",
    "BUCKET",
    "DENSE",
    "ENTRIES",
    "HOT",
    "IN_BLOCK",
    "PAGE_WORDS",
    "STATE",
    "WORD",
    "WORD_BITS",
    "Buckets",
    "Directory",
    "Hot",
    "Lists",
    "Missing",
    "Pages",
    "State",
]

BLOCK = np.uint64(32)
"""16-bit numbers of a block: its entries, and behind them the number of the next block in two halves."""

ENTRIES = np.uint64(30)

IN_BLOCK = BLOCK - np.uint64(1)
"""Bits of a place that say where in its block it is."""

PAGE_WORDS = np.uint64(1_024)

WORD_BITS = np.uint64(6)
"""The number of a track's word in its page is above these bits."""

WORD = np.uint64(63)
"""Bits of a track that say where in its word it is."""

DENSE = np.uint32((1 << 32) - 1)
"""The count of a bucket that is a page; lists are shorter."""

BUCKET = np.dtype([("chunk", "u8"), ("place", "u4"), ("count", "u4"), ("limit", "u4"), ("first", "u4")])
"""`place`: of the next entry, in the column of all blocks, or the page. `count` of entries, doubles too, and
the `limit` at which doubles are taken out. `first`: where the first block begins."""

HOT = np.dtype([("chunk", "u8"), ("page", "u8")])
"""Page 0 is none."""

STATE = np.dtype(
    [
        ("blocks", "u8"),
        ("free", "u8"),
        ("buckets", "u8"),
        ("pages", "u8"),
        ("missing", "u8"),
        ("scramble", "u8"),
    ]
)
"""How many blocks, buckets and pages are in use, the first block of those given back (0: none), and which of
the three is missing where marking has stopped. Block, bucket and page 0 are nobody's. `scramble` decides
where chunks are looked for."""


class Missing:
    """What room is missing for."""

    NOTHING, BUCKETS, BLOCKS, PAGES = range(4)


Directory, Lists, Pages = types.uint32[::1], types.uint16[::1], types.uint64[:, ::1]
Buckets, Hot, State = (from_dtype(record)[::1] for record in (BUCKET, HOT, STATE))
