"""Blocks of any multiple of the track against sets, and the laws of coarsening."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.granularity import block_figures, dense_table_bytes, doubled_blocks
from tests.model.written import TRACK, Written, written

TABLES = json.loads((Path(__file__).parents[1] / "golden" / "sizing_sets.json").read_text())["dense_tables"]


@pytest.mark.parametrize("case", TABLES, ids=lambda case: case["name"])
def test_golden_tables(case):
    assert dense_table_bytes(case["volume_bytes"], case["track_bytes"]) == case["table_bytes"]


def size_of(group, volume, block, factor):
    size = group.sizes[volume]
    whole = factor * TRACK
    return whole if size is None else min(whole, size - block * whole)


@given(written(), st.lists(st.integers(1, 6), min_size=1), st.none() | st.integers(0, 10**6))
def test_blocks_are_those_of_sets(group, factors, written_bytes):
    figures = block_figures(group.histories(), [factor * TRACK for factor in factors], written_bytes)
    assert [row.block_bytes for row in figures] == [factor * TRACK for factor in sorted(set(factors))]
    for row, factor in zip(figures, sorted(set(factors)), strict=True):
        tables = [
            {(volume, track // factor) for volume, track in group.union(k, k + 1)} for k in range(group.n)
        ]
        sizes = [sum(size_of(group, *block, factor) for block in table) for table in tables]
        assert row.changed_blocks_sum == sum(map(len, tables))
        assert row.changed_bytes_sum == sum(sizes)
        assert row.changed_bytes_or == sum(size_of(group, *block, factor) for block in set().union(*tables))
        assert row.inflation == (sum(sizes) / figures[0].changed_bytes_sum if sum(sizes) else None)
        assert row.changed_per_written == (sum(sizes) / written_bytes if written_bytes else None)


@given(written(), st.integers(1, 6), st.integers(1, 6))
def test_larger_blocks_are_fewer_and_never_less(group, factor, more):
    small, large = (block_figures(group.histories(), [size * TRACK])[0] for size in (factor, factor * more))
    assert large.changed_blocks_sum <= small.changed_blocks_sum <= more * large.changed_blocks_sum
    assert small.changed_bytes_sum <= large.changed_bytes_sum
    assert small.changed_bytes_or <= large.changed_bytes_or
    assert large.changed_bytes_or <= large.changed_bytes_sum


def test_tables_of_known_sizes():
    def table_bytes(size):
        group = Written(
            [True], {"a/0": [frozenset()], "a/1": [frozenset()]}, {"a/0": 17 * TRACK, "a/1": size}
        )
        return [row.table_bytes for row in block_figures(group.histories(), [TRACK, 2 * TRACK])]

    assert table_bytes(TRACK) == [3 + 1, 2 + 1]
    assert table_bytes(None) == [None, None]


def test_block_sizes():
    assert doubled_blocks(4096, 20_000) == [4096, 8192, 16384]
    assert doubled_blocks(4096, 8192, [12_288, 8192]) == [4096, 8192, 12_288]
    assert doubled_blocks(4096, 512) == [4096]


@pytest.mark.parametrize("size", [TRACK // 2, TRACK + 1, 0])
def test_a_block_that_is_no_multiple_is_refused(size):
    group = Written([True], {"a/0": [frozenset()]}, {"a/0": None})
    with pytest.raises(ValueError, match=f"block_bytes {size}: it is no multiple of the track of 4096 B"):
        block_figures(group.histories(), [size])
    with pytest.raises(ValueError, match="block_bytes: there is none"):
        block_figures(group.histories(), [])
