"""The core on Faust: the shell that is taken by default."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast

import faust
from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.types import TP

from streams.processor import faust_consumer
from streams.processor.core import AroundSend, Core, not_taken
from streams.processor.ending import STOP_SECONDS, Failure, end_within
from streams.processor.faust_app import build_app
from streams.processor.options import WorkerOptions
from streams.wire.record import Received, Record

__all__ = ["FaustShell", "run_faust"]

_STALL_SECONDS = 5.0
_TICK_CHECK_SECONDS = 1.0


class FaustShell:
    """A Faust app around a core: `core.Client` for the one, agent, timer and signals for the other."""

    def __init__(self, options: WorkerOptions, around_send: AroundSend | None = None) -> None:
        self.app = build_app(options)
        self.core = Core(options, self, around_send)
        self._options = options
        self._lines: defaultdict[tuple[str, int | None], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._writes = options.topic("writes")
        faust_consumer.install(self.app, self._commit_offsets, options.fetch_wait_seconds)
        self.app.on_partitions_revoked.connect(self._forget)
        self.app.on_partitions_assigned.connect(self._forget)
        topic = self.app.topic(self._writes, key_type=bytes, value_type=bytes)
        self.app.agent(topic, concurrency=1)(self._work)
        self.app.timer(interval=_TICK_CHECK_SECONDS)(self._tick)

    # What the core asks for

    @property
    def stopping(self) -> bool:
        """Whether the app has been told to stop."""
        return bool(self.app.should_stop)

    @property
    def rebalancing(self) -> bool:
        """Faust stops the flow of messages meanwhile."""
        return not self.app.flow_control.is_active()

    def assignment(self) -> Iterable[int]:
        """Partitions that Faust says are ours."""
        return [tp.partition for tp in self.app.consumer.assignment()]

    def generation(self) -> int:
        """That of the consumer group."""
        return int(self.app.consumer_generation_id)

    def highwater(self, partition: int) -> int | None:
        """Zero before the first fetch: Faust does not tell that from an empty partition."""
        return self.app.consumer.highwater(TP(self._writes, partition)) or 0

    async def seek(self, partition: int, offset: int) -> None:
        """Waits for it: `Consumer.seek` runs in the wrong thread."""
        await self.app.consumer.seek_wait({TP(self._writes, partition): offset})

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        """Sends a row and waits until it is acknowledged."""
        try:
            # The producer wakes all who wait for room at once: thousands of rows would do so in vain.
            async with self._lines[topic, partition]:
                sent = await self.app.producer.send(
                    topic, record.key, record.value, partition, None, cast(Any, list(record.headers))
                )
            return int((await sent).offset)
        except (ProducerSendError, KafkaError) as error:
            raise not_taken(self._options, topic, repr(error)) from error

    def crash(self, error: BaseException) -> None:
        """The app ends with it."""
        asyncio.get_running_loop().create_task(self.app.crash(error))

    # What Faust asks for

    async def _work(self, stream: Any) -> None:
        async for event in stream.noack().events():
            await self.core.take(_received(event.message))
            if self.core.failure is not None:
                await asyncio.sleep(3600)  # nothing more is taken while the app stops

    async def _tick(self) -> None:
        await self.core.seek_where_stalled(_STALL_SECONDS)
        await self.core.tick()

    def _commit_offsets(self) -> dict[TP, int]:
        return {TP(self._writes, number): offset for number, offset in self.core.commit_offsets().items()}

    async def _forget(self, *_: Any, **__: Any) -> None:
        self.core.forget()


class _Process(faust.Worker):
    """Faust's process around the app, whose end takes at most `STOP_SECONDS`."""

    def __init__(self, app: faust.App, failure: Failure, **options: Any) -> None:
        super().__init__(app, redirect_stdouts=False, quiet=True, **options)
        self.spinner = None  # it draws on terminals and leaves its escape codes in log files
        self._failure = failure

    async def stop(self) -> None:
        """Stops app and event loop; called for signals and after a failure."""
        end_within(STOP_SECONDS, self._failure)
        await super().stop()


def _received(message: Any) -> Received:
    headers = message.headers or ()
    return Received(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000) * 1000,
        message.key,
        message.value,
        tuple(headers.items() if isinstance(headers, Mapping) else headers),
    )


def run_faust(options: WorkerOptions, around_send: AroundSend | None = None) -> BaseException | None:
    """Runs a worker until SIGTERM or SIGINT; the failure that ended it, if one did."""
    shell = FaustShell(options, around_send)
    process = _Process(shell.app, lambda: shell.core.failure, loglevel=options.log_level)
    try:
        process.execute_from_commandline()
    except SystemExit:
        if shell.core.failure is None:
            raise
    return shell.core.failure
