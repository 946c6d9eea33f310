"""A trace as a plan takes it: sets and bytes are what the brute force counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.brute import measure
from streams.cli.plans.trace import geometry_of, grid_of_writes, histories_of_writes, series_of_writes
from streams.errors import DefinitionError
from streams.model.intervals import US
from streams.model.writes import WriteBatch

writes = st.lists(
    st.tuples(st.integers(0, 2000 * US), st.integers(0, 2), st.integers(0, 50_000), st.integers(0, 20_000)),
    min_size=1,
    max_size=60,
)


def batch_of(rows):
    time, volume, offset, length = (list(column) for column in zip(*rows, strict=True))
    return WriteBatch(
        np.array(time, np.int64),
        np.array(volume, np.int32),
        ("b/1", "a/0", "c/2"),
        np.array(offset, np.uint64),
        np.array(length, np.uint64),
    )


@given(writes, st.sampled_from([512, 4096, 56_664]), st.sampled_from([60, 300]))
def test_what_changed_and_was_written_is_what_brute_force_counts(rows, track, interval):
    batch = batch_of(rows)
    grid = grid_of_writes(batch, interval)
    histories = histories_of_writes(batch, grid, track)
    assert [history.volume for history in histories] == ["a/0", "b/1", "c/2"]
    step_us = interval * US
    found = {
        (history.volume, grid.start_us + index * step_us): int(changed)
        for history in histories
        for index, changed in enumerate(history.changed_tracks())
        if changed
    }
    expected = measure(batch, track, interval)
    assert found == {(row.volume, row.start_us): row.changed_tracks for row in expected if row.changed_tracks}
    series = series_of_writes(batch, grid, 10)
    by_interval = series.bytes_by_slot.reshape(len(grid), -1).sum(axis=1)
    written = [0] * len(grid)
    for row in expected:
        written[(row.start_us - grid.start_us) // step_us] += row.written_bytes
    assert by_interval.tolist() == written


def test_the_geometry_is_one_that_a_group_may_have():
    assert (geometry_of(None, None, None).slot_seconds, geometry_of(512, 60, 5).slot_seconds) == (10, 5)
    with pytest.raises(DefinitionError, match="slot_seconds 7"):
        geometry_of(None, 60, 7)
