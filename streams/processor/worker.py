"""The worker: messages of its partitions go to their groups, outcomes to the topics, positions to Kafka."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import TP

from streams.errors import BrokerError, LinkgaugeError
from streams.model.messages import AgentMessage, Tick
from streams.processor import shell
from streams.processor.app import build_app
from streams.processor.delivery import Deliveries, Send
from streams.processor.ending import STOP_SECONDS, Process, end_within
from streams.processor.loading import first_offset, load
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.processor.ticking import due
from streams.wire.agent import encode_message, read_message
from streams.wire.record import Received, Record

__all__ = ["Worker", "run_worker"]

_log = structlog.get_logger()

_SEEK_PAUSE_SECONDS = 1.0
_STALL_SECONDS = 5.0
_TICK_CHECK_SECONDS = 1.0


class Worker:
    """One process's share of the writes topic.

    Nothing that is in memory is trusted across a rebalance: partitions are loaded from their topics again.
    `around_send` wraps the sending of every row, for tests that fail between two of them.
    """

    def __init__(self, options: WorkerOptions, around_send: Callable[[Send], Send] | None = None) -> None:
        self.options = options
        self.failure: BaseException | None = None
        self.app = build_app(options)
        self._places: dict[TP, Place] = {}
        self._loading: dict[TP, asyncio.Task[Place | None]] = {}
        self._sought: dict[TP, float] = {}
        self._lines: defaultdict[tuple[str, int | None], asyncio.Lock] = defaultdict(asyncio.Lock)
        send = around_send(self._send) if around_send else self._send
        self._deliveries = Deliveries(send, options, self._fail)
        shell.install(self.app, self._commit_offsets, options.fetch_wait_seconds)
        self.app.on_partitions_revoked.connect(self._forget)
        self.app.on_partitions_assigned.connect(self._forget)
        topic = self.app.topic(options.topic("writes"), key_type=bytes, value_type=bytes)
        self.app.agent(topic, concurrency=1)(self._work)
        self.app.timer(interval=_TICK_CHECK_SECONDS)(self._tick)

    async def _work(self, stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await self._take(event.message)
            except Exception as error:  # noqa: BLE001  # Faust would acknowledge the message and go on
                self._fail(error)
            if self.failure is not None:
                await asyncio.sleep(3600)  # nothing more is taken while the app stops

    async def _take(self, message: Any) -> None:
        place = await self._place(message.tp)
        if place is None or message.offset < place.partition.next_offset:
            return
        if message.offset > place.partition.next_offset and not await self._accept_gap(place, message):
            return
        append_us = round(message.timestamp * 1000) * 1000
        parsed = read_message(message.key, message.value, message.headers, message.offset, append_us)
        group = (message.key or b"").decode(errors="replace")
        if isinstance(parsed.body, AgentMessage) and group in place.partition.groups:
            place.heard[group, parsed.body.origin.id] = time.monotonic()
        outcome = place.partition.take(group, parsed)
        place.moved = time.monotonic()
        await self._deliveries.submit(place, group, _received(message, append_us), outcome)

    async def _place(self, tp: TP) -> Place | None:
        """The loaded partition; None where it was taken away while it was being loaded."""
        if tp in self._places:
            return self._places[tp]
        if tp not in self._loading:
            self._loading[tp] = asyncio.get_running_loop().create_task(self._load(tp))
        return await self._loading[tp]

    async def _load(self, tp: TP) -> Place | None:
        loading, generation = asyncio.current_task(), self.app.consumer_generation_id
        place = await asyncio.get_running_loop().run_in_executor(None, load, self.options, tp.partition)
        if self._loading.get(tp) is not loading:
            return None
        del self._loading[tp]
        if generation != self.app.consumer_generation_id or not self.app.flow_control.is_active():
            return None
        self._places[tp] = place
        groups, start = len(place.partition.groups), place.partition.next_offset
        _log.info("partition_loaded", partition=place.number, groups=groups, next_offset=start)
        return place

    async def _accept_gap(self, place: Place, message: Any) -> bool:
        """Says yes where the log really has nothing between; else goes back to what must come next.

        Faust skips messages around a rebalance. A transaction marker leaves a true gap.
        """
        tp, expected, now = message.tp, place.partition.next_offset, time.monotonic()
        if now - self._sought.get(tp, float("-inf")) < _SEEK_PAUSE_SECONDS:
            return False
        self._sought[tp] = now
        if await self._is_empty(tp, expected, message.offset):
            place.partition.skip(message.offset - 1)
            return True
        await self._seek_back(tp, place)
        return False

    async def _seek_back(self, tp: TP, place: Place) -> None:
        expected = place.partition.next_offset
        _log.warning("seek_back", partition=place.number, next_offset=expected)
        await self.app.consumer.seek_wait({tp: expected})

    async def _is_empty(self, tp: TP, start: int, end: int) -> bool:
        """Whether the log itself has no message in `[start, end)`."""
        found = await asyncio.get_running_loop().run_in_executor(
            None, first_offset, self.options, tp.partition, start
        )
        return found is not None and found >= end

    async def _send(self, topic: str, record: Record, partition: int | None) -> int:
        try:
            # The producer wakes all who wait for room at once: thousands of rows would do so in vain.
            async with self._lines[topic, partition]:
                sent = await self.app.producer.send(
                    topic, record.key, record.value, partition, None, cast(Any, list(record.headers))
                )
            return int((await sent).offset)
        except (ProducerSendError, KafkaError) as error:
            raise BrokerError(
                f"topic {topic} at {self.options.bootstrap} did not take a row ({error!r}); nothing that"
                " needs it is acknowledged: mend Kafka (`linkgauge doctor`), then start the worker again"
            ) from error

    async def _tick(self) -> None:
        """Tells groups whose agents are quiet that append time goes on, where we have caught up."""
        try:
            # A partition without messages may have open groups as well.
            await asyncio.gather(*map(self._place, self.app.consumer.assignment()))
            await self._wake_stalled()
            await asyncio.gather(*(self._send(*tick) for tick in list(self._due_ticks())))
        except Exception as error:  # noqa: BLE001  # Faust would log it and go on
            self._fail(error)

    async def _wake_stalled(self) -> None:
        """Seeks again where messages are waiting and none comes: one that was dropped may be the last."""
        now = time.monotonic()
        for tp, place in list(self._places.items()):
            behind = place.partition.next_offset < (self.app.consumer.highwater(tp) or 0)
            if behind and now - place.moved > _STALL_SECONDS:
                place.moved = now
                await self._seek_back(tp, place)

    def _due_ticks(self) -> Iterator[tuple[str, Record, int]]:
        for tp, place in self._places.items():
            if place.partition.next_offset >= (self.app.consumer.highwater(tp) or 0):
                for group in due(place, time.monotonic()):
                    yield tp.topic, encode_message(group, Tick()), tp.partition

    def _commit_offsets(self) -> dict[TP, int]:
        return {tp: place.partition.commit_offset() for tp, place in self._places.items()}

    async def _forget(self, *_: Any, **__: Any) -> None:
        self._places.clear()
        self._loading.clear()
        self._sought.clear()
        self._deliveries.forget()

    def _fail(self, error: BaseException) -> None:
        """Stops the process with nothing acknowledged that is not durable."""
        if self.failure is not None or self.app.should_stop:
            return  # what a stopping app can no longer send, the next owner sends
        self.failure = error
        self._places.clear()
        self._deliveries.forget()
        _log.error("worker_failed", error=str(error), kind=type(error).__name__)
        end_within(STOP_SECONDS, lambda: error)
        asyncio.get_running_loop().create_task(self.app.crash(error))  # the app ends with it


def _received(message: Any, append_us: int) -> Received:
    headers = message.headers or ()
    return Received(
        message.topic,
        message.partition,
        message.offset,
        append_us,
        message.key,
        message.value,
        tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )


def run_worker(options: WorkerOptions, around_send: Callable[[Send], Send] | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT.

    Raises:
        LinkgaugeError: the worker stopped because of its own failure; nothing is lost, start it again.
    """
    worker = Worker(options, around_send)
    process = Process(worker.app, lambda: worker.failure, loglevel=options.log_level)
    try:
        process.execute_from_commandline()
    except SystemExit:
        if worker.failure is None:
            raise
    if isinstance(worker.failure, LinkgaugeError):
        raise worker.failure
    if worker.failure is not None:
        raise LinkgaugeError(f"the worker stopped: {worker.failure!r}; start it again") from worker.failure
