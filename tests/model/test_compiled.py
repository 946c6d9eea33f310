"""The compiled loops, against numpy's, sets and counters."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import config, types

from streams.model import feeding, kernel, pending, volumetables
from streams.model.batchmembers import members_of
from streams.model.compiled import NUMBA, compiling
from streams.model.compiled.compiling import cache_folder
from streams.model.groups import Definition, Geometry, Member
from streams.model.kernel import NUMPY
from streams.model.marking import mark_in_one_pass, mark_writes
from streams.model.opentable import OpenInterval
from streams.model.pending import MAX_TRACK
from streams.model.slots import SlotBytes
from streams.model.volumetables import VolumeTables
from streams.model.writes import WriteBatch
from tests.model.story import TRACK, Story, definition, member

US = 1_000_000
START = 50 * US
VOLUMES = ("x", "y", "z")

track_bytes = st.sampled_from([512, 1024, 47_476, 56_664, 65_536, 1 << 20])


@st.composite
def batches(draw):
    """Batches of one agent: hot and far tracks, extents that begin and end anywhere, long and empty ones."""
    track = draw(track_bytes)
    offsets = st.one_of(
        st.integers(0, 3 * track),
        st.integers(0, 40).map(lambda number: number * track),
        st.sampled_from([(1 << 16) * track - 1, (1 << 32) * track, (MAX_TRACK - 2) * 512]),
    )
    lengths = st.sampled_from([0, 1, 512, track - 1, track, track + 1, 8 * track, 9 * track, 30 * track])
    row = st.tuples(st.integers(START, START + 10 * US - 1), st.integers(0, 2), offsets, lengths)
    chosen = draw(st.lists(st.lists(row, min_size=1, max_size=30), min_size=1, max_size=6))
    return track, [columns(rows) for rows in chosen]


def columns(rows, volumes=VOLUMES):
    time_us, codes, offset, length = zip(*rows, strict=True)
    short = max(length) < 1 << 32 and len(rows) % 2
    return WriteBatch(
        np.array(time_us, np.int64),
        np.array(codes, np.int32),
        volumes,
        np.array(offset, np.uint64),
        np.array(length, np.uint32 if short else np.uint64),
    )


def group(track=1024, members=("x", "y", "z"), **more):
    made = tuple(m if isinstance(m, Member) else Member("a", m) for m in members)
    return Definition("g", made, Geometry(track, 10, 2, (), **more))


def interval(chosen):
    return OpenInterval(SlotBytes(5), VolumeTables(chosen))


def left_of(table, writes, definition):
    """Which rows one pass leaves."""
    return mark_in_one_pass(table, writes, "a", definition, START).tolist()


@given(batches(), st.sampled_from([1, 3, 4096]))
def test_one_pass_gives_what_the_steps_give(made, keys_at_once):
    track, messages = made
    definition = group(track)
    steps, one_pass = interval(NUMPY), interval(NUMBA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pending, "_FEWEST", keys_at_once)
        patch.setattr(volumetables, "_KEYS_AT_ONCE", keys_at_once)
        for writes in messages:
            mark_writes(steps, writes, members_of(writes, "a", definition), definition.geometry, START)
            assert left_of(one_pass, writes, definition) == []
    assert one_pass.slots.values() == steps.slots.values()
    expected = {v: table for v, table in steps.volumes.by_volume().items() if table.writes}
    assert {v: table for v, table in one_pass.volumes.by_volume().items() if table.writes} == expected


ODD = {
    "an unknown volume": (group(members=("x", "y")), columns([(START, 0, 0, 1), (START, 2, 0, 0)])),
    "beyond the volume": (
        group(members=(Member("a", "x", 4096), "y", "z")),
        columns([(START, 1, 1 << 40, 1), (START, 0, 4095, 2)]),
    ),
    "extents": (
        group(members=(Member("a", "x", extents=((0, 1024),)), "y", "z")),
        columns([(START, 1, 0, 1), (START, 0, 0, 1)]),
    ),
    "a discard": (
        group(),
        replace(columns([(START, 1, 0, 1), (START, 0, 0, 1)]), discard=np.array([False, True])),
    ),
}


@pytest.mark.parametrize(("definition", "writes"), ODD.values(), ids=ODD)
def test_what_is_not_ordinary_is_left(definition, writes):
    table, alone = interval(NUMBA), interval(NUMBA)
    assert left_of(table, writes, definition) == [1]
    assert left_of(alone, writes.take(slice(1)), definition) == []
    assert table.slots.values() == alone.slots.values()
    assert counted(table) == counted(alone)


def counted(table):
    return {volume: mine for volume, mine in table.volumes.by_volume().items() if mine.writes}


# Writes of all kinds, most of them ordinary: `a/x` has a size, of `a/y` a part is taken, of `a/q` nothing.
ordinary = st.tuples(
    st.integers(100, 129), st.sampled_from("xz"), st.integers(0, 9 * TRACK), st.integers(0, 3 * TRACK)
)
odd = st.tuples(
    st.integers(100, 112) | st.sampled_from([-1, 40, 95, 119, 127, 400]),
    st.sampled_from("xyzq"),
    st.integers(0, 9 * TRACK) | st.sampled_from([19 * TRACK, 20 * TRACK, 1 << 45, (1 << 63) - 1]),
    st.sampled_from([0, 1, TRACK, 1 << 41]),
    st.booleans(),
)
said = st.lists(ordinary | ordinary | ordinary | odd, min_size=1, max_size=40)


def told(chosen, messages, *, stops, discards_mark):
    """What becomes of messages with one kernel: their letters, what was closed, and the totals."""
    letters = []
    with pytest.MonkeyPatch.context() as patch:
        for module in (feeding, volumetables):
            patch.setattr(module, "fastest", lambda: chosen)
        members = member("a/x", 20 * TRACK), member("a/y", extents=((TRACK, 2 * TRACK),)), "a/z"
        story = Story(definition(*members, discards_mark=discards_mark))
        for number, writes in enumerate(messages):
            if stops and number == 1:
                story.command("stop")
            story.say(*writes, since=100, to=112 + 9 * number, kind="writes")
            letters += story.last.dead_letters
        story.bye(200)
        story.tick(300)
    closed = [mark.intervals for mark in story.marks]
    return [(x.offset, x.reason, x.detail, rows_of(x.writes)) for x in letters], closed, story.totals


def rows_of(writes):
    found = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
    discard = None if writes.discard is None else writes.discard.tolist()
    return writes.volumes, discard, [column.tolist() for column in found]


@given(st.lists(said, min_size=1, max_size=4), st.booleans(), st.booleans(), st.sampled_from([0, 1, 4]))
def test_odd_writes_among_ordinary_ones_are_taken_as_step_by_step(messages, stops, discards_mark, few_rows):
    choices = {"stops": stops, "discards_mark": discards_mark}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(volumetables, "_FEW_ROWS", few_rows)
        assert told(NUMBA, messages, **choices) == told(NUMPY, messages, **choices)


def test_a_write_that_ends_with_its_volume_is_ordinary():
    definition = group(members=(Member("a", "x", 4096), "y", "z"))
    table = interval(NUMBA)
    assert left_of(table, columns([(START, 0, 4095, 1)]), definition) == []
    assert table.volumes.table("a/x").tracks.tracks().tolist() == [3]


def test_a_definition_of_its_own_counts_for_each_batch():
    small = group(members=(Member("a", "x", 4096), "y", "z"))
    table, far = interval(NUMBA), columns([(START, 0, 8192, 1)])
    assert left_of(table, far, group()) == []
    assert left_of(table, far, small) == [0]


def test_names_that_are_not_used_cost_nothing():
    table = interval(NUMBA)
    many = tuple(f"v{number}" for number in range(1_000))
    writes = columns([(START, 0, 0, 1)] * 4, volumes=("x", *many))
    assert left_of(table, writes, group()) == [0, 1, 2, 3]
    assert table.volumes._places == {}


def test_only_sets_of_names_that_belong_are_kept():
    table = interval(NUMBA)
    strangers = columns([(START, 0, 0, 1)] * 4, volumes=("x", "a stranger"))
    assert left_of(table, strangers, group()) == []
    assert table.volumes._places == {}
    for number in range(40):
        definition = group(members=("x", *(f"v{member}" for member in range(40))))
        mine = columns([(START, 0, 0, 1)] * 4, volumes=("x", f"v{number}"))
        assert left_of(table, mine, definition) == []
    assert len(table.volumes._places) == 16


def test_sums_stop_at_the_largest_count():
    huge = columns([(START, 0, 0, (1 << 62) + 5)] * 3)
    assert NUMBA.fits(huge.volume_codes, huge.offset_bytes, huge.length_bytes, np.array([1 << 63], np.uint64))
    counts = (np.zeros(1, np.int64), np.zeros(1, np.uint64), np.zeros(5, np.uint64))
    found = (np.empty(100, np.uint64), np.empty(3, np.int64))
    all_columns = (huge.time_us, huge.volume_codes, huge.offset_bytes, huge.length_bytes)
    grid = (START, 2 * US, 1024)
    assert NUMBA.scan(0, all_columns, np.zeros(1, np.int64), grid, counts, found) == (3, 0, 3)
    assert [int(column[0]) for column in counts] == [3, (1 << 63) - 1, (1 << 63) - 1]


def test_columns_of_a_message_are_taken_as_they_lie_in_it():
    """Read only, and not at a multiple of their size."""
    shifted = np.frombuffer(b"\0" + np.arange(8, dtype=np.uint64).tobytes() + b"\0" * 7, np.uint64, 8, 1)
    codes = np.frombuffer(bytes(4 * 8), np.int32)
    assert not shifted.flags.aligned
    assert not codes.flags.writeable
    assert NUMBA.fits(codes, shifted, shifted, np.array([14], np.uint64))
    assert not NUMBA.fits(codes, shifted, shifted, np.array([13], np.uint64))


def test_without_numba_numpy_does_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "streams.model.compiled", None)
    monkeypatch.setattr(kernel, "fastest", kernel.fastest.__wrapped__)
    assert kernel.fastest() is NUMPY


def test_what_is_kept_belongs_to_the_content_of_all_sources(tmp_path):
    """Figures and functions of one module are compiled into another's."""
    sources = [tmp_path / "a.py", tmp_path / "b.py"]
    for source in sources:
        source.write_text("x = 1")
    first = cache_folder(sources, tmp_path)
    assert first is not None
    assert first.is_dir()
    assert cache_folder(reversed(sources), tmp_path) == first
    sources[1].write_text("x = 2")
    assert cache_folder(sources, tmp_path) != first


def test_where_nothing_can_be_kept_each_start_compiles(tmp_path):
    (source := tmp_path / "a.py").write_text("x = 1")
    assert cache_folder([source], source) is None  # a file, as read only as a folder can be for root


def test_settings_of_others_who_compile_stay_as_they_are():
    before = config.CACHE_DIR
    compiling.compiled(types.int64(types.int64))(lambda number: number)
    assert before == config.CACHE_DIR


def test_those_who_do_not_mark_do_not_load_the_compiler():
    code = "import sys, streams.cli, streams.model.opentable; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(batches())
def test_extremes_are_those_of_the_columns(made):
    for writes in made[1]:
        columns = writes.time_us, writes.offset_bytes, writes.length_bytes
        assert NUMBA.extremes(*columns) == NUMPY.extremes(*columns)
