"""From a chunk to its bucket or its page.

Where a chunk is looked for depends on a number that is drawn for each process: nobody can choose tracks that
are all looked for at one place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

from streams.model.compiled.compiling import compiled
from streams.model.compiled.layout import DENSE, Buckets, Directory, Hot

__all__ = ["enter", "enter_hot", "find", "place_of"]

_ONE = np.uint64(1)


@compiled(types.uint64(types.uint64, types.uint64, types.uint64))
def place_of(chunk: Any, places: Any, scramble: Any) -> Any:
    """The place, of as many as a power of two, where a chunk is looked for first."""
    return (chunk * scramble) >> np.uint64(32) & (places - _ONE)


@compiled(types.uint64(Directory, Buckets, types.uint64, types.uint64))
def find(directory: Any, buckets: Any, chunk: Any, scramble: Any) -> Any:
    """The place in the directory that has the chunk's bucket, or that is empty and would have it."""
    places = np.uint64(len(directory))
    place = place_of(chunk, places, scramble)
    while directory[place] != 0 and buckets[directory[place]].chunk != chunk:
        place = (place + _ONE) & (places - _ONE)
    return place


@compiled(types.void(Directory, Buckets, types.uint64, types.uint64))
def enter(directory: Any, buckets: Any, count: Any, scramble: Any) -> None:
    """Puts so many buckets into an empty directory."""
    for bucket in range(_ONE, count):
        directory[find(directory, buckets, buckets[bucket].chunk, scramble)] = bucket


@compiled(types.void(Hot, Buckets, types.uint64, types.uint64))
def enter_hot(hot: Any, buckets: Any, count: Any, scramble: Any) -> None:
    """Of so many buckets, gives those that are pages their places among the hot."""
    for bucket in buckets[:count]:
        if bucket.count == DENSE:
            entry = hot[place_of(bucket.chunk, np.uint64(len(hot)), scramble)]
            entry.chunk, entry.page = bucket.chunk, bucket.place
