"""A known past becomes messages as a function of its writes alone, checked against a plain greedy loop."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents import folding
from streams.agents.chain import Chain
from streams.agents.folding import fold_seconds, packed
from streams.agents.lane import Lane
from streams.model.bittable import BitTable
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Fold
from streams.model.writes import WriteBatch
from streams.wire.agent import encode_message

START_US = 1_000 * US


def stream(seed: int, count: int, seconds: int) -> WriteBatch:
    """Writes in order of time, at irregular distances, several at one time."""
    rng = np.random.default_rng(seed)
    bursts = rng.choice([0, 0, 1, 1000, US, 25 * US], max(count, 1))[:count]
    times = START_US + np.minimum(np.cumsum(bursts), seconds * US - 1)
    return WriteBatch(
        times.astype(np.int64),
        rng.integers(0, 3, count).astype(np.int32),
        ("a", "b", "c"),
        rng.integers(0, 1 << 24, count).astype(np.uint64),
        rng.integers(0, 200_000, count).astype(np.uint64),
        rng.random(count) < 0.1,
    )


def run(writes: WriteBatch, until_us: int, pieces: list[int], **options: object) -> list[AgentMessage]:
    lane = Lane(Chain("array", "agent", 0, START_US), **options)
    messages = []
    edges = [0, *sorted(pieces), len(writes)]
    for start, end in pairwise(edges):
        piece = writes.take(slice(start, end))
        reached_us = int(writes.time_us[end - 1]) if end else START_US
        messages += lane.add(piece, reached_us)
    return messages + lane.finish(until_us)


def encoded(messages: list[AgentMessage]) -> list[object]:
    return [encode_message("group", message) for message in messages]


seeds = st.integers(0, 1 << 32)
counts = st.one_of(st.integers(0, 60), st.just(20_000))
options_of_a_lane = st.sampled_from(
    [
        {},
        {"names_repeat": True},
        {"beats_us": range(START_US, START_US + 900 * US, 7 * US)},
        {"folding": Geometry.for_interval(60)},
        {"folding": Geometry.for_interval(7), "beats_us": (START_US + 5, START_US + 90 * US)},
    ]
)


@given(seeds, counts, st.data(), options_of_a_lane)
def test_messages_do_not_depend_on_how_the_writes_are_handed_over(seed, count, data, options):
    writes = stream(seed, count, 600)
    pieces = data.draw(st.lists(st.integers(0, count), max_size=5))
    until_us = START_US + 600 * US
    assert encoded(run(writes, until_us, pieces, **options)) == encoded(run(writes, until_us, [], **options))


@given(seeds, counts, options_of_a_lane)
def test_numbers_and_spans_have_no_gaps_and_nothing_older_follows(seed, count, options):
    until_us = START_US + 600 * US
    messages = run(stream(seed, count, 600), until_us, [], **options)
    assert [message.origin.sequence for message in messages] == list(range(len(messages)))
    reached_us = START_US
    for message in messages:
        assert message.origin.observed_from_us == reached_us <= message.origin.watermark_us
        times = [] if message.writes is None else message.writes.time_us.tolist()
        assert all(time_us >= reached_us for time_us in times)
        assert all(fold.end_us > reached_us for fold in message.folds)
        reached_us = message.origin.watermark_us
    assert reached_us == until_us
    assert [message.kind for message in messages].count("bye") == 1
    assert messages[-1].kind == "bye"


def greedy(writes: WriteBatch, until_us: int) -> list[tuple[int, int]]:
    """`(rows, watermark)` of each batch, write by write."""
    times = writes.time_us.tolist()
    cuts, rows = [], 0
    for index in range(len(times)):
        rows += 1
        first_us = times[index - rows + 1]
        next_us = times[index + 1] if index + 1 < len(times) else until_us
        if rows == 8192 or next_us >= first_us + 10 * US or index + 1 == len(times):
            cuts.append((rows, min(next_us, first_us + 10 * US)))
            rows = 0
    return cuts


@given(seeds, counts)
def test_batches_are_those_of_the_greedy_loop_and_hold_every_write_once(seed, count):
    writes = stream(seed, count, 600)
    until_us = START_US + 600 * US
    batches = [m for m in run(writes, until_us, []) if m.kind == "writes"]
    cuts = [(len(m.writes), m.origin.watermark_us) for m in batches]
    assert cuts == greedy(writes, until_us)
    for column in ("time_us", "offset_bytes", "length_bytes", "discard"):
        parts = [getattr(m.writes, column) for m in batches]
        parts = [np.zeros(0, bool) if part is None else part for part in parts]
        assert np.concatenate([np.zeros(0, np.int64), *parts]).tolist() == getattr(writes, column).tolist()
    names = [m.writes.volumes[code] for m in batches for code in m.writes.volume_codes.tolist()]
    assert names == [writes.volumes[code] for code in writes.volume_codes.tolist()]


@given(seeds, st.integers(0, 80), st.sampled_from([1, 7, 60, 300]), st.booleans())
def test_folds_hold_the_tracks_and_counts_of_the_writes(seed, count, interval_seconds, discards_mark):
    standard = Geometry.for_interval(interval_seconds)
    geometry = Geometry(
        interval_seconds=interval_seconds,
        slot_seconds=standard.slot_seconds,
        rungs_seconds=(),
        late_window_seconds=0,
        discards_mark=discards_mark,
    )
    writes = stream(seed, count, 600)
    found: dict[tuple[str, int], tuple[set[int], int, int]] = {}
    for message in run(writes, START_US + 600 * US, [], folding=geometry):
        for fold in message.folds:
            interval = fold.start_us // geometry.interval_us
            assert (fold.end_us - 1) // geometry.interval_us == interval
            assert fold.track_bytes == geometry.track_bytes
            tracks, number, size = found.get((fold.volume, interval), (set(), 0, 0))
            tracks |= set(fold.tracks.tracks().tolist())
            found[fold.volume, interval] = (tracks, number + fold.writes, size + fold.written_bytes)
    expected: dict[tuple[str, int], tuple[set[int], int, int]] = {}
    columns = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes, writes.discard)
    for time_us, code, offset, length, discard in zip(*(c.tolist() for c in columns), strict=True):
        if discard and not discards_mark:
            continue
        place = (writes.volumes[code], time_us // geometry.interval_us)
        tracks, number, size = expected.get(place, (set(), 0, 0))
        size_bytes = geometry.track_bytes
        tracks |= (
            set(range(offset // size_bytes, (offset + length - 1) // size_bytes + 1)) if length else set()
        )
        expected[place] = (tracks, number + (not discard), size + (0 if discard else length))
    assert found == expected


@pytest.mark.parametrize(("slot", "window"), [(10, 10), (3, 3), (60, 10), (25, 5), (13, 1)])
def test_the_window_of_a_fold_divides_the_slot(slot, window):
    geometry = Geometry(interval_seconds=slot * 2, slot_seconds=slot, rungs_seconds=(), late_window_seconds=0)
    assert fold_seconds(geometry) == window


def test_a_fold_above_the_limit_travels_in_pieces():
    scattered = BitTable.of(range(0, 1 << 24, 3))
    big = Fold("big", 0, 10, 512, scattered, writes=7, written_bytes=9)
    small = Fold("small", 0, 10, 512, BitTable.of([1]), writes=None, written_bytes=None)
    messages = list(packed([small, big, small]))
    assert len(messages) > 1
    pieces = [fold for folds in messages for fold in folds if fold.volume == "big"]
    merged = BitTable()
    for piece in pieces:
        merged.update(piece.tracks)
    assert merged == scattered
    assert sum(piece.writes for piece in pieces) == 7
    assert sum(piece.written_bytes for piece in pieces) == 9
    for folds in messages:
        lane = AgentMessage("tracks", Chain("a", "b", 0, 0).stamp(1), folds=folds)
        assert encode_message("group", lane).size_bytes() < 1_000_000


def test_the_first_messages_of_a_large_window_vouch_for_nothing_yet(monkeypatch):
    monkeypatch.setattr(folding, "_MAX_PAYLOAD_BYTES", 250)
    geometry = Geometry.for_interval(60)
    messages = run(stream(0, 60, 600), START_US + 600 * US, [], folding=geometry)
    windows = [(m.folds[0].start_us, m.folds[0].end_us, m.origin) for m in messages if m.folds]
    several = False
    for (start_us, end_us, origin), (next_start_us, _, _) in pairwise(windows):
        if start_us == next_start_us:
            several = True
            assert origin.watermark_us <= start_us
        else:
            assert origin.watermark_us == end_us
    assert several


def test_beats_become_heartbeats_of_an_idle_agent():
    beats = range(START_US, START_US + 200 * US, 30 * US)
    messages = run(WriteBatch.empty(), START_US + 100 * US, [], beats_us=beats)
    assert [(m.kind, m.origin.watermark_us - START_US) for m in messages] == [
        ("heartbeat", 30 * US),
        ("heartbeat", 60 * US),
        ("heartbeat", 90 * US),
        ("bye", 100 * US),
    ]
