"""Writes folded before they travel: per volume and window of time, the tracks and the counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streams.model.bittable import BitTable
from streams.model.groups import Geometry, default_slot
from streams.model.messages import Fold
from streams.model.tracks import track_spans
from streams.model.writes import WriteBatch

__all__ = ["fold", "fold_seconds", "packed"]

_MAX_PAYLOAD_BYTES = 700_000
_FOLD_OVERHEAD_BYTES = 100


def fold_seconds(geometry: Geometry) -> int:
    """Length of the windows: the longest of at most 10 s that divides the slot, and so the base interval."""
    if geometry.slot_seconds <= 10:
        return geometry.slot_seconds
    return default_slot(geometry.slot_seconds)


def fold(writes: WriteBatch, start_us: int, end_us: int, geometry: Geometry) -> list[Fold]:
    """The writes of one window, which all lie in `[start_us, end_us)`, as one fold for each volume.

    Discards set tracks where the group wants that; a fold has no place to count them.
    """
    if writes.discard is not None and not geometry.discards_mark:
        writes = writes.take(~writes.discard)
    if not len(writes):
        return []
    writes = writes.take(np.argsort(writes.volume_codes, kind="stable"))
    codes, starts = np.unique(writes.volume_codes, return_index=True)
    ends = [*starts[1:].tolist(), len(writes)]
    return [
        _fold_volume(
            writes.take(slice(start, end)), writes.volumes[code], (start_us, end_us), geometry.track_bytes
        )
        for code, start, end in zip(codes.tolist(), starts.tolist(), ends, strict=True)
    ]


def _fold_volume(writes: WriteBatch, volume: str, window: tuple[int, int], track_bytes: int) -> Fold:
    tracks = BitTable()
    tracks.mark(*track_spans(writes.offset_bytes, writes.length_bytes, track_bytes))
    counted = writes if writes.discard is None else writes.take(~writes.discard)
    return Fold(
        volume=volume,
        start_us=window[0],
        end_us=window[1],
        track_bytes=track_bytes,
        tracks=tracks,
        writes=len(counted),
        written_bytes=int(counted.length_bytes.sum()),
    )


def packed(folds: list[Fold]) -> Iterator[tuple[Fold, ...]]:
    """The folds in messages of a size that a topic takes; a fold that is larger comes in pieces."""
    chosen: list[Fold] = []
    size = 0
    for piece, piece_bytes in (sized for fold in folds for sized in _pieces(fold)):
        if chosen and size + piece_bytes > _MAX_PAYLOAD_BYTES:
            yield tuple(chosen)
            chosen, size = [], 0
        chosen.append(piece)
        size += piece_bytes
    if chosen:
        yield tuple(chosen)


def _pieces(fold: Fold) -> Iterator[tuple[Fold, int]]:
    """The fold, and about how many bytes it takes; the counts stand in the first piece alone."""
    overhead = _FOLD_OVERHEAD_BYTES + len(fold.volume.encode())
    parts = list(fold.tracks.parts())
    size = sum(len(data) for _, data in parts)
    if size + overhead <= _MAX_PAYLOAD_BYTES:
        yield fold, size + overhead
        return
    counts = (fold.writes, fold.written_bytes)
    for first_track, data in parts:
        tracks = BitTable.from_parts([(first_track, data)])
        yield (
            Fold(fold.volume, fold.start_us, fold.end_us, fold.track_bytes, tracks, *counts),
            len(data) + overhead,
        )
        counts = (0 if fold.writes is not None else None, 0 if fold.written_bytes is not None else None)
