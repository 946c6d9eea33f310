"""What comes from librdkafka, what is committed and who owns what, with a stand-in for its consumer."""

from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.errors import BrokerError
from streams.processor import confluent_consumer as module
from streams.processor.confluent_consumer import AT_ONCE, FETCH_BYTES, QUEUED_KBYTES, Intake
from streams.processor.options import WorkerOptions

OPTIONS = WorkerOptions("localhost:1", "w0", "cluster", "topic")
TOPIC = OPTIONS.topic("writes")


class Library:
    """Gives the lists that it was given, and notes what it is told."""

    def __init__(self, settings) -> None:
        self.settings = settings
        self.lists: list[list[object]] = []
        self.told: list[tuple[object, ...]] = []
        self.before_list = {}
        self.refusal: KafkaException | None = None

    def subscribe(self, _, *, on_assign, on_revoke, on_lost) -> None:
        self.assigns = lambda *numbers: on_assign(self, [TopicPartition(TOPIC, one) for one in numbers])
        self.revokes, self.loses = (lambda: on_revoke(self, [])), (lambda: on_lost(self, []))

    def consume(self, count, _) -> list[object]:
        self.before_list.pop(len(self.lists), lambda: None)()
        return self.lists.pop(0)[:count] if self.lists else []

    def assign(self, places) -> None:
        self.told.append(("assign", *((place.partition, place.offset) for place in places)))

    def unassign(self) -> None:
        self.told.append(("unassign",))

    def commit(self, *, offsets, asynchronous=True) -> None:
        if self.refusal is not None:
            raise self.refusal
        kind = "commit" if asynchronous else "commit and wait"
        self.told.append((kind, *((place.partition, place.offset) for place in offsets)))


class Owner:
    def __init__(self) -> None:
        self.intake: Intake
        self.starts = {0: 7, 1: 9}
        self.seen: list[tuple[object, ...]] = []

    def gained(self, partitions):
        self.seen.append(("gained", *partitions))
        return {number: self.starts[number] for number in partitions}

    def committable(self):
        return {0: 8}

    def lost(self) -> None:
        self.seen.append(("lost", self.intake.assigned, self.intake.generation))


@pytest.fixture
def parts(monkeypatch) -> tuple[Intake, Library, Owner]:
    monkeypatch.setattr(module, "Consumer", Library)
    owner = Owner()
    owner.intake = Intake(OPTIONS, owner)
    library: Library = owner.intake._consumer
    return owner.intake, library, owner


def message(partition: int, error: object = None) -> SimpleNamespace:
    return SimpleNamespace(partition=lambda: partition, error=lambda: error)


def failure(code: int, *, fatal: bool = False) -> KafkaError:
    return KafkaError(code, "why", fatal)


def test_partitions_are_read_from_where_the_owner_says(parts):
    intake, library, owner = parts
    library.assigns(0, 1)
    assert owner.seen == [("gained", 0, 1)]
    assert library.told == [("assign", (0, 7), (1, 9))]
    assert intake.assigned == (0, 1)


def test_partitions_that_the_owner_does_not_take_are_not_read(parts):
    intake, library, owner = parts
    owner.gained = lambda _: {1: 9}
    library.assigns(0, 1)
    assert library.told == [("assign", (1, 9))]
    assert intake.assigned == (1,)


def test_a_first_message_and_what_came_with_it_are_one_list(parts):
    intake, library, _ = parts
    library.assigns(0)
    many = [message(0) for _ in range(AT_ONCE + 5)]
    library.lists = [many[:1], many[1:]]
    assert intake.fetch() == many[:AT_ONCE]
    assert intake.fetch() == []


def test_messages_from_before_a_rebalance_are_dropped(parts):
    intake, library, _ = parts
    library.assigns(0)
    library.lists, library.before_list = [[message(0)], [message(0)]], {1: library.revokes}
    assert intake.fetch() == []
    library.lists = [[message(0)], [message(0)]]
    assert intake.fetch() == []  # nothing is ours
    library.lists, library.before_list = [[message(0)], [message(0)]], {2: lambda: library.assigns(0)}
    assert len(intake.fetch()) == 2


def test_what_is_given_back_is_committed_first_and_then_nobody_s(parts):
    intake, library, owner = parts
    library.assigns(0, 1)
    library.revokes()
    assert library.told[1:] == [("commit and wait", (0, 8)), ("unassign",)]
    assert owner.seen[1:] == [("lost", (), intake.generation)]


def test_what_is_lost_is_not_committed(parts):
    _, library, _ = parts
    library.assigns(0, 1)
    library.loses()
    assert library.told[1:] == [("unassign",)]


def test_positions_are_committed_when_they_move_and_never_go_back(parts):
    intake, library, _ = parts
    library.assigns(0, 1)
    for offsets in ({0: 7, 1: 9}, {0: 7, 1: 9}, {0: 6, 1: 12}, {}):
        intake.commit(offsets, intake.generation)
    assert library.told[1:] == [("commit", (0, 7), (1, 9)), ("commit", (1, 12))]


def test_a_position_of_another_generation_is_not_committed(parts):
    intake, library, _ = parts
    library.assigns(0)
    generation = intake.generation
    library.revokes()
    library.assigns(0)
    del library.told[:]
    intake.commit({0: 20}, generation)
    assert library.told == []


def test_a_commit_that_failed_is_tried_again(parts):
    intake, library, _ = parts
    library.assigns(0)
    library.refusal = KafkaException(failure(KafkaError._TRANSPORT))
    intake.commit({0: 7}, intake.generation)
    library.refusal = None
    intake.commit({0: 7}, intake.generation)
    library.settings["on_commit"](failure(KafkaError.NOT_COORDINATOR), [TopicPartition(TOPIC, 0, 7)])
    intake.commit({0: 7}, intake.generation)
    library.settings["on_commit"](None, [TopicPartition(TOPIC, 0, 7)])
    intake.commit({0: 7}, intake.generation)
    assert library.told[1:] == [("commit", (0, 7))] * 2


@pytest.mark.parametrize(
    "error",
    [
        failure(KafkaError.FENCED_INSTANCE_ID),
        failure(KafkaError.GROUP_AUTHORIZATION_FAILED),
        failure(KafkaError.UNKNOWN, fatal=True),
    ],
)
def test_what_does_not_go_away_ends_the_reading(parts, error):
    intake, library, _ = parts
    library.lists = [[message(0, error)], []]
    with pytest.raises(BrokerError, match=r"linkgauge\.worker at localhost:1.*worker\.name"):
        intake.fetch()


def test_what_goes_away_is_told_once_and_read_past(parts, capsys):
    intake, library, _ = parts
    library.assigns(0)
    trouble = message(0, failure(KafkaError._ALL_BROKERS_DOWN))
    good = message(0)
    library.lists = [[trouble], [trouble, good]]
    assert intake.fetch() == [good]
    assert capsys.readouterr().out.count("kafka_trouble") == 1


def test_workers_on_another_shell_are_told_once_their_sessions_are_over(parts, monkeypatch):
    intake, library, _ = parts
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    library.lists = [[message(0, failure(KafkaError.INCONSISTENT_GROUP_PROTOCOL))], []]
    assert intake.fetch() == []
    now[0] += 2 * OPTIONS.session_timeout_seconds
    assert intake.fetch() == []
    now[0] += 2 * OPTIONS.session_timeout_seconds
    with pytest.raises(BrokerError, match=r"same worker\.shell"):
        intake.fetch()


def test_settings_that_the_rule_and_the_bounds_of_memory_need(parts):
    _, library, _ = parts
    wanted = {
        "group.id": "linkgauge.worker",
        "group.instance.id": "w0",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "session.timeout.ms": 6000,
        "queued.max.messages.kbytes": QUEUED_KBYTES,
        "fetch.max.bytes": FETCH_BYTES,
    }
    assert wanted.items() <= library.settings.items()
