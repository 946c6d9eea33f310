"""Arrays and volumes that write by a pattern: what they are, and their writes as batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal, get_args

import numpy as np

from streams.agents.synthetic.answer import Answer, VolumeSteps
from streams.agents.synthetic.arrivals import Arrivals, hourly
from streams.agents.synthetic.walks import HotSpot, Sequential, Shuffle, Uniform, Walk
from streams.errors import SettingsError
from streams.model.writes import WriteBatch, volume_id

__all__ = ["FleetSpec", "Pattern", "demo_fleet"]

Pattern = Literal["hotspot", "uniform", "sequential", "diurnal"]

_FLAT = (100,) * 24
_OFFICE_DAY = (
    0,
    0,
    10,
    20,
    20,
    30,
    50,
    80,
    120,
    180,
    200,
    190,
    140,
    160,
    200,
    190,
    170,
    130,
    90,
    70,
    60,
    40,
    30,
    20,
)
_DAY_US = 86_400_000_000
_GIB = 1 << 30
_MOST_TRACKS = 1 << 31  # the product of two track numbers stays below 2^62
_MOST_WRITES_PER_SECOND = 1_000_000  # times 1000 %, times the microseconds of an hour: below 2^63
_LEAST = {
    "volumes_per_array": 1,
    "start_us": 0,
    "duration_seconds": 1,
    "writes_per_second": 1,
    "write_bytes": 1,
    "track_bytes": 1,
    "interval_seconds": 1,
    "tracks": 1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSpec:
    """Arrays of equal volumes that write by one pattern, fully decided by these values.

    `writes_per_second` is the rate of each array, dealt out to its volumes in turn. Writes start at
    `start_us` and end before `duration_seconds` have passed. What is left of a volume behind its last whole
    track is never written.

    Patterns: `uniform` goes over all tracks in shuffled order. `hotspot` goes round `hot_tracks` tracks, and
    with every `cold_every`-th write round the others. `sequential` writes through the volume and starts
    again; only its writes may span tracks. `diurnal` is `uniform`, at `percent_by_hour` of the rate in each
    UTC hour of the day; hours of 0 are idle.
    """

    arrays: tuple[str, ...]
    volumes_per_array: int
    volume_bytes: int
    start_us: int
    duration_seconds: int
    writes_per_second: int
    write_bytes: int
    pattern: Pattern
    track_bytes: int = 65_536
    interval_seconds: int = 300
    seed: int = 0
    hot_tracks: int = 64
    cold_every: int = 10
    percent_by_hour: tuple[int, ...] = _OFFICE_DAY

    def __post_init__(self) -> None:
        """Refuse what has no closed form."""
        for trouble in self._troubles():
            raise SettingsError(trouble)

    def _troubles(self) -> Iterator[str]:
        """What is wrong with these values, one after the other."""
        if self.pattern not in get_args(Pattern):
            yield f"pattern {self.pattern}: choose one of {', '.join(get_args(Pattern))}"
        if not self.arrays or len(set(self.arrays)) < len(self.arrays):
            yield "arrays: at least one, and no name twice"
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                yield f"{name}: {least} or more"
        if self.writes_per_second > _MOST_WRITES_PER_SECOND or self.tracks > _MOST_TRACKS:
            yield f"at most {_MOST_WRITES_PER_SECOND} writes_per_second and {_MOST_TRACKS} tracks of a volume"
        if self.write_bytes > self.track_bytes * (self.tracks if self.pattern == "sequential" else 1):
            yield "write_bytes: at most a track, or a volume where the pattern is sequential"
        if self.pattern == "hotspot" and not (0 < self.hot_tracks < self.tracks and self.cold_every > 1):
            yield "hot_tracks: from 1 to fewer than a volume has; cold_every: 2 or more"
        if len(self.percent_by_hour) != 24 or not all(
            0 <= percent <= 1000 for percent in self.percent_by_hour
        ):
            yield "percent_by_hour: 24 numbers from 0 to 1000"

    @property
    def tracks(self) -> int:
        """Whole tracks of a volume: those that are written."""
        return self.volume_bytes // self.track_bytes

    @property
    def end_us(self) -> int:
        """No write comes at or after this."""
        return self.start_us + self.duration_seconds * 1_000_000

    @property
    def volumes(self) -> tuple[str, ...]:
        """The bare names of the volumes of each array."""
        digits = len(str(self.volumes_per_array - 1))
        return tuple(f"vol-{number:0{digits}}" for number in range(self.volumes_per_array))

    @property
    def arrivals(self) -> Arrivals:
        """When the writes of an array come."""
        curve = self.percent_by_hour if self.pattern == "diurnal" else _FLAT
        return hourly(self.start_us, self.end_us, self.writes_per_second, curve)

    @property
    def writes(self) -> int:
        """How many writes the fleet makes."""
        return len(self.arrays) * self.arrivals.total

    def walk(self, array: str, volume: str) -> Walk:
        """Where the writes of a volume go: decided by the seed and the volume's name."""
        digest = blake2b(f"{self.seed} {volume_id(array, volume)}".encode(), digest_size=4).digest()
        seed = int.from_bytes(digest, "big")
        if self.pattern == "sequential":
            lap = self.tracks * self.track_bytes // self.write_bytes
            return Sequential(lap, seed % lap, self.track_bytes, self.write_bytes)
        shuffle = Shuffle.drawn(self.tracks, seed)
        if self.pattern == "hotspot":
            return HotSpot(shuffle, self.hot_tracks, self.cold_every, self.track_bytes, self.write_bytes)
        return Uniform(shuffle, self.track_bytes, self.write_bytes)

    def batches(self, array: str, writes_per_batch: int = 65_536) -> Iterator[WriteBatch]:
        """The writes of one array in order of time, generated batch by batch; volume names are bare."""
        arrivals = self.arrivals
        walks = [self.walk(array, volume) for volume in self.volumes]
        for first in range(0, arrivals.total, writes_per_batch):
            numbers = np.arange(first, min(first + writes_per_batch, arrivals.total))
            codes = (numbers % len(walks)).astype(np.int32)
            offsets = np.empty(len(numbers), np.uint64)
            for code, walk in enumerate(walks):
                chosen = slice((code - first) % len(walks), None, len(walks))
                offsets[chosen] = walk.offsets_bytes(numbers[chosen] // len(walks))
            lengths = np.full(len(numbers), self.write_bytes, np.uint64)
            yield WriteBatch(arrivals.times_us(numbers), codes, self.volumes, offsets, lengths)

    def expected(self) -> Answer:
        """What a correct pipeline must report about these writes."""
        volumes = {
            volume_id(array, volume): VolumeSteps(self.walk(array, volume), number, self.volumes_per_array)
            for array in self.arrays
            for number, volume in enumerate(self.volumes)
        }
        return Answer(
            volumes, self.arrivals, self.track_bytes, self.write_bytes, self.interval_seconds * 1_000_000
        )


def demo_fleet(start_us: int) -> tuple[FleetSpec, ...]:
    """Three arrays through the UTC day in which `start_us` lies: 2.6 million writes on 28 volumes.

    A database that hits the same tracks again and again, a batch job that streams, and file servers that
    sleep at night.
    """
    day_us = start_us // _DAY_US * _DAY_US
    oltp = FleetSpec(
        arrays=("oltp",),
        pattern="hotspot",
        volumes_per_array=8,
        volume_bytes=64 * _GIB,
        start_us=day_us,
        duration_seconds=86_400,
        writes_per_second=16,
        write_bytes=8_192,
        hot_tracks=200,
        cold_every=20,
    )
    batch = replace(
        oltp,
        arrays=("batch",),
        pattern="sequential",
        volumes_per_array=4,
        volume_bytes=8 * _GIB,
        writes_per_second=6,
        write_bytes=98_304,  # one and a half tracks
    )
    files = replace(
        oltp,
        arrays=("files",),
        pattern="diurnal",
        volumes_per_array=16,
        volume_bytes=_GIB,
        writes_per_second=9,
        write_bytes=16_384,
    )
    return oltp, batch, files
