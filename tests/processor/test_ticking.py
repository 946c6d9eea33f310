from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Define, Message, Origin
from streams.model.partition import Partition
from streams.processor.place import Place
from streams.processor.ticking import due

US = 1_000_000
GEOMETRY = Geometry(interval_seconds=10, rungs_seconds=(), tick_seconds=5, silent_after_seconds=20)


def place_with_a_group(expected_agents: int = 1) -> Place:
    place = Place(0, Partition(0))
    definition = Definition("g", (Member("a", "v"),), GEOMETRY, expected_agents)
    place.partition.take("g", Message(0, 0, Define(definition)))
    return place


def heartbeat(offset: int, kind: str = "heartbeat") -> Message:
    origin = Origin("a", "x", 0, offset - 1, 0, 5 * US)
    return Message(offset, 5 * US, AgentMessage(kind, origin))


def test_a_group_whose_agent_never_came_is_ticked_once_a_tick_length():
    place = place_with_a_group()
    assert [list(due(place, now)) for now in (0.0, 1.0, 4.9, 5.0, 11.0)] == [["g"], [], [], ["g"], ["g"]]


def test_a_group_whose_agents_speak_is_left_alone():
    place = place_with_a_group()
    place.partition.take("g", heartbeat(1))
    place.heard["g", "a/x"] = 100.0
    assert list(due(place, 104.0)) == []
    assert list(due(place, 105.0)) == ["g"]


def test_one_quiet_agent_of_two_is_enough():
    place = place_with_a_group(expected_agents=2)
    place.partition.take("g", heartbeat(1))
    place.heard["g", "a/x"] = 100.0
    assert list(due(place, 101.0)) == ["g"]


def test_a_group_whose_agents_left_is_ticked_until_nothing_is_held():
    place = place_with_a_group()
    outcome = place.partition.take("g", heartbeat(1, "bye"))
    assert list(due(place, 0.0)) == ["g"]
    place.partition.acknowledged("g", outcome.mark)
    assert list(due(place, 10.0)) == []
