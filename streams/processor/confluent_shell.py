"""The core on confluent-kafka: librdkafka fetches and decompresses beside the marking, on another core."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from confluent_kafka import Message

from streams.processor.confluent_consumer import Intake
from streams.processor.confluent_sender import Sender
from streams.processor.core import AroundSend, Core
from streams.processor.ending import STOP_SECONDS, end_within
from streams.processor.options import WorkerOptions
from streams.wire.record import Received, Record

__all__ = ["ConfluentShell", "run_confluent"]

_TICK_CHECK_SECONDS = 1.0

_Found = TypeVar("_Found")


class ConfluentShell:
    """Consumer, producer and timers around a core: `core.Client` for it, `Owner` for the consumer."""

    def __init__(self, options: WorkerOptions, around_send: AroundSend | None = None) -> None:
        self.core = Core(options, self, around_send)
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "intake")
        self._ends: dict[int, int] = {}
        self._sender = Sender(options)
        self._intake = Intake(options, self)

    async def run(self) -> None:
        """Works until SIGTERM, SIGINT or a failure."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._over.set)
        work = [
            self._loop.create_task(task)
            for task in (
                self._read(),
                self._every(_TICK_CHECK_SECONDS, self._tick),
                self._every(self._options.commit_interval_seconds, self._commit),
            )
        ]
        for task in work:
            task.add_done_callback(self._ended)
        await self._over.wait()
        end_within(STOP_SECONDS, lambda: self.core.failure)
        for task in work:
            task.cancel()
        await self._in_thread(self._intake.close)
        self._sender.close()

    # What the core asks for

    @property
    def stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._over.is_set()

    @property
    def rebalancing(self) -> bool:
        """Never seen: nothing is taken while partitions change hands."""
        return False

    def assignment(self) -> Iterable[int]:
        """Partitions that are ours."""
        return self._intake.assigned

    def generation(self) -> int:
        """Counts what comes and goes."""
        return self._intake.generation

    def highwater(self, partition: int) -> int | None:
        """As it was asked for before the tick."""
        return self._ends.get(partition)

    async def seek(self, partition: int, offset: int) -> None:
        """Waits for it."""
        await self._in_thread(self._intake.seek, partition, offset)

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        """Sends a row and waits until it is acknowledged."""
        return await self._sender.send(topic, record, partition)

    def crash(self, error: BaseException) -> None:  # noqa: ARG002  # the core remembers it
        """Stops as for SIGTERM."""
        self._over.set()

    # What the consumer tells, in its thread

    def gained(self, partitions: Iterable[int]) -> Mapping[int, int]:
        """Loads them, so that the first message that is read is the one that must come next."""
        return self._in_loop(self._load(list(partitions)))

    def committable(self) -> Mapping[int, int]:
        """What the core says."""
        return self._in_loop(_called(self.core.commit_offsets))

    def lost(self) -> None:
        """The core forgets them."""
        self._in_loop(_called(self.core.forget))

    def _in_loop(self, work: Coroutine[Any, Any, _Found]) -> _Found:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _load(self, partitions: list[int]) -> dict[int, int]:
        self.core.forget()
        return await self.core.load(partitions)

    # What we do of ourselves

    async def _in_thread(self, call: Callable[..., _Found], *arguments: Any) -> _Found:
        """A call of the consumer, in the one thread for all of them."""
        return await self._loop.run_in_executor(self._thread, call, *arguments)

    async def _read(self) -> None:
        while not self.stopping:
            for message in await self._in_thread(self._intake.fetch):
                await self.core.take(_received(message))

    async def _tick(self) -> None:
        self._ends = await self._in_thread(self._intake.ends)
        await self.core.tick()

    async def _commit(self) -> None:
        offsets, generation = self.core.commit_offsets(), self._intake.generation
        await self._in_thread(self._intake.commit, offsets, generation)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await work()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of them ends by itself but of a failure."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.core.fail(error)


async def _called(function: Callable[[], _Found]) -> _Found:
    return function()


def _received(message: Message) -> Received:
    return Received(
        message.topic() or "",
        message.partition() or 0,
        message.offset() or 0,
        message.timestamp()[1] * 1000,
        message.key(),
        message.value(),
        tuple(cast("Any", message.headers()) or ()),
    )


def run_confluent(options: WorkerOptions, around_send: AroundSend | None = None) -> BaseException | None:
    """Runs a worker until SIGTERM or SIGINT; the failure that ended it, if one did."""

    async def main() -> BaseException | None:
        shell = ConfluentShell(options, around_send)
        await shell.run()
        return shell.core.failure

    return asyncio.run(main())
