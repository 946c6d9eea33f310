"""Order of rows, back-pressure and failure of deliveries, with a stand-in for the broker."""

import asyncio
from collections.abc import Callable

from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Define, Message, Origin, Refused
from streams.model.partition import Partition
from streams.processor import delivery
from streams.processor.delivery import Deliveries
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.wire.keys import parse_state_key
from streams.wire.record import Received, Record

US = 1_000_000
GEOMETRY = Geometry(interval_seconds=10, rungs_seconds=(), late_window_seconds=20, max_gap_seconds=60)


class Topics:
    """Notes what is sent; acknowledges in reverse order of sending, once `open` is set."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Record]] = []
        self.acknowledged: list[tuple[str, Record]] = []
        self.open = asyncio.Event()

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        self.sent.append((topic.removeprefix("linkgauge."), record))
        offset = len(self.sent)
        await self.open.wait()
        await asyncio.sleep(0.002 / offset)
        self.acknowledged.append((topic.removeprefix("linkgauge."), record))
        return offset


def received(offset: int) -> Received:
    return Received("linkgauge.writes", 0, offset, 0, b"g", b"", ())


def heartbeat(offset: int, until_seconds: int) -> Message:
    origin = Origin("a", "x", 0, offset, 0, until_seconds * US)
    return Message(offset, until_seconds * US, AgentMessage("heartbeat", origin))


def run(
    scenario: Callable[[Topics, Deliveries, Place], object], in_flight_bytes: int = 1 << 20
) -> list[object]:
    failures: list[object] = []

    async def main() -> None:
        topics = Topics()
        options = WorkerOptions("localhost:1", "w0", "cluster", "topic", in_flight_bytes=in_flight_bytes)
        place = Place(0, Partition(0))
        await scenario(topics, Deliveries(topics.send, options, failures.append), place)

    asyncio.run(main())
    return failures


async def take(deliveries: Deliveries, place: Place, message: Message) -> None:
    outcome = place.partition.take("g", message)
    await deliveries.submit(place, "g", received(message.offset), outcome)


async def settle(deliveries: Deliveries) -> None:
    """Until all is delivered; tests where nothing may be acknowledged yet look after a moment instead."""
    async with asyncio.timeout(60):
        while deliveries._tasks:  # noqa: ASYNC110  # the tasks are what is waited for
            await asyncio.sleep(0)


async def deliver_seven_marks(topics: Topics, deliveries: Deliveries, place: Place) -> None:
    """Those of the messages 0 to 6: a definition, and what closes an interval each."""
    topics.open.set()
    await take(deliveries, place, Message(0, 0, Define(Definition("g", (Member("a", "v"),), GEOMETRY))))
    for offset in range(1, 7):
        await take(deliveries, place, heartbeat(offset, offset * 10))
    await settle(deliveries)


def marks_left(topics: Topics) -> set[int]:
    left: set[int] = set()
    for topic, record in topics.acknowledged:
        if topic == "state":
            offset = parse_state_key(record.key).offset
            left = left - {offset} if record.value is None else left | {offset}
    return left


async def a_moment() -> None:
    await asyncio.sleep(0.05)


def test_rows_are_acknowledged_before_the_mark_and_the_mark_before_the_release():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await take(deliveries, place, Message(0, 0, Define(Definition("g", (Member("a", "v"),), GEOMETRY))))
        await take(deliveries, place, Message(1, 0, Refused("bad", "bad")))
        await take(deliveries, place, heartbeat(2, 25))
        await a_moment()
        assert [topic for topic, _ in topics.sent] == ["groups"]
        assert place.partition.commit_offset() == 0
        topics.open.set()
        await settle(deliveries)
        order = [topic for topic, _ in topics.acknowledged]
        assert order == [
            "groups",
            "state",
            "dead-letters",
            "tables",
            "tables",
            "intervals",
            "intervals",
            "state",
        ] or sorted(order[3:7]) == ["intervals", "intervals", "tables", "tables"]
        assert place.partition.commit_offset() == 2

    assert run(scenario) == []


def test_the_newest_three_marks_of_a_group_stay_on_the_topic():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await deliver_seven_marks(topics, deliveries, place)
        assert marks_left(topics) == {0, 1, 2, 3, 4, 5, 6}
        await deliveries.remove_worn()
        assert marks_left(topics) == {4, 5, 6}

    assert run(scenario) == []


def test_closing_comes_before_the_removal_of_marks_unless_they_are_many(monkeypatch):
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await deliver_seven_marks(topics, deliveries, place)
        await take(deliveries, place, heartbeat(7, 70))
        await deliveries.remove_worn()
        assert marks_left(topics) == {0, 1, 2, 3, 4, 5, 6}
        monkeypatch.setattr(delivery, "_MOST_WORN", 4)
        await deliveries.remove_worn()
        assert marks_left(topics) >= {4, 5, 6}
        assert not marks_left(topics) & {0, 1, 2, 3}

    assert run(scenario) == []


def test_marks_of_partitions_that_are_somebody_elses_now_stay():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await deliver_seven_marks(topics, deliveries, place)
        deliveries.forget()
        await deliveries.remove_worn()
        assert marks_left(topics) == {0, 1, 2, 3, 4, 5, 6}

    assert run(scenario) == []


def test_a_full_flight_holds_further_messages_back():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await take(deliveries, place, Message(0, 0, Define(Definition("g", (Member("a", "v"),), GEOMETRY))))
        waiting = asyncio.create_task(take(deliveries, place, heartbeat(1, 100)))
        await a_moment()
        assert not waiting.done()
        topics.open.set()
        await asyncio.wait_for(waiting, 5)

    assert run(scenario, in_flight_bytes=2000) == []


def test_a_row_that_cannot_be_sent_fails_the_worker_and_releases_nothing():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        async def refuse(topic: str, record: Record, partition: int | None) -> int:
            raise OSError("disk full")

        deliveries._send = refuse
        await take(deliveries, place, Message(0, 0, Define(Definition("g", (Member("a", "v"),), GEOMETRY))))
        await settle(deliveries)
        assert place.partition.commit_offset() == 0

    (failure,) = run(scenario)
    assert str(failure) == "disk full"


def test_what_belongs_to_somebody_else_now_is_dropped():
    async def scenario(topics: Topics, deliveries: Deliveries, place: Place) -> None:
        await take(deliveries, place, Message(0, 0, Define(Definition("g", (Member("a", "v"),), GEOMETRY))))
        deliveries.forget()
        topics.open.set()
        await a_moment()
        assert topics.acknowledged == []
        assert place.partition.commit_offset() == 0

    assert run(scenario) == []
