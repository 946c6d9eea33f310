"""Writes that are folded while they wait give the group what the same writes give it one by one."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents import foldbuffer
from streams.agents.batching import MAX_WRITES
from streams.agents.buffer import WriteBuffer
from streams.agents.chain import Chain
from streams.agents.foldbuffer import FoldBuffer
from streams.agents.live import LiveAgent, Moment
from streams.agents.parcels import Waiting
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch
from tests.model.story import TRACK, Story, batch, definition, member

START = 1_000  # seconds; a slot and window of 5 s, an interval of 10 s
LONG = {"late_window_seconds": 3600, "max_gap_seconds": 40_000, "max_clock_ahead_seconds": 80_000}

VOLUMES = (
    "a/whole",
    member("a/sized", 40 * TRACK - 100),
    member("a/parted", None, ((2 * TRACK, 3 * TRACK), (9 * TRACK, TRACK))),
)

Row = tuple[float, str, int, int, bool]

rows_of_a_batch = st.lists(
    st.tuples(
        st.integers(-45 * 4, 25 * 4).map(lambda quarter: quarter / 4),  # seconds from what is promised
        st.sampled_from(["whole", "sized", "parted", "foreign"]),
        st.integers(0, 12 * TRACK) | st.integers(38 * TRACK, 41 * TRACK),
        st.sampled_from([0, 1, TRACK, 3 * TRACK + 1, 1 << 41]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=8,
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("columns"), rows_of_a_batch),
        st.tuples(st.just("singles"), rows_of_a_batch),
        st.tuples(st.just("promise"), st.sampled_from([0.25, 1, 4.75, 5, 12, 40])),
        st.tuples(st.just("keep"), st.sampled_from([0.1, 5, 10, 31])),
        st.tuples(st.just("drain"), st.none()),
    ),
    max_size=20,
)


@dataclass
class Run:
    """One agent, and the group that its messages make."""

    made: Definition
    waiting: Waiting
    promised: float = START
    seconds: float = 0.0
    messages: list[AgentMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.story = Story(self.made, at=START)
        chain = Chain("a", "p", 1, START * US)
        self.agent = LiveAgent(chain, self.messages.append, lambda: False, 30.0, waiting=self.waiting)
        self.told = 0

    def now(self) -> Moment:
        return Moment(self.seconds, round(self.promised * US))

    def do(self, step: str, given_with: object) -> None:
        match step:
            case "columns":
                self.agent.write_batch(batch(*self.moved(given_with)), self.now)
            case "singles":
                for time, volume, offset, length, _ in self.moved(given_with):
                    self.agent.write(volume, offset, length, round(time * US), self.now)
            case "promise":
                self.promised += given_with
            case "keep":
                self.seconds += given_with
                self.agent.keep(self.now())
            case "drain":
                self.agent.drain(self.now())
            case "bye":
                self.agent.bye(self.now())
        self.tell()

    def moved(self, rows: Sequence[Row]) -> list[Row]:
        # Which idle intervals before the agent's start have rows depends on what arrives first.
        return [(max(START, self.promised + time), *rest) for time, *rest in rows]

    def tell(self) -> None:
        """The group hears what was sent since."""
        for message in self.messages[self.told :]:
            self.story.take(message, at=max(self.story.at, self.promised))
        self.told = len(self.messages)


def found(story: Story) -> dict[int, object]:
    """What is stored in the end; when a late part came is not part of it."""
    return {
        start: (row.entries, row.written_bytes_by_slot, row.discards, row.agent_spans, row.partial)
        for start, row in story.rows.items()
    }


@given(steps, st.booleans(), st.sampled_from([1, 5, 1 << 16]), st.sampled_from([0, 20, 1 << 24]))
def test_the_group_has_the_same_rows_as_from_the_writes_themselves(taken, discards_mark, unfolded, tracks):
    made = definition(*VOLUMES, discards_mark=discards_mark, **LONG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(foldbuffer, "_MOST_UNFOLDED", unfolded)
        patch.setattr(foldbuffer, "_MOST_TRACKS", tracks)
        plain, folded = Run(made, WriteBuffer()), Run(made, FoldBuffer(made, "a"))
        for step in [*taken, ("promise", 40), ("bye", None)]:
            plain.do(*step)
            folded.do(*step)
    joined_and_not_too_far(folded)
    assert found(folded.story) == found(plain.story)
    assert folded.story.totals.refused_writes == plain.story.totals.refused_writes
    assert {reason for _, reason in folded.story.letters} == {reason for _, reason in plain.story.letters}


def joined_and_not_too_far(run: Run) -> None:
    reached = START * US
    for number, message in enumerate(run.messages):
        assert (message.origin.sequence, message.origin.observed_from_us) == (number, reached)
        reached = message.origin.watermark_us
    assert reached == round(run.promised * US)


@given(steps)
def test_no_message_vouches_past_a_write_that_has_not_left(taken):
    made = definition("a/whole", "a/sized", "a/parted", "a/foreign", **LONG)
    run = Run(made, FoldBuffer(made, "a"))
    handed: list[tuple[int, int]] = []  # the time, and the number of messages before; only what was not late
    for step, given_with in [*taken, ("promise", 40), ("bye", None)]:
        if step in ("columns", "singles"):
            times = (round(row[0] * US) for row in run.moved(given_with))
            handed += [(time, len(run.messages)) for time in times if time >= run.agent.chain.watermark_us]
        run.do(step, given_with)
    sent: Counter[int] = Counter()
    for number, message in enumerate(run.messages):
        for fold in message.folds:
            sent[fold.start_us] += fold.writes
        for time in [] if message.writes is None else message.writes.time_us.tolist():
            sent[window_of(time)] += 1
        vouched = message.origin.watermark_us
        before = Counter(window_of(time) for time, at in handed if time < vouched and at <= number)
        assert before <= sent
    assert sum(sent.values()) == run.agent.sent_writes


def window_of(time_us: int) -> int:
    return time_us // (5 * US) * 5 * US


def folding(*rows: tuple[float, str, int], **changes: object) -> Run:
    made = definition("a/x", "a/y", **(LONG | changes))
    run = Run(made, FoldBuffer(made, "a"))
    run.do("columns", [(time, volume, track * TRACK, 1, False) for time, volume, track in rows])
    return run


def windows(run: Run) -> list[list[tuple[str, int, list[int], int | None]]]:
    return [
        [(f.volume, f.start_us // US - START, f.tracks.tracks().tolist(), f.writes) for f in message.folds]
        for message in run.messages
    ]


def test_a_window_leaves_once_the_promise_has_passed_its_end():
    run = folding((0, "x", 1), (4.9, "x", 2), (4.9, "y", 7), (5, "x", 3))
    run.do("promise", 4.75)
    run.do("keep", 20)
    assert [message.kind for message in run.messages] == []
    run.do("promise", 0.5)
    run.do("keep", 0.1)
    assert windows(run) == [[("x", 0, [1, 2], 2), ("y", 0, [7], 1)]]
    assert run.messages[0].origin.watermark_us == (START + 5) * US


def test_late_writes_leave_together_with_the_next_window():
    run = folding((0, "x", 1))
    run.do("promise", 6)
    run.do("keep", 0.1)
    for track in (4, 5):
        run.do("columns", [(-3, "x", track * TRACK, 1, False)])  # second 3: its window is sent
        run.do("keep", 0.1)
    assert windows(run) == [[("x", 0, [1], 1)]]
    run.do("promise", 4)
    run.do("keep", 0.1)
    assert windows(run)[1:] == [[("x", 0, [4, 5], 2)]]


def test_while_a_window_fills_for_long_heartbeats_vouch_up_to_it():
    run = folding((7, "x", 1))
    run.do("promise", 9)
    for _ in range(7):
        run.do("keep", 10)
    assert [message.kind for message in run.messages] == ["heartbeat", "heartbeat"]
    assert run.messages[-1].origin.watermark_us == (START + 7) * US


def test_what_a_fold_cannot_say_travels_as_writes_with_the_next_window():
    made = definition(member("a/sized", 4 * TRACK), **LONG)
    run = Run(made, FoldBuffer(made, "a"))
    rows = [(1, "sized", 0, 1, False), (1, "sized", 0, 1, True), (2, "sized", 4 * TRACK, 1, False)]
    run.do("columns", [*rows, (2, "new", 0, 5, False)])
    run.do("promise", 5)
    run.do("keep", 0.1)
    assert [message.kind for message in run.messages] == ["tracks", "writes"]
    writes = run.messages[1].writes
    assert [writes.volumes[code] for code in writes.volume_codes.tolist()] == ["sized", "sized", "new"]
    assert writes.discard.tolist() == [True, False, False]
    assert run.messages[0].origin.watermark_us == (START + 1) * US
    assert run.agent.sent_writes == 4


def test_too_many_windows_leave_early_and_vouch_for_nothing_new(monkeypatch):
    monkeypatch.setattr(foldbuffer, "_MOST_UNFOLDED", 1)
    run = folding(*((5 * window, "x", window) for window in range(66)))
    run.do("keep", 0.1)
    assert run.agent.sent_writes == 66
    assert [message.origin.watermark_us for message in run.messages] == [START * US]


def test_too_many_tracks_leave_early_in_pieces_of_their_window(monkeypatch):
    monkeypatch.setattr(foldbuffer, "_MOST_UNFOLDED", 1)
    monkeypatch.setattr(foldbuffer, "_MOST_TRACKS", 10)
    run = folding((0, "x", 1))
    for first in (5, 50):
        run.do("columns", [(1, "x", first * TRACK, 24 * TRACK, False)])
    assert windows(run) == [
        [("x", 0, [1, *range(5, 29)], 2)],
        [("x", 0, [*range(50, 74)], 1)],
    ]
    assert {message.origin.watermark_us for message in run.messages} == {START * US}


def test_a_message_full_of_discards_does_not_wait_for_the_window(monkeypatch):
    monkeypatch.setattr(foldbuffer, "_MOST_UNFOLDED", 1)
    run = folding((1, "x", 1))
    run.do("columns", [(1, "x", 0, 1, True)] * MAX_WRITES)
    assert [(m.kind, len(m.writes)) for m in run.messages] == [("writes", MAX_WRITES)]
    run.do("bye", None)
    assert [m.kind for m in run.messages] == ["writes", "tracks", "bye"]


def test_a_window_that_was_dropped_is_declared_lost(monkeypatch):
    run = folding((0, "x", 1), (1, "y", 2))
    run.agent.on_full, run.agent.full = "drop", lambda: True
    run.do("promise", 5)
    run.do("columns", [(1, "x", 0, 1, False)])
    assert (run.agent.dropped_writes, run.messages) == (2, [])
    run.agent.full = lambda: False
    run.do("promise", 5)
    run.do("bye", None)
    assert sum(message.origin.lost_writes for message in run.messages) == 2
    assert run.agent.sent_writes == 1
    assert [(m.origin.lost_writes, m.origin.watermark_us // US - START) for m in run.messages if m.folds] == [
        (2, 10)
    ]


def test_memory_does_not_grow_with_the_number_of_writes():
    made = definition("a/x", **LONG)
    rng = np.random.default_rng(1)

    def writes() -> WriteBatch:
        rows = batch(*[(START, "x", 0)] * MAX_WRITES)
        return replace(rows, offset_bytes=rng.integers(0, 1 << 24, MAX_WRITES).astype(np.uint64))

    buffer = FoldBuffer(made, "a")
    held = []
    tracemalloc.start()
    for number in range(200):
        buffer.add(writes())
        if number % 50 == 49:
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert max(held) < 4 << 20  # 200 batches are 46 MB
