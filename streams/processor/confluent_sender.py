"""Rows sent through librdkafka, each awaited until the broker has acknowledged it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.processor.core import not_taken
from streams.processor.options import WorkerOptions
from streams.wire.record import Record

__all__ = ["Sender"]

_POLL_SECONDS = 0.1
_FULL_PAUSE_SECONDS = 0.01

_BY_KEY = -1

_Delivered = Callable[[KafkaError | None, Message], None]
_Answer = tuple[asyncio.Future[int], KafkaError | None, int]


class Sender:
    """An idempotent producer whose reports come in a thread of their own, to be created in the event loop.

    The loop is woken once for all reports that came together, not once for each.
    """

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._producer = Producer(_settings(options))
        self._answers: deque[_Answer] = deque()
        self._woken = False
        self._over = False
        threading.Thread(target=self._hear, name="reports", daemon=True).start()

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        """As `delivery.Send`.

        Raises:
            BrokerError: Kafka does not take the row.
        """
        answer: asyncio.Future[int] = self._loop.create_future()

        def delivered(error: KafkaError | None, message: Message) -> None:
            self._note((answer, error, message.offset() or 0))

        while not self._produce(topic, record, partition, delivered):  # noqa: ASYNC110  # nothing tells of room
            await asyncio.sleep(_FULL_PAUSE_SECONDS)
        try:
            return await answer
        except KafkaException as error:
            raise not_taken(self._options, topic, str(error.args[0])) from error

    def close(self) -> None:
        """Ends the thread; what is not acknowledged yet is dropped."""
        self._over = True
        self._producer.purge()

    def _produce(self, topic: str, record: Record, partition: int | None, delivered: _Delivered) -> bool:
        """Whether the producer had room for it."""
        where = _BY_KEY if partition is None else partition
        headers = cast("Any", list(record.headers))  # their type asks for more than they do
        try:
            self._producer.produce(
                topic, record.value, record.key, where, on_delivery=delivered, headers=headers
            )
        except BufferError:
            return False
        except KafkaException as error:
            raise not_taken(self._options, topic, str(error.args[0])) from error
        return True

    def _hear(self) -> None:
        while not self._over:
            self._producer.poll(_POLL_SECONDS)

    def _note(self, answer: _Answer) -> None:
        self._answers.append(answer)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._answer_all)

    def _answer_all(self) -> None:
        self._woken = False  # first: what comes from now on wakes us again
        while self._answers:
            future, error, offset = self._answers.popleft()
            if future.done():
                continue  # nobody waits any more
            if error is None:
                future.set_result(offset)
            else:
                future.set_exception(KafkaException(error))


def _settings(options: WorkerOptions) -> dict[str, Any]:
    return {
        **options.client,
        "bootstrap.servers": options.bootstrap,
        "client.id": options.name,
        "enable.idempotence": True,
        "acks": "all",
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "message.max.bytes": 2 << 20,
        "message.timeout.ms": int(options.patience_seconds * 1000),
        "queue.buffering.max.kbytes": 2 * options.in_flight_bytes >> 10,
        "reconnect.backoff.max.ms": 1000,
        "log_level": 2,
    }
