"""A known past that can be published: the writes of every array in order of time, and what was watched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from streams.agents.batching import by_array
from streams.agents.traces import Trace
from streams.errors import ReplayError
from streams.model.groups import Member
from streams.model.writes import WriteBatch

__all__ = ["BEAT_WRITES", "Recording", "recording_of_trace"]

BEAT_WRITES = 1_000_000
"""While so many writes go by, every array must be heard: else a long replay makes a quiet one look silent."""

_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class Recording:
    """What an agent for each array would have seen.

    `members`: the volumes. `arrays`: for each array a function that gives its writes in batches, in order of
    time, with bare volume names. Everything in `[first_us, end_us)` was watched. `writes`: how many there
    are. `digest`: names the content. `beats_us`: moments at which every array shall be heard.
    """

    members: tuple[Member, ...]
    arrays: Mapping[str, Callable[[], Iterator[WriteBatch]]]
    first_us: int
    end_us: int
    writes: int
    digest: str
    beats_us: tuple[int, ...] = ()


def recording_of_trace(trace: Trace) -> Recording:
    """The recording that a trace is: from its first record to just behind its last.

    Raises:
        ReplayError: the trace has no record at all.
    """
    if trace.first_us is None or trace.last_us is None:
        raise ReplayError("the trace holds no record: check the file and its --format")
    arrays = {array: partial(_slices, writes) for array, writes in by_array(trace.writes).items()}
    return Recording(
        members=tuple(_member(volume) for volume in trace.writes.volumes),
        arrays=arrays,
        first_us=trace.first_us,
        end_us=trace.last_us + 1,
        writes=len(trace.writes),
        digest=_digest(trace),
        beats_us=tuple(trace.writes.time_us[::BEAT_WRITES].tolist()),
    )


def _member(volume: str) -> Member:
    array, _, name = volume.partition("/")
    return Member(array, name)


def _slices(writes: WriteBatch) -> Iterator[WriteBatch]:
    for start in range(0, len(writes), _ROWS_AT_ONCE):
        yield writes.take(slice(start, start + _ROWS_AT_ONCE))


def _digest(trace: Trace) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((trace.first_us, trace.last_us, trace.writes.volumes)).encode())
    for column in fields(trace.writes):
        value = getattr(trace.writes, column.name)
        if isinstance(value, np.ndarray):
            digest.update(f"{column.name} {value.dtype.str} {len(value)}".encode())
            digest.update(np.ascontiguousarray(value).data)
    return digest.hexdigest()
