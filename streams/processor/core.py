"""What a worker does whatever Kafka client it runs on: the rule of the loaded partitions, and nothing else.

    client (`faust_shell`, `confluent_shell`)         core
    a message, in the order of its partition    ->    take
    every second                                ->    tick
    partitions come, go                         ->    load, forget
    when it is time to commit                   ->    commit_offsets

The core asks its client for what `Client` says. Everything runs in one event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import structlog

from streams.errors import BrokerError
from streams.model.messages import AgentMessage, Tick
from streams.processor.delivery import Deliveries, Send
from streams.processor.ending import STOP_SECONDS, end_within
from streams.processor.loading import first_offset, load
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.processor.ticking import due
from streams.wire.agent import encode_message, read_message
from streams.wire.record import Received, Record
from streams.wire.shapes import Shapes

__all__ = ["AroundSend", "Client", "Core", "not_taken"]

_log = structlog.get_logger()

_SEEK_PAUSE_SECONDS = 1.0

AroundSend = Callable[[Send], Send]
"""Wraps the sending of every row, for tests that fail between two of them."""


class Client(Protocol):
    """What the core asks of a Kafka client; partitions are those of the writes topic."""

    @property
    def stopping(self) -> bool:
        """Whether the worker is on its way out already."""

    @property
    def rebalancing(self) -> bool:
        """Whether partitions change hands just now."""

    def assignment(self) -> Iterable[int]:
        """The partitions that are ours now."""

    def generation(self) -> int:
        """A number that every rebalance changes."""

    def highwater(self, partition: int) -> int | None:
        """The end of a partition as Kafka last told it; None before it did."""

    async def seek(self, partition: int, offset: int) -> None:
        """Reads on from an offset."""

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        """As `delivery.Send`.

        Raises:
            BrokerError: Kafka does not take the row.
        """

    def crash(self, error: BaseException) -> None:
        """Ends the worker because of a failure; returns at once."""


class Core:
    """One process's share of the writes topic.

    Nothing that is in memory is trusted across a rebalance: partitions are loaded from their topics again.
    """

    def __init__(self, options: WorkerOptions, client: Client, around_send: AroundSend | None = None) -> None:
        self.failure: BaseException | None = None
        self._options = options
        self._client = client
        self._places: dict[int, Place] = {}
        self._loading: dict[int, asyncio.Task[Place | None]] = {}
        self._sought: dict[int, float] = {}
        self._shapes = Shapes()
        self._send = around_send(client.send) if around_send else client.send
        self._deliveries = Deliveries(self._send, options, self.fail)

    async def take(self, message: Received) -> None:
        """Takes a message if it is the next one of its partition; waits while too much is under way."""
        if self.failure is not None:
            return
        try:
            await self._take(message)
        except Exception as error:  # noqa: BLE001  # frameworks log it, or acknowledge the message, and go on
            self.fail(error)

    async def load(self, partitions: Iterable[int]) -> dict[int, int]:
        """Loads partitions that are not loaded yet; what must come next in each that is still ours then."""
        try:
            places = await asyncio.gather(*map(self._place, partitions))
        except Exception as error:  # noqa: BLE001  # as above
            self.fail(error)
            return {}
        return {place.number: place.partition.next_offset for place in places if place is not None}

    async def tick(self) -> None:
        """Tells groups whose agents are quiet that append time goes on, where we have caught up.

        Then removes what the newest marks have replaced.
        """
        if self.failure is not None:
            return
        try:
            # A partition without messages may have open groups as well.
            await asyncio.gather(*map(self._place, self._client.assignment()))
            self._look()
            await asyncio.gather(*(self._send(*tick) for tick in list(self._due_ticks())))
            await self._deliveries.remove_worn()
        except Exception as error:  # noqa: BLE001  # as above
            self.fail(error)

    async def seek_where_stalled(self, seconds: float) -> None:
        """Seeks where messages wait and none came for so long: one that was dropped may be the last."""
        now = time.monotonic()
        try:
            for place in list(self._places.values()):
                if not self._has_caught_up(place) and now - place.moved > seconds:
                    place.moved = now
                    await self._seek_back(place)
        except Exception as error:  # noqa: BLE001  # as above
            self.fail(error)

    def commit_offsets(self) -> dict[int, int]:
        """How far each partition in our hands may be committed."""
        return {number: place.partition.commit_offset() for number, place in self._places.items()}

    def forget(self) -> None:
        """Drops everything: the partitions may belong to somebody else now."""
        self._places.clear()
        self._loading.clear()
        self._sought.clear()
        self._deliveries.forget()

    def fail(self, error: BaseException) -> None:
        """Stops the process with nothing acknowledged that is not durable."""
        if self.failure is not None or self._client.stopping:
            return  # what a stopping worker can no longer send, the next owner sends
        self.failure = error
        self._places.clear()
        self._deliveries.forget()
        _log.error("worker_failed", error=str(error), kind=type(error).__name__)
        end_within(STOP_SECONDS, lambda: error)
        self._client.crash(error)

    async def _take(self, message: Received) -> None:
        place = await self._place(message.partition)
        if place is None or message.offset < place.partition.next_offset:
            return
        if message.offset > place.partition.next_offset and not await self._accept_gap(place, message):
            return
        parsed = read_message(
            message.key,
            message.value,
            message.headers,
            message.offset,
            message.append_us,
            self._shapes.decode,
        )
        group = (message.key or b"").decode(errors="replace")
        if isinstance(parsed.body, AgentMessage) and group in place.partition.groups:
            place.heard[group, parsed.body.origin.id] = time.monotonic()
        outcome = place.partition.take(group, parsed)
        place.moved = time.monotonic()
        self._options.vitals.messages += 1
        await self._deliveries.submit(place, group, message, outcome)

    async def _place(self, number: int) -> Place | None:
        """The loaded partition; None where it was taken away while it was being loaded."""
        if number in self._places:
            return self._places[number]
        if number not in self._loading:
            self._loading[number] = asyncio.get_running_loop().create_task(self._load(number))
        return await self._loading[number]

    async def _load(self, number: int) -> Place | None:
        loading, generation = asyncio.current_task(), self._client.generation()
        place = await asyncio.get_running_loop().run_in_executor(None, load, self._options, number)
        if self._loading.get(number) is not loading:
            return None
        del self._loading[number]
        if self._client.rebalancing or generation != self._client.generation():
            return None
        self._places[number] = place
        self._options.vitals.partitions_loaded += 1
        groups, start = len(place.partition.groups), place.partition.next_offset
        _log.info("partition_loaded", partition=number, groups=groups, next_offset=start)
        return place

    async def _accept_gap(self, place: Place, message: Received) -> bool:
        """Says yes where the log really has nothing between; else goes back to what must come next.

        Clients may skip messages around a rebalance. A transaction marker leaves a true gap.
        """
        number, expected, now = place.number, place.partition.next_offset, time.monotonic()
        if now - self._sought.get(number, float("-inf")) < _SEEK_PAUSE_SECONDS:
            return False
        self._sought[number] = now
        if await self._is_empty(number, expected, message.offset):
            place.partition.skip(message.offset - 1)
            return True
        await self._seek_back(place)
        return False

    async def _seek_back(self, place: Place) -> None:
        expected = place.partition.next_offset
        self._options.vitals.seeks += 1
        _log.warning("seek_back", partition=place.number, next_offset=expected)
        await self._client.seek(place.number, expected)

    async def _is_empty(self, number: int, start: int, end: int) -> bool:
        """Whether the log itself has no message in `[start, end)`."""
        found = await asyncio.get_running_loop().run_in_executor(
            None, first_offset, self._options, number, start
        )
        return found is not None and found >= end

    def _look(self) -> None:
        places = list(self._places.values())
        ends = [self._client.highwater(place.number) for place in places]
        self._options.vitals.look(places, ends, len(list(self._client.assignment())))
        self._options.vitals.unacknowledged_bytes = self._deliveries.in_flight_bytes

    def _due_ticks(self) -> Iterator[tuple[str, Record, int]]:
        topic = self._options.topic("writes")
        for place in self._places.values():
            if self._has_caught_up(place):
                for group in due(place, time.monotonic()):
                    yield topic, encode_message(group, Tick()), place.number

    def _has_caught_up(self, place: Place) -> bool:
        end = self._client.highwater(place.number)
        return end is not None and place.partition.next_offset >= end


def not_taken(options: WorkerOptions, topic: str, why: str) -> BrokerError:
    """What a client raises for a row that Kafka does not take."""
    return BrokerError(
        f"topic {topic} at {options.bootstrap} did not take a row ({why}); nothing that needs it is"
        " acknowledged: mend Kafka (`linkgauge doctor`), then start the worker again"
    )
