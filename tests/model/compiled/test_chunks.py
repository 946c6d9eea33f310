"""Tracks in lists and pages, against sets: whatever comes, in whatever order, with however little room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.model.compiled import chunks
from streams.model.compiled.chunks import Chunks
from streams.model.compiled.directory import place_of
from streams.model.compiled.layout import DENSE, ENTRIES

CHUNK = 1 << 16


@st.composite
def stretches(draw):
    """Keys of one message: from a start so many steps, some again, so that chunks fill as they may."""
    start = draw(st.sampled_from([0, 5, CHUNK - 40, 7 * CHUNK, (1 << 32) - 9, 3 << 40, (1 << 63) + 1]))
    step = draw(st.sampled_from([1, 2, 3, 17, 64, 4_099, CHUNK + 1]))
    count = draw(st.sampled_from([1, 29, 30, 31, 60, 500, 2_047, 2_049, 5_000]))
    found = start + step * np.arange(count, dtype=np.uint64)
    again = draw(st.sampled_from([1, 2, 5]))
    order = np.random.default_rng(draw(st.integers(0, 9))).permutation(again * count)
    return np.tile(found, again)[order]


def taken(marks):
    words, bits = zip(*marks.take(), strict=True) if marks._used("buckets") > 1 else ((), ())
    assert list(words) == sorted(set(words))
    return [
        (word << 32) + bit
        for word, found in zip(words, bits, strict=True)
        for bit in found.to_array().tolist()
    ]


@settings(max_examples=200)
@given(st.lists(stretches(), max_size=5), st.sampled_from([1, 8]), st.sampled_from([0, 100, 5_000, 1 << 17]))
def test_every_key_comes_back_once(messages, fewest, packed_at_once):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "_FEWEST", fewest)
        patch.setattr(chunks, "_PACKED_AT_ONCE", packed_at_once)
        marks = Chunks()
        for keys in messages:
            marks.add(keys.copy())
        found = taken(marks)
    assert found == sorted(set(np.concatenate([np.zeros(0, np.uint64), *messages]).tolist()))


def test_tracks_that_one_process_looks_for_at_one_place_another_does_not():
    chosen = np.arange(1 << 16, dtype=np.uint64)
    chosen = chosen[[place_of(chunk, np.uint64(256), np.uint64(0x9E3779B97F4A7C15)) == 7 for chunk in chosen]]
    elsewhere = {int(place_of(chunk, np.uint64(256), np.uint64(0xD1342543DE82EF95))) for chunk in chosen}
    assert len(chosen) > 100
    assert len(elsewhere) > 50


@pytest.mark.parametrize("count", [1, 2_047, 2_048, 4_096, 4_097, 8_192, CHUNK - 1, CHUNK])
def test_chunks_come_back_however_full_they_are(count):
    marks, expected = Chunks(), np.random.default_rng(count).permutation(CHUNK)[:count].astype(np.uint64)
    for start in range(0, count, 1_000):
        marks.add(expected[start : start + 1_000].copy())
    assert taken(marks) == np.sort(expected).tolist()


def test_a_hot_chunk_becomes_a_page_and_then_stays_as_large():
    marks, hot = Chunks(), np.arange(4_096, dtype=np.uint64)
    for _ in range(3):
        marks.add(hot.copy())
    before = marks._state.copy()
    assert marks._buckets["count"][1] == DENSE
    for _ in range(50):
        marks.add(hot.copy())
    assert marks._state == before


def test_what_is_written_again_and_again_takes_no_room():
    marks, few = Chunks(), np.arange(20, dtype=np.uint64)
    for _ in range(1_000):
        marks.add(few.copy())
    assert marks._state["blocks"][0] - 1 <= 80 // int(ENTRIES) + 1  # four times the tracks, in blocks
    assert taken(marks) == few.tolist()


def test_blocks_that_a_page_gave_back_are_used_again():
    marks = Chunks()
    for chunk in range(20):
        marks.add(np.arange(chunk * CHUNK, chunk * CHUNK + 4_500, dtype=np.uint64))
    assert marks._state["blocks"][0] * int(ENTRIES) < 2 * 4_500


@pytest.mark.parametrize(("tracks", "spread"), [(300_000, 1), (300_000, 7), (300_000, 150), (2_000_000, 90)])
def test_memory_follows_touched_tracks_not_writes(tracks, spread):
    marks, keys = Chunks(), np.random.default_rng(1).permutation(tracks).astype(np.uint64) * np.uint64(spread)
    for _ in range(3):
        for start in range(0, tracks, 4_096):
            marks.add(keys[start : start + 4_096].copy())
    used = {name: int(marks._state[name][0]) for name in ("blocks", "pages", "buckets")}
    size_bytes = 64 * used["blocks"] + 8_192 * used["pages"] + 64 * used["buckets"]
    assert size_bytes < 4 * tracks + 16 * CHUNK


@pytest.mark.parametrize("step", [1, CHUNK], ids=["pages", "buckets"])
def test_without_memory_for_more_all_stays_as_it_is(monkeypatch, step):
    """A directory that stayed small while its buckets grow would fill up, and be searched for ever."""

    def no_memory(count):
        raise MemoryError

    marks, keys = Chunks(), step * np.arange(5_000, dtype=np.uint64)
    marks.add(keys[:5].copy())
    before = (marks._directory, marks._buckets, marks._pages, marks._hot)
    with monkeypatch.context() as patch:
        patch.setattr(chunks, "_places", no_memory)
        with pytest.raises(MemoryError):
            marks.add(keys.copy())
    after = (marks._directory, marks._buckets, marks._pages, marks._hot)
    assert all(mine is old for mine, old in zip(after, before, strict=True))
    marks.add(keys.copy())
    assert taken(marks) == keys.tolist()


def test_they_are_taken_before_numbers_of_blocks_run_out(monkeypatch):
    monkeypatch.setattr(chunks, "_MOST_BLOCKS", 100)
    marks, steps = Chunks(), 0
    while not marks.due(0):
        marks.add(np.arange(steps * CHUNK, (steps + 10) * CHUNK, CHUNK, dtype=np.uint64))
        steps += 10
    assert 90 <= steps <= 110
    assert len(taken(marks)) == steps
    assert not marks.due(0)
