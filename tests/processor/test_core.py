"""The rule of a worker, whatever Kafka client is around it: with a stand-in for client and loading."""

import asyncio
from collections.abc import Callable

import pytest

from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Define, Origin
from streams.model.partition import Partition
from streams.processor import core as module
from streams.processor.core import Core
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.wire.agent import encode_message
from streams.wire.record import Received, Record

US = 1_000_000
OPTIONS = WorkerOptions("localhost:1", "w0", "cluster", "topic")
GEOMETRY = Geometry(interval_seconds=10, rungs_seconds=(), tick_seconds=1, silent_after_seconds=2)
DEFINITION = Definition("g", (Member("a", "v"),), GEOMETRY)


class Client:
    """Notes what it is asked for; `end` is the end of every partition, `log` what the log really holds."""

    def __init__(self) -> None:
        self.stopping = self.rebalancing = False
        self.number = 0
        self.end: int | None = None
        self.start = 0
        self.log: list[int] = []
        self.asked: list[object] = []
        self.core = Core(OPTIONS, self)

    def assignment(self) -> list[int]:
        return [0]

    def generation(self) -> int:
        return self.number

    def highwater(self, partition: int) -> int | None:
        return self.end

    async def seek(self, partition: int, offset: int) -> None:
        self.asked.append(("seek", partition, offset))

    async def send(self, topic: str, record: Record, partition: int | None) -> int:
        self.asked.append(topic)
        return 0

    def crash(self, error: BaseException) -> None:
        self.asked.append(error)

    def sought(self) -> list[int]:
        return [asked[2] for asked in self.asked if isinstance(asked, tuple)]


@pytest.fixture
def run(monkeypatch) -> Callable[[Callable[[Client], object]], Client]:
    def run(scenario: Callable[[Client], object]) -> Client:
        async def main() -> Client:
            client = Client()
            monkeypatch.setattr(module, "load", lambda _, number: Place(number, Partition(client.start)))
            found = lambda _, __, start: next((one for one in client.log if one >= start), None)  # noqa: E731
            monkeypatch.setattr(module, "first_offset", found)
            monkeypatch.setattr(module, "end_within", lambda *_: None)
            await scenario(client)
            return client

        return asyncio.run(main())

    return run


def message(offset: int, body: object = None, at_us: int = 5 * US) -> Received:
    """By default a heartbeat, which completes what ends up to this time."""
    heartbeat = AgentMessage("heartbeat", Origin("a", "x", 0, offset, 0, at_us))
    record = encode_message("g", body or heartbeat)
    return Received(OPTIONS.topic("writes"), 0, offset, at_us, record.key, record.value, record.headers)


def test_messages_are_taken_once_and_in_order(run):
    async def scenario(client: Client) -> None:
        client.start = 3
        for offset in (2, 3, 3, 4, 0):
            await client.core.take(message(offset))
        assert client.core.commit_offsets() == {
            0: 3
        }  # of an unknown group: held until their letters lie there
        assert await client.core.load([0]) == {0: 5}

    assert run(scenario).sought() == []


def test_a_message_that_was_passed_over_is_gone_back_to_once(run):
    async def scenario(client: Client) -> None:
        client.log = [0, 1, 2, 3]
        for offset in (0, 2, 3):
            await client.core.take(message(offset))
        assert await client.core.load([0]) == {0: 1}

    assert run(scenario).sought() == [1]


def test_offsets_that_the_log_does_not_have_are_passed(run):
    async def scenario(client: Client) -> None:
        client.log = [0, 2]
        for offset in (0, 2):
            await client.core.take(message(offset))
        assert await client.core.load([0]) == {0: 3}

    assert run(scenario).sought() == []


CHANGES = {
    "generation": lambda client: setattr(client, "number", 1),
    "rebalancing": lambda client: setattr(client, "rebalancing", True),
    "forget": lambda client: client.core.forget(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_loaded_across_a_rebalance_is_not_trusted(run, change, monkeypatch):
    async def scenario(client: Client) -> None:
        def load(_: WorkerOptions, number: int) -> Place:
            CHANGES[change](client)
            return Place(number, Partition(0))

        monkeypatch.setattr(module, "load", load)
        assert await client.core.load([0]) == {}
        assert client.core.commit_offsets() == {}

    run(scenario)


@pytest.mark.parametrize(("end", "ticks"), [(None, 0), (2, 0), (1, 1), (0, 1)])
def test_groups_are_ticked_only_where_we_know_that_we_have_caught_up(run, end, ticks):
    async def scenario(client: Client) -> None:
        await client.core.take(message(0, Define(DEFINITION)))
        client.end = end
        await client.core.tick()

    assert run(scenario).asked.count(OPTIONS.topic("writes")) == ticks


def test_marks_that_newer_ones_have_replaced_are_removed_with_the_next_tick(run):
    async def scenario(client: Client) -> None:
        await client.core.take(message(0, Define(DEFINITION)))
        for offset in range(1, 5):
            await client.core.take(message(offset, at_us=10 * offset * US))
        async with asyncio.timeout(60):
            while client.core.commit_offsets() != {0: 5}:  # noqa: ASYNC110  # nothing tells of it
                await asyncio.sleep(0.01)
        before = client.asked.count(OPTIONS.topic("state"))
        await client.core.tick()
        assert before == 5
        assert client.asked.count(OPTIONS.topic("state")) == 7

    run(scenario)


def test_a_stalled_partition_is_read_again_from_where_it_stood(run):
    async def scenario(client: Client) -> None:
        await client.core.take(message(0, Define(DEFINITION)))
        client.end = 1
        await client.core.seek_where_stalled(0)
        client.end = 2
        await client.core.seek_where_stalled(60)
        await client.core.seek_where_stalled(0)

    assert run(scenario).sought() == [1]


def test_a_failure_ends_the_worker_once_and_commits_nothing(run, monkeypatch):
    async def scenario(client: Client) -> None:
        await client.core.take(message(0, Define(DEFINITION)))
        monkeypatch.setattr(module, "read_message", lambda *_: 1 / 0)
        for offset in (1, 1):
            await client.core.take(message(offset))
        await client.core.tick()
        assert client.core.commit_offsets() == {}
        assert isinstance(client.core.failure, ZeroDivisionError)

    assert len([one for one in run(scenario).asked if isinstance(one, Exception)]) == 1


def test_a_partition_that_cannot_be_loaded_ends_the_worker(run, monkeypatch):
    def refuse(*_: object) -> Place:
        raise OSError("gone")

    async def scenario(client: Client) -> None:
        monkeypatch.setattr(module, "load", refuse)
        assert await client.core.load([0, 1]) == {}
        assert str(client.core.failure) == "gone"

    run(scenario)


def test_a_worker_on_its_way_out_does_not_fail_any_more(run):
    async def scenario(client: Client) -> None:
        client.stopping = True
        client.core.fail(OSError("too late"))
        assert client.core.failure is None

    assert run(scenario).asked == []
