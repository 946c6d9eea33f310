"""The writes that everything is measured with: seeded, the same however they are batched, and their answer.

A `Shape` says all there is to say about a data set, and equal shapes give equal bytes. Writes are made in
blocks of 32,768 and then cut into messages, so that data sets which differ in `batch` alone hold the same
writes and, with one group, have the same answer.

    shape = Shape(skew="uniform", batch=1_024)
    for record in records(shape): ...   # what goes onto the writes topic, in order (bench.topics fills it)
    for group, writes in batches(shape): ...   # the same writes as columns, for other encodings
    answers(shape)["g0"]                # what a correct worker has found for a group
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streams.agents.brute import Row, measure
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Body, Define, Origin
from streams.model.writes import WriteBatch, volume_id
from streams.wire.agent import Encoding, encode_message
from streams.wire.record import Record
from streams.wire.writes import encode_writes

__all__ = [
    "ARRAY",
    "START_US",
    "Shape",
    "Skew",
    "answers",
    "batches",
    "bodies",
    "definition",
    "joined",
    "plain_records",
    "records",
]

Skew = Literal["zipf", "scattered", "uniform", "sequential"]

ARRAY = "array"
START_US = 1_699_999_200 * US
"""The time of the first write: the start of an hour, long ago, so that no clock decides anything."""

_BLOCK = 32_768
_SECTOR_BYTES = 4_096
_SCATTER = 0x9E3779B1  # odd, so that multiplying permutes the tracks of a volume


@dataclass(frozen=True, slots=True)
class Shape:
    """A data set.

    `skew`: which tracks are written. `zipf`: track n with a chance of n^-`exponent`, a hot spot at the
    beginning of every volume; `scattered`: the same tracks in no order; `uniform`: every track alike;
    `sequential`: one track after another, all volumes in step. `batch`: writes in a message; a power of two
    up to 32,768. `writes_per_second`: how fast event time goes on. Messages go to the `groups` (`g0`, `g1`,
    ...) in turn, each with `volumes` of its own (`v0`, `v1`, ...). `lengths_bytes`: each equally likely; a
    write starts at any 4 KiB of its track, so that with the default lengths one in ten reaches into the
    next track.
    """

    skew: Skew = "zipf"
    exponent: float = 1.2
    writes: int = 24_576_000
    batch: int = 8_192
    groups: int = 1
    volumes: int = 16
    volume_bytes: int = 1 << 40
    track_bytes: int = 65_536
    interval_seconds: int = 300
    writes_per_second: int = 20_000
    lengths_bytes: tuple[int, ...] = (4096,) * 12 + (8192,) * 4 + (16_384,) * 2 + (32_768, 65_536)
    seed: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1 or _BLOCK % self.batch:
            raise ValueError(f"batch {self.batch}: a power of two up to {_BLOCK} is needed")

    @property
    def messages(self) -> int:
        """How many messages carry writes."""
        return -(-self.writes // self.batch)

    @property
    def volume_names(self) -> tuple[str, ...]:
        """The volumes of each group, without their array."""
        return tuple(f"v{number}" for number in range(self.volumes))

    @property
    def group_names(self) -> tuple[str, ...]:
        """The groups, in the order of their first message."""
        return tuple(f"g{number}" for number in range(self.groups))


def definition(shape: Shape, group: str) -> Definition:
    """The definition of a group: its volumes, whole, with the default geometry around the interval."""
    members = tuple(Member(ARRAY, volume, shape.volume_bytes) for volume in shape.volume_names)
    return Definition(group, members, Geometry.for_interval(shape.interval_seconds, shape.track_bytes))


def batches(shape: Shape) -> Iterator[tuple[str, WriteBatch]]:
    """The group and the writes of every message, in the order of the log and of time."""
    number = 0
    for first in range(0, shape.writes, _BLOCK):
        block = _block(shape, first // _BLOCK)
        stop = min(_BLOCK, shape.writes - first)
        for start in range(0, stop, shape.batch):
            rows = slice(start, min(start + shape.batch, stop))
            yield shape.group_names[number % shape.groups], block.take(rows)
            number += 1


def bodies(shape: Shape) -> Iterator[tuple[str, Body]]:
    """Everything on the writes topic, with its group: definitions, writes with identity, and farewells.

    One agent sends the writes of a group and vouches for all time up to the end of each message.
    """
    for group in shape.group_names:
        yield group, Define(definition(shape, group))
    seen_us = dict.fromkeys(shape.group_names, START_US)
    sequence = dict.fromkeys(shape.group_names, 0)
    for group, writes in batches(shape):
        end_us = int(writes.time_us[-1])
        origin = Origin(ARRAY, f"agent-{group}", 1, sequence[group], seen_us[group], end_us)
        yield group, AgentMessage("writes", origin, writes)
        seen_us[group] = end_us
        sequence[group] += 1
    for group in shape.group_names:
        end_us = seen_us[group] + 1
        yield group, AgentMessage("bye", Origin(ARRAY, f"agent-{group}", 1, sequence[group], end_us, end_us))


def records(shape: Shape, encoding: Encoding = "arrow") -> Iterator[Record]:
    """`bodies` as they stand on the topic."""
    for group, body in bodies(shape):
        yield encode_message(group, body, encoding)


def plain_records(shape: Shape) -> Iterator[Record]:
    """`records` with columns of full width, which any Arrow library makes sense of."""
    for (_, body), record in zip(bodies(shape), records(shape), strict=True):
        if isinstance(body, AgentMessage) and body.writes is not None:
            yield replace(record, value=encode_writes(body.writes, narrow=False))
        else:
            yield record


def answers(shape: Shape) -> dict[str, tuple[Row, ...]]:
    """By group, what a correct worker has found: a row for each `array/volume` and interval with a write."""
    return _answers(replace(shape, batch=_BLOCK) if shape.groups == 1 else shape)


@lru_cache(maxsize=8)
def _answers(shape: Shape) -> dict[str, tuple[Row, ...]]:
    parts: dict[str, list[WriteBatch]] = {group: [] for group in shape.group_names}
    for group, writes in batches(shape):
        parts[group].append(writes)
    return {group: tuple(_rows(shape, joined(mine))) for group, mine in parts.items() if mine}


def joined(parts: Sequence[WriteBatch]) -> WriteBatch:
    """Batches with the same volumes as one."""
    return WriteBatch(
        np.concatenate([part.time_us for part in parts]),
        np.concatenate([part.volume_codes for part in parts]),
        parts[0].volumes,
        np.concatenate([part.offset_bytes for part in parts]),
        np.concatenate([part.length_bytes for part in parts]),
    )


def _rows(shape: Shape, writes: WriteBatch) -> Iterator[Row]:
    """Interval by interval, which bounds the memory; the times are in order."""
    writes = replace(writes, volumes=tuple(volume_id(ARRAY, volume) for volume in writes.volumes))
    sizes = dict.fromkeys(writes.volumes, shape.volume_bytes)
    interval = writes.time_us // (shape.interval_seconds * US)
    edges = [0, *(np.flatnonzero(np.diff(interval)) + 1).tolist(), len(writes)]
    for start, stop in pairwise(edges):
        yield from measure(writes.take(slice(start, stop)), shape.track_bytes, shape.interval_seconds, sizes)


def _block(shape: Shape, number: int) -> WriteBatch:
    """Block `number` of the data set; it depends on nothing before it."""
    rng = np.random.default_rng([shape.seed, number])
    start_us, end_us = (
        START_US + (number + step) * _BLOCK * US // shape.writes_per_second for step in (0, 1)
    )
    length = rng.choice(np.array(shape.lengths_bytes, np.uint64), _BLOCK)
    sectors = shape.track_bytes // _SECTOR_BYTES
    offset = _tracks(rng, shape, number) * np.uint64(shape.track_bytes)
    offset += rng.integers(0, sectors, _BLOCK, np.uint64) * np.uint64(_SECTOR_BYTES)
    time_us = np.sort(rng.integers(start_us, end_us, _BLOCK))
    codes = rng.integers(0, shape.volumes, _BLOCK, np.int32)
    if shape.skew == "sequential":
        codes = (_numbers(number) % shape.volumes).astype(np.int32)
    return WriteBatch(
        time_us=time_us,
        volume_codes=codes,
        volumes=shape.volume_names,
        offset_bytes=np.minimum(offset, np.uint64(shape.volume_bytes) - length),
        length_bytes=length,
    )


def _numbers(block: int) -> NDArray[np.int64]:
    """The numbers of its writes in the data set."""
    return np.arange(block * _BLOCK, (block + 1) * _BLOCK)


def _tracks(rng: np.random.Generator, shape: Shape, number: int) -> NDArray[np.uint64]:
    tracks = shape.volume_bytes // shape.track_bytes
    if shape.skew == "sequential":
        return (_numbers(number) // shape.volumes % tracks).astype(np.uint64)
    if shape.skew == "uniform":
        return rng.integers(0, tracks, _BLOCK, np.uint64)
    ranks = rng.zipf(shape.exponent, _BLOCK) % tracks
    if shape.skew == "scattered":
        ranks = ranks * _SCATTER % tracks
    return ranks.astype(np.uint64)
