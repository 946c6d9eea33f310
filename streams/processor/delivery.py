"""Outcomes on their way to the topics: each group's strictly in order, different groups side by side.

For one outcome: dead letters and definition versions, tables, then summaries, all acknowledged; then the
mark, acknowledged; then its messages are released. A crash between any two of these leaves rows that a second
reading of the log writes again, byte for byte.

Marks that newer ones have replaced are removed at a quiet moment: when many groups close at once, their rows
come first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from streams.model.entries import Interval
from streams.model.state import Outcome, State
from streams.processor.encoding import INTERVALS_AT_ONCE, Encoder
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.wire.deadletters import encode_dead_letter
from streams.wire.definitions import encode_version
from streams.wire.keys import group_key, state_key
from streams.wire.record import Received, Record
from streams.wire.states import encode_state
from streams.wire.summaries import encode_gap, encode_summary

__all__ = ["Deliveries", "Send"]

_CHUNK_ROWS = INTERVALS_AT_ONCE
_WORN_CHUNKS = 64
_MOST_WORN = 1 << 16  # some 20 MiB
_ENTRY_BYTES = 1_024

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

Send = Callable[[str, Record, int | None], Awaitable[int]]
"""Sends a record to a topic and partition (None: by its key); the offset once the broker acknowledged."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """An outcome to be delivered; about `size_bytes` of it are in memory until then."""

    place: Place
    group: str
    offset: int
    append_us: int
    outcome: Outcome
    prompt: tuple[tuple[str, Record], ...]
    size_bytes: int


class Deliveries:
    """Delivers outcomes and says when there is room for more."""

    def __init__(self, send: Send, options: WorkerOptions, fail: Callable[[BaseException], None]) -> None:
        self._send = send
        self._options = options
        self._fail = fail
        self._encoder = Encoder()
        self._queues: dict[tuple[int, str], deque[_Parcel]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight_bytes = 0
        self._drained = asyncio.Event()
        self._worn: list[tuple[Record, int]] = []  # what removes each, and its partition

    @property
    def in_flight_bytes(self) -> int:
        """About how much is under way."""
        return self._in_flight_bytes

    async def submit(self, place: Place, group: str, received: Received, outcome: Outcome) -> None:
        """Queues an outcome; waits while more than `in_flight_bytes` are under way."""
        if not (outcome.dead_letters or outcome.versions or outcome.mark):
            return
        parcel = self._pack(place, group, received, outcome)
        self._in_flight_bytes += parcel.size_bytes
        queue = self._queues.setdefault((id(place), group), deque())
        queue.append(parcel)
        if len(queue) == 1:
            task = asyncio.get_running_loop().create_task(self._drain(queue))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        while self._in_flight_bytes > self._options.in_flight_bytes:
            self._drained.clear()
            await self._drained.wait()

    def forget(self) -> None:
        """Stops what is under way: the partitions belong to somebody else now."""
        for task in self._tasks:
            task.cancel()
        self._queues.clear()
        self._worn.clear()
        self._in_flight_bytes = 0
        self._drained.set()

    async def remove_worn(self) -> None:
        """Removes replaced marks, some thousand at a time, while nothing is under way or too many wait."""
        topic = self._options.topic("state")
        for _ in range(_WORN_CHUNKS):
            if not self._worn or (self._in_flight_bytes and len(self._worn) < _MOST_WORN):
                return
            some, self._worn = self._worn[:_CHUNK_ROWS], self._worn[_CHUNK_ROWS:]
            await _all([self._send(topic, record, partition) for record, partition in some])

    def _pack(self, place: Place, group: str, received: Received, outcome: Outcome) -> _Parcel:
        letters = (
            (self._options.topic("dead-letters"), encode_dead_letter(letter, received))
            for letter in outcome.dead_letters
        )
        versions = ((self._options.topic("groups"), encode_version(version)) for version in outcome.versions)
        prompt = (*letters, *versions)
        intervals = outcome.mark.intervals if outcome.mark else ()
        size_bytes = sum(record.size_bytes() for _, record in prompt) + sum(map(_weight_bytes, intervals))
        return _Parcel(place, group, received.offset, received.append_us, outcome, prompt, size_bytes)

    async def _drain(self, queue: deque[_Parcel]) -> None:
        while queue:
            await self._deliver(queue[0])
            self._in_flight_bytes -= queue.popleft().size_bytes
            self._drained.set()

    async def _deliver(self, parcel: _Parcel) -> None:
        place, mark = parcel.place, parcel.outcome.mark
        await _all([self._send(topic, record, None) for topic, record in parcel.prompt])
        place.partition.settled(parcel.offset)
        if mark is None:
            return
        for intervals in _chunks(mark.intervals):
            await self._send_tables(parcel, intervals)
        for summaries in _chunks(mark.summaries):
            await self._send_all("intervals", map(encode_summary, summaries), place.number)
        await self._send_all("intervals", map(encode_gap, mark.gaps), place.number)
        home = self._options.home(place.number)
        state = encode_state(mark.state, home, place.tables_from(mark.state))
        await self._send_all("state", [state], place.number)
        place.partition.acknowledged(parcel.group, mark)
        self._options.vitals.closed(mark, parcel.append_us)
        if mark.state.deleted:
            await self._remove_versions(mark.state)
        self._worn += (
            (Record(state_key(parcel.group, offset), None), place.number)
            for offset in place.removable(parcel.group, mark.state.offset)
        )

    async def _send_tables(self, parcel: _Parcel, intervals: Sequence[Interval]) -> None:
        known = parcel.place.tables.setdefault(parcel.group, {})
        encoded = await self._encoder.tables(intervals)
        sent = [self._send_all("tables", records, parcel.place.number) for records in encoded]
        for interval, offsets in zip(intervals, await _all(sent), strict=True):
            known[interval.start_us // (interval.rung_seconds * 1_000_000)] = min(offsets)

    async def _remove_versions(self, state: State) -> None:
        """A deleted group has no definition any more; every later mark of it says so again."""
        topic, numbers = self._options.topic("groups"), range(1, state.versions[-1].number + 1)
        gone = [Record(group_key(state.group, number), None) for number in numbers]
        await _all([self._send(topic, record, None) for record in gone])

    async def _send_all(self, topic: str, records: Iterable[Record], partition: int) -> list[int]:
        name = self._options.topic(topic)
        return await _all([self._send(name, record, partition) for record in records])

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)


async def _all(sent: Sequence[Awaitable[_Found]]) -> list[_Found]:
    """What each of them found, side by side; most are one alone, and need no task of their own."""
    return [await sent[0]] if len(sent) == 1 else await asyncio.gather(*sent) if sent else []


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Few rows at a time: a message may close a week, and heartbeats wait while rows are encoded."""
    for start in range(0, len(items), _CHUNK_ROWS):
        yield items[start : start + _CHUNK_ROWS]


def _weight_bytes(interval: Interval) -> int:
    """About what a closed interval holds in memory; Roaring takes two bytes a track and often less."""
    return sum(_ENTRY_BYTES + 2 * entry.changed_tracks for entry in interval.entries)
