"""Synthetic fleets as recordings: they are published on the same path as traces."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b

import numpy as np

from streams.agents.admission import Wish
from streams.agents.recording import BEAT_WRITES, Recording
from streams.agents.replay import Progress, ReplayOptions, ReplayResult, replay
from streams.agents.synthetic import FleetSpec
from streams.errors import SettingsError
from streams.model.groups import Member
from streams.store import Source

__all__ = ["publish_fleet", "recording_of_fleet"]


def recording_of_fleet(specs: Sequence[FleetSpec]) -> Recording:
    """The writes of some fleets, generated while they are published: memory does not grow with them.

    Raises:
        SettingsError: no fleet, or an array in two of them.
    """
    arrays = [array for spec in specs for array in spec.arrays]
    if not arrays or len(set(arrays)) < len(arrays):
        raise SettingsError("fleets: at least one, and no array in two of them")
    return Recording(
        members=tuple(
            Member(array, volume, spec.volume_bytes)
            for spec in specs
            for array in spec.arrays
            for volume in spec.volumes
        ),
        arrays={array: partial(spec.batches, array) for spec in specs for array in spec.arrays},
        first_us=min(spec.start_us for spec in specs),
        end_us=max(spec.end_us for spec in specs),
        writes=sum(spec.writes for spec in specs),
        digest=blake2b(repr(tuple(specs)).encode(), digest_size=16).hexdigest(),
        beats_us=tuple(sorted({beat for spec in specs for beat in _beats(spec)})),
    )


def publish_fleet(
    source: Source,
    specs: Sequence[FleetSpec],
    group: str,
    options: ReplayOptions,
    progress: Progress = lambda *_: None,
) -> ReplayResult:
    """Publishes fleets, which become one group, with an agent for each array.

    Track size and interval are those of the fleets, so that `FleetSpec.expected` is the exact answer.

    Raises:
        SettingsError: the fleets differ in track size or interval.
        ReplayError: as for any replay.
        BrokerError: as for any replay.
    """
    shapes = {(spec.track_bytes, spec.interval_seconds) for spec in specs}
    if len(shapes) > 1:
        raise SettingsError("fleets of one group need the same track_bytes and interval_seconds")
    recording = recording_of_fleet(specs)
    wish = Wish(group, *next(iter(shapes)), recording.members)
    return replay(source, recording, wish, options, progress)


def _beats(spec: FleetSpec) -> list[int]:
    arrivals = spec.arrivals
    numbers = np.arange(0, arrivals.total, max(1, BEAT_WRITES // len(spec.arrays)))
    beats: list[int] = arrivals.times_us(numbers).tolist()
    return beats
