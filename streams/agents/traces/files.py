"""Trace files as blocks of whole lines, whatever compresses them.

The compression is told by the first bytes, never by the name, and an input that ends inside a compressed
stream is an error: half a trace would look like a quiet array.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
import zstandard
from numpy.typing import NDArray

from streams.errors import TraceError

__all__ = ["LONGEST_LINE_BYTES", "PAD_BYTES", "Block", "blocks"]

PAD_BYTES = 256
LONGEST_LINE_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BROKEN = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


class _Decoder(Protocol):
    """What zlib, bz2, lzma and zstandard have in common: one compressed stream, fed piece by piece."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


_ZSTD = zstandard.ZstdDecompressor(max_window_size=1 << 31)  # as much as `zstd --long=31` needs
_DECODERS: tuple[tuple[bytes, str, Callable[[], _Decoder]], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(wbits=31)),  # 16 for the gzip header + 15, the window
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\x28\xb5\x2f\xfd", "zstd", lambda: _ZSTD.decompressobj()),  # noqa: PLW0108 - typed as a _Decoder
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
)


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one file.

    `text` holds `PAD_BYTES` zeros, the lines (each ends with a newline, the last one too), and `PAD_BYTES`
    zeros, so that words before and after any field can be loaded without a bound check. `first_line`
    counts from 1.
    """

    file: str
    first_line: int
    text: NDArray[np.uint8]


def blocks(path: Path, block_bytes: int, on_read: Callable[[int], None]) -> Iterator[Block]:
    """The lines of a file, in blocks of about `block_bytes` decompressed bytes.

    Args:
        path: a plain, gzip, bzip2, zstd or xz file; several streams in a row are read as one.
        block_bytes: how much text to gather before cutting at the last newline.
        on_read: is told the number of bytes taken from the file so far.

    Raises:
        TraceError: the file cannot be read, its compression is broken or ends early, or a line is longer
            than `LONGEST_LINE_BYTES`.
    """
    line = 1
    pending = bytearray()
    try:
        with path.open("rb") as file:
            for chunk in _decompressed(file, min(_READ_BYTES, block_bytes), on_read):
                pending += chunk
                if line == 1 and pending.startswith(_BYTE_ORDER_MARK):
                    del pending[: len(_BYTE_ORDER_MARK)]
                if len(pending) < max(block_bytes, len(_BYTE_ORDER_MARK)):
                    continue
                cut = pending.rfind(b"\n") + 1
                if cut:
                    yield Block(str(path), line, _padded(pending[:cut]))
                    line += pending.count(b"\n", 0, cut)
                    del pending[:cut]
                if len(pending) > LONGEST_LINE_BYTES:
                    longest = f"a line of at most {LONGEST_LINE_BYTES} bytes"
                    raise _at_end(path, line, pending, longest, "more")
    except _BROKEN as broken:
        unreadable = isinstance(broken, OSError) and broken.strerror  # bz2 has an OSError of its own
        expected = "a readable file" if unreadable else "an undamaged compressed file"
        raise _at_end(path, line, pending, expected, unreadable or str(broken)) from broken
    if pending:
        yield Block(str(path), line, _padded(pending if pending.endswith(b"\n") else pending + b"\n"))


def _decompressed(file: BinaryIO, read_bytes: int, on_read: Callable[[int], None]) -> Iterator[bytes]:
    """The decompressed content, piece by piece; EOFError where the last stream is not complete."""
    data = file.read(max(read_bytes, 8))
    name, make = next(((name, make) for magic, name, make in _DECODERS if data.startswith(magic)), ("", None))
    decoder: _Decoder | None = None
    done = 0
    while data:
        done += len(data)
        on_read(done)
        if make is None:
            yield data
        while make and data:
            if decoder is None and not (data := data.lstrip(b"\0")):  # zeros between streams pad tapes
                break
            decoder = decoder or make()
            yield decoder.decompress(data)
            data = decoder.unused_data if decoder.eof else b""
            decoder = None if decoder.eof else decoder
        data = file.read(read_bytes)
    if decoder is not None:
        raise EOFError(f"the end of the file inside a {name} stream")


def _at_end(path: Path, line: int, pending: bytearray, expected: str, found: str) -> TraceError:
    """An error at the first byte that could not be had."""
    last = pending.rfind(b"\n") + 1
    return TraceError(str(path), line + pending.count(b"\n"), len(pending) - last + 1, expected, found)


def _padded(lines: bytearray) -> NDArray[np.uint8]:
    text = np.zeros(len(lines) + 2 * PAD_BYTES, np.uint8)
    text[PAD_BYTES : PAD_BYTES + len(lines)] = np.frombuffer(lines, np.uint8)
    return text
