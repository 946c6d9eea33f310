"""What a write takes on the wire, and what it costs to put it there and to read it back.

Writes travel in batches of 8,192 as Arrow or JSON. Folded, the tracks of 10 s travel: a million writes a
second on a million tracks. Compression is that of Kafka's clients, on each value alone; a client that puts
several messages into one batch saves a little more. Times are of the processor, whatever else runs on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final

import cramjam
import numpy as np

from bench.data import START_US, Shape, Skew, answers, batches, bodies, definition, joined
from bench.running import Benchmark, Comparison, Figures, Measure, WrongAnswer
from bench.site import Site
from bench.sums import Sums, compare, of_rows
from streams.agents.folding import fold, packed
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Origin
from streams.model.writes import WriteBatch, volume_id
from streams.wire.agent import Encoding, decode_message, encode_message
from streams.wire.record import Record

__all__ = ["benchmark"]

_SKEWS: tuple[Skew, ...] = ("zipf", "uniform")
_ENCODINGS: Final[tuple[Encoding, ...]] = ("arrow", "json")
_FOLD_SECONDS = 10
_FOLDED_TRACKS = 1 << 20
_APPEND_US = START_US + 86_400 * US
_ZSTD_LEVEL = 3  # the clients' default


def benchmark(site: Site) -> Benchmark:
    """All kinds of messages, by skew."""
    comparisons = [_comparison(site, skew) for skew in _SKEWS]
    return Benchmark("wire", "Wire: bytes and nanoseconds per write", comparisons)


def _comparison(site: Site, skew: Skew) -> Comparison:
    sample = Shape(skew=skew, writes=site.sizes.sample_writes)
    volumes = sample.volumes
    folded = Shape(
        skew=skew,
        writes=site.sizes.folded_writes,
        writes_per_second=site.sizes.folded_writes // _FOLD_SECONDS,
        volume_bytes=_FOLDED_TRACKS // volumes * sample.track_bytes,
    )

    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        messages = [body for _, body in bodies(sample) if isinstance(body, AgentMessage) and body.writes]
        window = joined([writes for _, writes in batches(folded)])
        answers(folded)
        measures: dict[str, Measure] = {
            encoding: partial(_measure_writes, messages, encoding) for encoding in _ENCODINGS
        }
        yield measures | {"tracks of 10 s": partial(_measure_folds, folded, window)}

    return Comparison(skew, contenders)


def _measure_writes(messages: Sequence[AgentMessage], encoding: Encoding) -> Figures:
    count = sum(len(body.writes or ()) for body in messages)
    figures, decoded = _there_and_back(
        lambda: [encode_message("g0", body, encoding) for body in messages], count
    )
    for body, read in zip(messages, decoded, strict=True):
        if not _same(body.writes, read.writes):
            raise WrongAnswer(f"message {body.origin.sequence} is not what was encoded")
    return figures


def _measure_folds(shape: Shape, writes: WriteBatch) -> Figures:
    def encoded() -> list[Record]:
        end_us = START_US + _FOLD_SECONDS * US
        folds = fold(writes, START_US, end_us, definition(shape, "g0").geometry)
        origin = Origin("array", "agent", 1, 0, START_US, end_us)
        return [encode_message("g0", AgentMessage("tracks", origin, folds=some)) for some in packed(folds)]

    figures, decoded = _there_and_back(encoded, len(writes))
    found: Sums = {}
    interval_us = shape.interval_seconds * US
    for body in decoded:
        for piece in body.folds:
            place = piece.start_us // interval_us * interval_us, volume_id("array", piece.volume)
            tracks, size, count, written = found.get(place, (0, 0, 0, 0))
            found[place] = (
                tracks + len(piece.tracks),
                size + piece.tracks.changed_bytes(piece.track_bytes, shape.volume_bytes),
                count + (piece.writes or 0),
                written + (piece.written_bytes or 0),
            )
    compare(found, of_rows(answers(shape)["g0"]), "folds")
    return figures


def _there_and_back(encode: Callable[[], list[Record]], count: int) -> tuple[Figures, list[AgentMessage]]:
    """The figures of encoding, compressing and decoding, and what was decoded."""
    begin = time.process_time()
    encoded = encode()
    between = time.process_time()
    decoded = [decode_message(r.key, r.value, r.headers, 0, _APPEND_US).body for r in encoded]
    end = time.process_time()
    values = [record.value or b"" for record in encoded]
    figures = {
        "messages": len(values),
        "B/write": sum(map(len, values)) / count,
        "lz4 B/write": sum(len(cramjam.lz4.compress(value)) for value in values) / count,
        "zstd B/write": sum(len(cramjam.zstd.compress(value, _ZSTD_LEVEL)) for value in values) / count,
        "encode ns/write": (between - begin) * 1e9 / count,
        "decode ns/write": (end - between) * 1e9 / count,
    }
    return figures, [body for body in decoded if isinstance(body, AgentMessage)]


def _same(one: WriteBatch | None, other: WriteBatch | None) -> bool:
    if one is None or other is None:
        return one is other
    return (
        np.array_equal(one.time_us, other.time_us)
        and np.array_equal(one.offset_bytes, other.offset_bytes)
        and np.array_equal(one.length_bytes, other.length_bytes)
        and np.array_equal(
            np.array(one.volumes)[one.volume_codes], np.array(other.volumes)[other.volume_codes]
        )
    )
