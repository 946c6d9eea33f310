"""A live agent: what is handed in is sent or declared lost, and messages vouch for no more than is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from streams.agents.buffer import WriteBuffer
from streams.agents.chain import Chain
from streams.agents.foldbuffer import FoldBuffer
from streams.agents.live import LiveAgent, Moment, heartbeat_seconds
from streams.agents.parcels import Waiting
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch


def batch(times_us: list[int]) -> WriteBatch:
    count = len(times_us)
    zeros = np.zeros(count, np.uint64)
    return WriteBatch(np.array(times_us, np.int64), np.zeros(count, np.int32), ("v",), zeros, zeros)


def at(seconds: float, promised_us: int) -> Callable[[], Moment]:
    return lambda: Moment(seconds, promised_us)


class LiveMachine(RuleBasedStateMachine):
    """Drives an agent like its embedder: writes are never older than what was promised."""

    step_us = 1
    buffer: Callable[[], Waiting] = WriteBuffer

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.promised_us = 0
        self.is_full = False
        self.handed: list[int] = []
        self.messages: list[AgentMessage] = []
        self.agent = LiveAgent(
            chain=Chain("array", "agent", 1, 0),
            send=self.messages.append,
            full=lambda: self.is_full,
            idle_seconds=30.0,
            on_full="drop",
            waiting=type(self).buffer(),
        )

    def now(self) -> Moment:
        return Moment(self.seconds, self.promised_us)

    @rule(ahead_us=st.integers(0, 20))
    def write(self, ahead_us):
        time_us = self.promised_us + ahead_us * self.step_us
        self.handed.append(time_us)
        self.agent.write("v", 0, 1, time_us, self.now)

    @rule(count=st.sampled_from([0, 1, 5000, 20_000]), seed=st.integers(0, 99))
    def write_batch(self, count, seed):
        times = self.promised_us + np.random.default_rng(seed).integers(0, 20, count) * self.step_us
        self.handed += times.tolist()
        self.agent.write_batch(batch(times.tolist()), self.now)

    @rule(seconds=st.sampled_from([0.1, 9.9, 10.0, 31.0]), promise_us=st.integers(0, 15))
    def time_passes(self, seconds, promise_us):
        self.seconds += seconds
        self.promised_us += promise_us * self.step_us

    @rule()
    def keep(self):
        self.agent.keep(self.now())

    @rule(full=st.booleans())
    def broker(self, full):
        self.is_full = full

    @precondition(lambda self: not self.is_full)
    @rule()
    def drain(self):
        self.agent.drain(self.now())

    @invariant()
    def messages_join(self):
        reached = 0
        for number, message in enumerate(self.messages):
            origin = message.origin
            assert (origin.sequence, origin.observed_from_us) == (number, reached)
            assert reached <= origin.watermark_us <= max(self.promised_us, reached)
            if message.writes is not None:
                assert len(message.writes) <= 8192
                assert message.writes.time_us.min() >= reached
            reached = origin.watermark_us

    def teardown(self):
        self.promised_us += 100 * self.step_us
        self.agent.bye(self.now())
        self.check()

    def check(self):
        sent = [t for m in self.messages if m.writes is not None for t in m.writes.time_us.tolist()]
        lost = sum(m.origin.lost_writes for m in self.messages)
        assert self.messages[-1].kind == "bye"
        assert self.agent.sent_writes == len(sent)
        assert self.agent.dropped_writes == lost
        assert len(sent) + lost == len(self.handed)
        dropped = np.bincount(self.handed, minlength=1) - np.bincount(
            sent, minlength=max(self.handed, default=0) + 1
        )
        assert (dropped >= 0).all()
        for message in self.messages:
            origin = message.origin
            if not origin.lost_writes:
                assert not dropped[origin.observed_from_us : origin.watermark_us].any()


class FoldingMachine(LiveMachine):
    """The same, folded: which write of a window was dropped cannot be told, how many can."""

    step_us = US // 3
    buffer = staticmethod(lambda: FoldBuffer(Definition("g", (Member("array", "v"),)), "array"))

    def check(self):
        window_us = 10 * US
        dropped = Counter(time_us // window_us for time_us in self.handed)
        for message in self.messages:
            for fold in message.folds:
                dropped[fold.start_us // window_us] -= fold.writes
        assert min(dropped.values(), default=0) >= 0
        lost = sum(message.origin.lost_writes for message in self.messages)
        assert self.agent.dropped_writes == lost == dropped.total()
        assert self.agent.sent_writes + lost == len(self.handed)
        for message in self.messages:
            origin = message.origin
            if not origin.lost_writes:
                whole = range(-(-origin.observed_from_us // window_us), origin.watermark_us // window_us)
                assert not any(dropped[window] for window in whole)


TestLiveMachine = LiveMachine.TestCase
TestFoldingMachine = FoldingMachine.TestCase
TestLiveMachine.settings = TestFoldingMachine.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None
)


def collecting(**options: object) -> tuple[LiveAgent, list[AgentMessage]]:
    messages: list[AgentMessage] = []
    agent = LiveAgent(Chain("array", "agent", 1, 0), messages.append, lambda: False, 30.0, **options)
    return agent, messages


def test_a_batch_closes_at_8192_writes():
    agent, messages = collecting()
    agent.write_batch(batch(list(range(8191))), at(0.0, 0))
    assert messages == []
    agent.write("v", 0, 1, 8191, at(0.0, 0))
    assert [len(message.writes) for message in messages] == [8192]


def test_a_batch_closes_10_s_after_its_first_write():
    agent, messages = collecting()
    agent.write("v", 0, 1, 5, at(100.0, 0))
    agent.keep(Moment(109.9, 50))
    assert messages == []
    agent.keep(Moment(110.0, 50))
    assert [(m.kind, len(m.writes), m.origin.watermark_us) for m in messages] == [("writes", 1, 50)]


def test_an_idle_agent_sends_heartbeats_and_a_busy_one_none():
    agent, messages = collecting()
    for second in range(65):
        agent.keep(Moment(float(second), second))
    assert [(m.kind, m.origin.watermark_us) for m in messages] == [("heartbeat", 30), ("heartbeat", 60)]
    agent.write("v", 0, 1, 70, at(89.0, 70))
    agent.keep(Moment(91.0, 70))
    assert len(messages) == 2


def test_what_is_pending_is_not_vouched_for():
    agent, messages = collecting()
    agent.write_batch(batch([5] * 8192 + [3]), at(0.0, 9))
    assert [message.origin.watermark_us for message in messages] == [3]


def test_a_full_outbox_is_not_waited_for_by_the_keeper():
    messages: list[AgentMessage] = []
    agent = LiveAgent(Chain("array", "agent", 1, 0), messages.append, lambda: True, 30.0)
    agent.write("v", 0, 1, 5, at(0.0, 0))
    agent.keep(Moment(60.0, 9))
    assert messages == []


@pytest.mark.parametrize(("interval_seconds", "idle"), [(300, 30.0), (120, 30.0), (60, 15.0), (1, 0.25)])
def test_how_long_an_agent_may_be_idle(interval_seconds, idle):
    assert heartbeat_seconds(interval_seconds) == idle
