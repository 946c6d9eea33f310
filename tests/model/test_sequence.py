"""Sequence numbers against a set of all that ever arrived."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.model.sequence import MAX_HOLES, take_sequence
from streams.model.state import AgentState


class Seen:
    """What is seen and what is missing, with nothing left out."""

    def __init__(self):
        self.seen = set()
        self.forgotten = -1

    def take(self, number):
        if number <= self.forgotten:
            return "forgotten"
        if number in self.seen:
            return "duplicate"
        self.seen.add(number)
        missing = self.missing()
        if len(missing) > MAX_HOLES:
            self.forgotten = missing[-MAX_HOLES - 1]
        return "new"

    def missing(self):
        return [n for n in range(self.forgotten + 1, max(self.seen)) if n not in self.seen]


steps = st.lists(st.one_of(st.integers(0, 30), st.integers(0, 300)), max_size=80)


@given(steps)
def test_it_tells_new_duplicate_and_forgotten_apart(numbers):
    agent, model = AgentState(epoch=0), Seen()
    for number in numbers:
        assert take_sequence(agent, number) == model.take(number)
        assert agent.high == max(model.seen, default=-1)
        assert agent.holes == model.missing()
        assert agent.floor == model.forgotten


@given(st.permutations(range(60)))
def test_any_order_is_all_new_once_and_all_duplicates_then(numbers):
    agent = AgentState(epoch=0)
    assert [take_sequence(agent, number) for number in numbers] == ["new"] * 60
    assert [take_sequence(agent, number) for number in numbers] == ["duplicate"] * 60
    assert (agent.holes, agent.floor) == ([], -1)


def test_sixty_four_holes_are_remembered_and_no_more():
    agent = AgentState(epoch=0)
    assert take_sequence(agent, 64) == "new"
    assert (len(agent.holes), agent.floor) == (64, -1)
    assert take_sequence(agent, 66) == "new"
    assert (len(agent.holes), agent.floor) == (64, 0)
    assert take_sequence(agent, 0) == "forgotten"
    assert take_sequence(agent, 1) == "new"
    assert take_sequence(agent, 1) == "duplicate"


def test_a_huge_jump_costs_nothing_and_is_never_called_a_duplicate():
    agent = AgentState(epoch=0)
    assert take_sequence(agent, 10) == "new"
    assert take_sequence(agent, (1 << 63) - 1) == "new"
    assert agent.floor == (1 << 63) - 2 - MAX_HOLES
    assert agent.holes == list(range(agent.floor + 1, (1 << 63) - 1))
    assert take_sequence(agent, 10) == "forgotten"
    assert take_sequence(agent, (1 << 63) - 2) == "new"
