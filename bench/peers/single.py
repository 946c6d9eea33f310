"""The same writes, a message each: the volume is the key, the value a struct of 20 bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from bench.data import Shape, batches
from streams.wire.record import Record

__all__ = ["singles"]

_WRITE = struct.Struct("<qQI")


def singles(shape: Shape) -> Iterator[Record]:
    """A record for each write, in the order of time: time (us), offset and length (bytes), little endian."""
    for _, writes in batches(shape):
        columns = (writes.volume_codes, writes.time_us, writes.offset_bytes, writes.length_bytes)
        keys = [volume.encode() for volume in writes.volumes]
        for code, *fields in zip(*(column.tolist() for column in columns), strict=True):
            yield Record(keys[code], _WRITE.pack(*fields))
