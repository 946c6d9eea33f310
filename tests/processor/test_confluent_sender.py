"""Rows through librdkafka, to the imitation of a broker that it brings."""

import asyncio
from collections.abc import Callable

import pytest

from streams.errors import BrokerError
from streams.processor.confluent_sender import Sender
from streams.processor.options import WorkerOptions
from streams.wire.record import Record

IMITATION = {"test.mock.num.brokers": "1"}


def run(scenario: Callable[[Sender], object], **options: object) -> None:
    async def main() -> None:
        sender = Sender(WorkerOptions("localhost:1", "w0", "cluster", "topic", **options))
        try:
            await scenario(sender)
        finally:
            sender.close()

    asyncio.run(main())


def test_rows_of_a_partition_keep_their_order_and_tell_their_offsets():
    async def scenario(sender: Sender) -> None:
        rows = [sender.send("t", Record(b"k", str(n).encode(), (("h", b"v"),)), 0) for n in range(2_000)]
        assert await asyncio.gather(*rows) == list(range(2_000))

    run(scenario, client=IMITATION)


def test_more_than_the_producer_has_room_for_waits():
    async def scenario(sender: Sender) -> None:
        rows = [sender.send("t", Record(b"k", bytes(100_000)), 0) for _ in range(40)]
        assert sorted(await asyncio.gather(*rows)) == list(range(40))

    run(scenario, client=IMITATION, in_flight_bytes=1 << 20)


def test_a_row_that_nobody_waits_for_any_more_disturbs_nothing():
    async def scenario(sender: Sender) -> None:
        forgotten = asyncio.create_task(sender.send("t", Record(b"k", b"1"), 0))
        await asyncio.sleep(0)
        forgotten.cancel()
        assert await sender.send("t", Record(b"k", b"2"), 0) == 1

    run(scenario, client=IMITATION)


def test_kafka_that_is_away_for_too_long_is_told_with_topic_and_remedy():
    async def scenario(sender: Sender) -> None:
        with pytest.raises(BrokerError, match=r"topic t at localhost:1 did not take a row .*mend Kafka"):
            await sender.send("t", Record(b"k", b"v"), 0)

    run(scenario, patience_seconds=1)


def test_a_row_larger_than_any_message_is_refused_at_once():
    async def scenario(sender: Sender) -> None:
        with pytest.raises(BrokerError, match="MSG_SIZE_TOO_LARGE"):
            await sender.send("t", Record(b"k", bytes(3 << 20)), 0)

    run(scenario, client=IMITATION)
