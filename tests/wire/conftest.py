"""Strategies for every value that travels: tests ask for them with `st.from_type(...)` or by annotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import strategies as st

from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.entries import Entry, Gap, Interval, Summary, Totals
from streams.model.groups import Definition, Geometry, Member, default_rungs, default_slot
from streams.model.intervals import US, union
from streams.model.messages import Command, Fold, Origin
from streams.model.state import AgentState, State, Version
from streams.model.writes import WriteBatch
from streams.wire.commands import MAX_COMMAND_INTERVALS

INT64 = (1 << 63) - 1
STEPS = (2, 1 << 16, 1 << 32, 1 << 40)
LAST_US = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
arrays = texts.filter(lambda name: "/" not in name)
times = st.integers(0, LAST_US)
counts = st.integers(0, INT64)
counts_or_none = st.none() | st.integers(0, 1 << 50)


@st.composite
def write_batches(draw) -> WriteBatch:
    volumes = tuple(draw(st.lists(texts, min_size=1, max_size=5, unique=True)))
    # Drawn for a batch as a whole: one odd row decides how its column travels.
    near_us = st.builds(int.__add__, st.just(draw(times)), st.integers(0, draw(st.sampled_from(STEPS))))
    moments = draw(st.sampled_from([near_us, st.integers(-(1 << 63), INT64)]))
    extents = st.integers(0, 8) | st.integers(0, (1 << 64) - 1)
    offsets, lengths = (
        draw(st.sampled_from([extents, st.integers(0, most).map((512).__mul__)]))
        for most in (1 << 32, 1 << 16)
    )
    rows = draw(
        st.lists(
            st.tuples(moments, st.integers(0, len(volumes) - 1), offsets, lengths, st.booleans()),
            max_size=12,
        )
    )
    time, code, offset, length, discard = zip(*rows, strict=True) if rows else ((),) * 5
    return WriteBatch(
        np.array(time, np.int64),
        np.array(code, np.int32),
        volumes,
        np.array(offset, np.uint64),
        np.array(length, np.uint64),
        np.array(discard, np.bool_) if draw(st.booleans()) else None,
    )


track_numbers = st.one_of(
    st.integers(0, 40),
    st.integers(PART_TRACKS - 3, PART_TRACKS + 3),
    st.integers((1 << 32) - 3, (1 << 32) + 3),
    st.integers(0, INT64),
)
bit_tables = st.sets(track_numbers, max_size=8).map(BitTable.of)
span_lists = st.lists(st.tuples(times, times), max_size=4).map(union)


@st.composite
def definitions(draw) -> Definition:
    interval = draw(st.sampled_from([1, 7, 10, 60, 300, 900, 86_400]))
    track_bytes = draw(st.sampled_from([512, 4096, 47_476, 56_664, 65_536, 1 << 20]))
    late = draw(st.integers(0, 4096 * interval))
    tick = draw(st.integers(1, 100))
    geometry = Geometry(
        track_bytes=track_bytes,
        interval_seconds=interval,
        slot_seconds=default_slot(interval),
        rungs_seconds=draw(st.sampled_from([(), default_rungs(interval), (interval * 2, interval * 6)])),
        late_window_seconds=late,
        max_gap_seconds=late + draw(st.integers(0, 10**6)),
        max_clock_ahead_seconds=draw(st.integers(0, 86_400)),
        tick_seconds=tick,
        silent_after_seconds=tick + draw(st.integers(0, 1000)),
        discards_mark=draw(st.booleans()),
    )
    ids = draw(st.lists(st.tuples(arrays, texts), min_size=1, max_size=4, unique=True))
    return Definition(
        group=draw(texts),
        members=tuple(draw(members(array, volume, track_bytes)) for array, volume in ids),
        geometry=geometry,
        expected_agents=draw(st.integers(0, 5)),
        agent_names=tuple(draw(st.lists(texts, max_size=2))),
    )


@st.composite
def members(draw, array: str, volume: str, track_bytes: int) -> Member:
    tracks = draw(st.integers(8, 1 << 30))
    whole = draw(st.booleans())
    return Member(
        array=array,
        volume=volume,
        volume_bytes=draw(st.sampled_from([None, tracks * track_bytes])),
        extents=None if whole else ((0, track_bytes), (3 * track_bytes, 2 * track_bytes)),
        agents=tuple(draw(st.lists(texts, max_size=2))),
    )


@st.composite
def entries(draw, volume: str) -> Entry:
    return Entry(
        volume=volume,
        volume_bytes=draw(st.none() | st.integers(1, INT64)),
        track_bytes=draw(st.sampled_from([512, 4096, 65_536])),
        tracks=draw(bit_tables.filter(lambda table: (table.highest() or 0) < 1 << 44)),
        writes=draw(counts_or_none),
        written_bytes=draw(counts_or_none),
        covered=draw(span_lists),
    )


@st.composite
def intervals(draw) -> Interval:
    volumes = draw(st.lists(texts, max_size=4, unique=True))
    agents = draw(st.lists(texts, max_size=3, unique=True))
    return Interval(
        group=draw(texts),
        definition_version=draw(st.integers(0, 99)),
        rung_seconds=draw(st.integers(1, 86_400)),
        start_us=draw(st.integers(0, 10**10)) * US,
        revision=draw(st.integers(0, 99)),
        partial=draw(st.booleans()),
        entries=tuple(draw(entries(volume)) for volume in volumes),
        slot_seconds=draw(st.integers(1, 10)),
        written_bytes_by_slot=draw(st.none() | st.lists(counts_or_none, max_size=5).map(tuple)),
        discards=draw(counts),
        late_writes=draw(counts),
        agent_spans=tuple((agent, tuple(draw(span_lists))) for agent in agents),
    )


totals = st.builds(Totals, **{field.name: counts for field in fields(Totals)})
origins = st.builds(Origin, arrays, texts, counts, counts, counts, counts, counts)
folds = st.builds(
    Fold,
    volume=texts,
    start_us=times,
    end_us=times,
    track_bytes=st.just(4096),
    tracks=bit_tables,
    writes=counts_or_none,
    written_bytes=counts_or_none,
)
versions = st.builds(Version, st.integers(1, 99), st.none() | st.integers(-9, 10**9), counts, definitions())
agent_states = st.builds(
    AgentState,
    epoch=counts,
    high=st.integers(-1, INT64),
    holes=st.lists(counts, max_size=4),
    floor=st.integers(-1, INT64),
    watermark_us=st.none() | times,
    heard=counts,
    left_at=st.none() | counts,
)
states = st.builds(
    State,
    group=texts,
    offset=counts,
    versions=st.lists(versions, min_size=1, max_size=2),
    closed=st.none() | st.integers(-9, 10**9),
    born=st.none() | st.integers(-9, 10**9),
    redo=st.sets(track_numbers, max_size=6).map(lambda offsets: tuple(sorted(offsets))),
    ticks=counts,
    tick_us=st.none() | times,
    last_us=st.none() | times,
    revisions=st.dictionaries(st.integers(-9, 20), st.integers(0, 3), max_size=9),
    totals=totals,
    agents=st.dictionaries(texts, agent_states, max_size=3),
    redriven=st.dictionaries(texts, bit_tables, max_size=3),
    windows=st.lists(st.tuples(st.none() | times, st.none() | times), max_size=3),
    deleted=st.booleans(),
)
summaries = st.builds(
    Summary,
    group=texts,
    definition_version=st.integers(0, 99),
    rung_seconds=st.integers(1, 86_400),
    start_us=st.integers(0, 10**10).map(lambda seconds: seconds * US),
    revision=st.integers(0, 99),
    partial=st.booleans(),
    coverage=st.floats(0, 1),
    volumes=counts,
    track_bytes=st.integers(1, 1 << 20),
    changed_tracks_or=counts,
    changed_tracks_sum=counts,
    changed_bytes_or=counts,
    changed_bytes_sum=counts,
    writes=counts_or_none,
    written_bytes=counts_or_none,
    slot_seconds=st.integers(1, 10),
    written_bytes_by_slot=st.none() | st.lists(counts_or_none, max_size=5).map(tuple),
    discards=counts,
    late_writes=counts,
    watermark_us=st.none() | times,
    totals=totals,
)
gaps = st.builds(Gap, texts, st.integers(1, 99), times.map(lambda us: us // US * US), times)
commands = st.one_of(
    st.builds(
        Command,
        st.just("start"),
        st.none() | times,
        st.none() | st.integers(1, MAX_COMMAND_INTERVALS),
    ),
    st.builds(Command, st.just("stop"), st.none() | times),
    st.just(Command("delete")),
)

for kind, strategy in {
    AgentState: agent_states,
    BitTable: bit_tables,
    Command: commands,
    Definition: definitions(),
    Fold: folds,
    Gap: gaps,
    Interval: intervals(),
    Origin: origins,
    State: states,
    Summary: summaries,
    Totals: totals,
    Version: versions,
    WriteBatch: write_batches(),
}.items():
    st.register_type_strategy(kind, strategy)


@pytest.fixture(scope="session")
def rows() -> Callable[[WriteBatch], list[tuple]]:
    """A batch as plain Python rows: what two encodings of it must agree on."""

    def plain(batch: WriteBatch) -> list[tuple]:
        discard = batch.discard if batch.discard is not None else np.zeros(len(batch), np.bool_)
        names = [batch.volumes[code] for code in batch.volume_codes]
        columns = (batch.time_us, batch.offset_bytes, batch.length_bytes, discard)
        assert {len(names), *map(len, columns)} == {len(batch)}
        assert [batch.time_us.dtype, batch.volume_codes.dtype] == [np.int64, np.int32]
        assert batch.offset_bytes.dtype == batch.length_bytes.dtype == np.uint64
        return list(zip(names, *(column.tolist() for column in columns), strict=True))

    return plain


@pytest.fixture
def interval_with_two_volumes() -> Interval:
    """A base interval with a written volume, an idle one, and agents that vouch for half of it."""
    covered = [(300 * US, 450 * US)]
    return Interval(
        group="g",
        definition_version=2,
        rung_seconds=300,
        start_us=300 * US,
        revision=1,
        partial=False,
        entries=(
            Entry("a/idle", None, 4096, BitTable(), 0, 0, covered),
            Entry("a/v", 10 * 4096 + 512, 4096, BitTable.of([1, 10]), 3, 5000, covered),
        ),
        slot_seconds=150,
        written_bytes_by_slot=(5000, None),
        discards=1,
        late_writes=2,
        agent_spans=(("a/x", ((300 * US, 450 * US),)),),
    )
