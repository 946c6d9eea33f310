"""The outbox: bounded, in order, and nothing counts as safe that the broker has not acknowledged."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from confluent_kafka import KafkaError

from streams.agents import outbox as module
from streams.agents.outbox import Outbox, OutboxLimits
from streams.errors import BrokerError, BrokerUnreachable, TopicMismatch
from streams.store.source import Source
from streams.wire.record import Record

RECORD = Record(b"group", b"x" * 100, (("kind", b"writes"),))


class FakeProducer:
    """Keeps messages until `deliver` is called; `poll` delivers one where it is patient."""

    def __init__(self) -> None:
        self.held: deque[tuple[dict[str, Any], Callable[..., None]]] = deque()
        self.sent: list[dict[str, Any]] = []
        self.error: KafkaError | None = None
        self.refusals = 0

    def produce(self, topic: str, **message: Any) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BufferError
        self.held.append(({"topic": topic, **message}, message.pop("on_delivery")))

    def poll(self, timeout: float) -> int:
        return self.deliver(1) if timeout else 0

    def flush(self, timeout: float) -> int:
        del timeout
        return len(self.held)

    def deliver(self, count: int) -> int:
        for _ in range(min(count, len(self.held))):
            message, on_delivery = self.held.popleft()
            self.sent.append(message)
            on_delivery(self.error, None)
        return count


def outbox(**limits: Any) -> tuple[Outbox, FakeProducer]:
    producer = FakeProducer()
    return Outbox(Source("nowhere:1"), "writes", OutboxLimits(**limits), producer), producer


def test_what_is_sent_counts_as_unacknowledged_until_it_is_delivered():
    box, producer = outbox()
    box.send(RECORD)
    assert (box.sent_messages, box.unacknowledged, box.unacknowledged_bytes) == (1, 1, RECORD.size_bytes())
    producer.deliver(1)
    assert (box.sent_messages, box.unacknowledged, box.unacknowledged_bytes) == (1, 0, 0)
    sent = producer.sent[0]
    assert (sent["topic"], sent["key"], sent["value"]) == ("linkgauge.writes", b"group", RECORD.value)
    assert sent["headers"] == [("kind", b"writes")]


def test_callbacks_never_run_in_the_main_thread_where_ctrl_c_would_be_lost():
    class Watched(FakeProducer):
        def poll(self, timeout: float) -> int:
            served.append(threading.current_thread())
            return super().poll(timeout)

        def flush(self, timeout: float) -> int:
            served.append(threading.current_thread())
            return super().flush(timeout)

    served: list[threading.Thread] = []
    box = Outbox(Source("nowhere:1"), producer=Watched())
    box.poll()
    box.flush(1.0)
    assert len(served) == 2
    assert threading.main_thread() not in served


def test_what_waits_in_the_main_thread_is_no_python_code_that_would_swallow_ctrl_c():
    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_globals is not vars(module):
            ran.add(f"{frame.f_globals['__name__']}.{frame.f_code.co_name}")

    ran: set[str] = set()
    box, _ = outbox()
    sys.setprofile(note)
    try:
        box.poll()
        box.flush(1.0)
    finally:
        sys.setprofile(None)
    assert ran == {"threading.current_thread", "threading.main_thread"}


def test_a_full_outbox_makes_the_sender_wait_for_room():
    box, producer = outbox(max_messages=2)
    for _ in range(5):
        box.send(RECORD)
        assert len(producer.held) <= 2
    assert len(producer.sent) == 3


def test_bytes_are_a_limit_too():
    box, producer = outbox(max_bytes=2 * RECORD.size_bytes())
    assert not box.full
    box.send(RECORD)
    box.send(RECORD)
    assert box.full
    producer.deliver(1)
    assert not box.full


def test_a_full_client_queue_is_waited_for():
    box, producer = outbox()
    producer.refusals = 3
    box.send(RECORD)
    assert len(producer.held) == 1


def test_a_failed_delivery_stops_everything_after_it():
    box, producer = outbox()
    box.send(RECORD)
    producer.error = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    producer.deliver(1)
    for call in (lambda: box.send(RECORD), box.poll, lambda: box.flush(1.0), box.check):
        with pytest.raises(BrokerError, match="not delivered, nothing after it is sent"):
            call()
    assert len(producer.held) == 0


def test_flushing_in_vain_is_an_error():
    box, _ = outbox()
    box.send(RECORD)
    with pytest.raises(BrokerError, match="1 messages are not acknowledged after 1 s"):
        box.flush(1.0)


def test_a_broker_that_is_not_there_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.5)
    with pytest.raises(BrokerUnreachable, match=r"no Kafka broker answers at localhost:1 .* `linkgauge up`"):
        Outbox(Source("localhost:1"), "writes")


@pytest.mark.broker
def test_a_topic_that_is_not_there_is_named_with_the_remedy(broker):
    with pytest.raises(TopicMismatch, match=r"none\.\* is missing .* `linkgauge topics create`"):
        Outbox(Source(broker.bootstrap, "none."), "writes")
