"""Bitmaps of 2^32 tracks cut into the parts that are stored, byte for byte as Roaring writes them.

Each container takes the form with the fewest bytes; where runs take as many as another form, the other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numba import from_dtype, types
from numpy.typing import NDArray

from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.compiled.bits import ones
from streams.model.compiled.compiling import UINT8S, UINT16S, compiled
from streams.model.compiled.containers import or_into, size_of, write_out
from streams.model.compiled.layout import PAGE_WORDS, WORD, WORD_BITS, Pages
from streams.model.compiled.reading import BITSET_BYTES, BYTES, PLACES, heading, short
from streams.model.portable import FEWEST_WITH_OFFSETS, LARGEST_ARRAY, WITH_RUNS, WITHOUT_RUNS

__all__ = ["agrees", "split"]

_PER_PART = PART_TRACKS >> 16
_HEAD_BYTES, _PER_CONTAINER_BYTES = 16, 8  # at most: flags of runs take up to 8 bytes
_FULL_HEAD_BYTES = _HEAD_BYTES + _PER_CONTAINER_BYTES * _PER_PART
_ONE, _BYTE = np.uint64(1), np.uint64(0xFF)

_PART = np.dtype([("bitmap", "i8"), ("first_track", "i8"), ("tracks", "i8"), ("end", "i8")])
_Parts = from_dtype(_PART)[::1]


@compiled(types.void(UINT8S, types.int64, types.int64))
def _put(out: Any, at: Any, number: Any) -> None:
    """Writes a 16-bit number."""
    place = np.uint64(at)  # a number that could be negative would be looked at for that
    out[place], out[place + _ONE] = number & 0xFF, number >> 8 & 0xFF


@compiled(types.int64(UINT16S, types.int64))
def _runs_of_values(values: Any, tracks: Any) -> Any:
    """How many runs so many ascending values make."""
    runs = types.int64(1)
    for number in range(1, tracks):
        runs += types.int64(values[number]) != types.int64(values[number - 1]) + 1
    return runs


@compiled(types.int64(Pages))
def _runs_of_page(page: Any) -> Any:
    """How many runs the bits of a page make."""
    runs, before = np.uint64(0), np.uint64(0)
    for number in range(PAGE_WORDS):
        word = page[0, number]
        runs += ones(word & ~(word << _ONE | before))
        before = word >> WORD
    return types.int64(runs)


@compiled(types.int64(UINT16S, types.int64, UINT8S, types.int64))
def _write_runs_of_values(values: Any, tracks: Any, out: Any, at: Any) -> Any:
    """Writes the runs of so many ascending values; where they end."""
    first = types.int64(values[0])
    for number in range(1, tracks + 1):
        last = types.int64(values[number - 1])
        if number < tracks and types.int64(values[number]) == last + 1:
            continue
        _put(out, at, first)
        _put(out, at + 2, last - first)
        at += 4
        if number < tracks:
            first = types.int64(values[number])
    return at


@compiled(types.int64(Pages, UINT8S, types.int64))
def _write_runs_of_page(page: Any, out: Any, at: Any) -> Any:
    """Writes where runs begin, and behind each how many tracks follow: both are met in one order. The end."""
    end, before = at, np.uint64(0)
    for number in range(PAGE_WORDS):
        word, following = page[0, number], np.uint64(0)
        if number + 1 < PAGE_WORDS:
            following = page[0, number + 1] << WORD
        starts, lasts = word & ~(word << _ONE | before), word & ~(word >> _ONE | following)
        before = word >> WORD
        while starts != 0:
            lowest = starts & (~starts + _ONE)
            _put(out, at, types.int64(number << WORD_BITS | ones(lowest - _ONE)))
            at, starts = at + 4, starts ^ lowest
        while lasts != 0:
            lowest = lasts & (~lasts + _ONE)
            last = types.int64(number << WORD_BITS | ones(lowest - _ONE))
            _put(out, end + 2, last - short(out, end))
            end, lasts = end + 4, lasts ^ lowest
    return at


@compiled(types.int64(Pages, UINT8S, types.int64))
def _write_bitset(page: Any, out: Any, at: Any) -> Any:
    """Writes the bits of a page; where they end."""
    for number in range(PAGE_WORDS):
        for byte in range(8):
            out[at + byte] = page[0, number] >> np.uint64(8 * byte) & _BYTE
        at += 8
    return at


_TWO = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]  # numba has few types
_SCRATCH = types.Tuple((UINT16S, Pages))  # type: ignore[no-untyped-call]  # as above
_Found = types.int64[:, ::1]


@compiled(_TWO(BYTES, types.int64, _TWO, _SCRATCH, UINT8S, types.int64))
def _write(data: Any, start: Any, container: Any, scratch: Any, out: Any, at: Any) -> Any:
    """Writes a container of so many runs (0: it has none) and tracks in its form with the fewest bytes.

    Returns where it ends, and whether (1) it has runs.
    """
    runs, tracks = container
    values, page = scratch
    if tracks <= LARGEST_ARRAY:
        write_out(data, start, runs, tracks, values)
        fewest = _runs_of_values(values, tracks)
        if 2 + 4 * fewest < 2 * tracks:
            _put(out, at, fewest)
            return _write_runs_of_values(values, tracks, out, at + 2), 1
        for number in range(tracks):
            _put(out, at + 2 * number, types.int64(values[number]))
        return at + 2 * tracks, 0
    page[0, :] = 0
    or_into(data, start, runs, page, np.uint64(0))
    fewest = _runs_of_page(page)
    if 2 + 4 * fewest < BITSET_BYTES:
        _put(out, at, fewest)
        return _write_runs_of_page(page, out, at + 2), 1
    return _write_bitset(page, out, at), 0


@compiled(types.int64(BYTES, types.int64, types.int64, _Found, UINT8S, types.int64))
def _write_head(data: Any, describe: Any, containers: Any, found: Any, out: Any, at: Any) -> Any:
    """Writes what stands before the containers of a part, whose descriptions begin there; where it ends.

    Of each container, `found` says where it begins behind the head, and whether it has runs.
    """
    begin, any_runs = at, types.int64(0)
    for number in range(containers):
        any_runs |= found[number, 1]
    if any_runs:
        _put(out, at, WITH_RUNS)
        _put(out, at + 2, containers - 1)
        at += 4
        for first in range(0, containers, 8):
            flags = types.int64(0)
            for number in range(first, min(first + 8, containers)):
                flags |= found[number, 1] << (number - first)
            out[at] = flags
            at += 1
    else:
        _put(out, at, WITHOUT_RUNS)
        _put(out, at + 2, 0)
        _put(out, at + 4, containers)
        _put(out, at + 6, 0)
        at += 8
    for place in range(describe, describe + 4 * containers, 4):
        _put(out, at, short(data, place) % _PER_PART)
        _put(out, at + 2, short(data, place + 2))
        at += 4
    if any_runs and containers < FEWEST_WITH_OFFSETS:
        return at
    size = at - begin + 4 * containers
    for number in range(containers):
        offset = size + found[number, 0]
        _put(out, at, offset & 0xFFFF)
        _put(out, at + 2, offset >> 16)
        at += 4
    return at


@compiled(_TWO(BYTES, PLACES))
def _count(data: Any, begin: Any) -> Any:
    """How many parts the bitmaps will have, and how many containers."""
    parts = in_all = types.int64(0)
    for at in begin:
        containers, describe, _, _ = heading(data, at)
        before = types.int64(-1)
        for number in range(containers):
            part = short(data, describe + 4 * number) // _PER_PART
            parts += part != before
            before = part
        in_all += containers
    return parts, in_all


@compiled(types.void(BYTES, PLACES, _Parts, UINT8S))
def _split(data: Any, begin: Any, parts: Any, out: Any) -> None:
    """Writes the parts of the bitmaps that begin at these places one behind the other, and what they are."""
    scratch = (np.empty(LARGEST_ARRAY, np.uint16), np.empty((1, PAGE_WORDS), np.uint64))
    found = np.empty((_PER_PART, 2), np.int64)  # see `_write_head`
    place, end = types.int64(0), types.int64(0)
    for bitmap in range(len(begin)):
        containers, describe, _, start = heading(data, begin[bitmap])
        may_have_runs = short(data, begin[bitmap]) == WITH_RUNS
        first = types.int64(0)
        while first < containers:
            part, tracks, number = short(data, describe + 4 * first) // _PER_PART, types.int64(0), first
            body = end + _FULL_HEAD_BYTES
            at = body
            while number < containers and short(data, describe + 4 * number) // _PER_PART == part:
                runs, of_container = types.int64(0), short(data, describe + 4 * number + 2) + 1
                if may_have_runs and data[begin[bitmap] + 4 + number // 8] >> (number % 8) & 1:
                    runs, start = short(data, start), start + 2
                found[number - first, 0] = at - body
                at, found[number - first, 1] = _write(data, start, (runs, of_container), scratch, out, at)
                start += size_of(runs, of_container)
                tracks, number = tracks + of_container, number + 1
            end = _write_head(data, describe + 4 * first, number - first, found, out, end)
            for behind in range(at - body):
                out[end + behind] = out[body + behind]
            end += at - body
            parts[place].bitmap, parts[place].first_track = bitmap, part * PART_TRACKS
            parts[place].tracks, parts[place].end = tracks, end
            place, first = place + 1, number


def split(
    bitmaps: Sequence[bytes],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], list[bytes]]:
    """As `kernel.Split`."""
    data = np.frombuffer(b"".join(bitmaps), np.uint8)
    begin = np.cumsum([0, *map(len, bitmaps)])[:-1]
    count, containers = _count(data, begin)
    parts = np.empty(count, _PART)
    # No form takes more than the one that was there; containers are written behind room for a full head.
    room = _FULL_HEAD_BYTES + len(data) + count * _HEAD_BYTES + containers * _PER_CONTAINER_BYTES
    out = np.empty(room, np.uint8)
    _split(data, begin, parts, out)
    made = memoryview(out.data)
    cut = [made[start:end].tobytes() for start, end in pairwise([0, *parts["end"].tolist()])]
    return parts["bitmap"], parts["first_track"], parts["tracks"], cut


def agrees() -> bool:
    """Whether Roaring decides as `split` does where two forms of a container take about as many bytes.

    Releases of Roaring have differed there, and the bytes of a table must not depend on what is installed.
    """
    run = np.arange(3, dtype=np.uint64)
    pairs = 8 * np.arange(2_047, dtype=np.uint64)
    for first, length in ((run, 1), (pairs, 3), (pairs[:-1], 3)):
        table = BitTable()
        table.mark(first, first + np.uint64(length - 1))
        ((_, bits),), ((_, bitmap),) = table.words(), table.parts()
        if split([bits.serialize()])[3] != [bitmap]:
            return False
    return True
