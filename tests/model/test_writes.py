"""A batch of writes: columns of one length, chosen by mask, index or slice, without the data."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.writes import WriteBatch, volume_id

rows_of_writes = st.lists(
    st.tuples(
        st.integers(0, 1 << 50),
        st.integers(0, 2),
        st.integers(0, 1 << 62),
        st.integers(0, 1 << 32),
        st.booleans(),
    ),
    max_size=12,
)


def batch_of(rows, *, discards=True):
    times, codes, offsets, lengths, discard = zip(*rows, strict=True) if rows else ((),) * 5
    return WriteBatch(
        np.array(times, np.int64),
        np.array(codes, np.int32),
        ("a", "b", "c"),
        np.array(offsets, np.uint64),
        np.array(lengths, np.uint64),
        np.array(discard, np.bool_) if discards else None,
    )


def rows_in(batch):
    discard = np.zeros(len(batch), np.bool_) if batch.discard is None else batch.discard
    columns = (batch.time_us, batch.volume_codes, batch.offset_bytes, batch.length_bytes, discard)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_volume_is_known_everywhere_by_array_and_name():
    assert volume_id("array-1", "lun/7") == "array-1/lun/7"


def test_a_write_is_time_volume_and_extent_and_has_no_place_for_data():
    assert {column.name for column in fields(WriteBatch)} == {
        "time_us",
        "volume_codes",
        "volumes",
        "offset_bytes",
        "length_bytes",
        "discard",
    }


@given(rows_of_writes, st.data())
def test_taking_by_mask_keeps_the_marked_rows_in_order(rows, data):
    mask = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    taken = batch_of(rows).take(np.array(mask, np.bool_))
    assert rows_in(taken) == [row for row, keep in zip(rows, mask, strict=True) if keep]
    assert len(taken) == sum(mask)


@given(rows_of_writes.filter(len), st.data())
def test_taking_by_index_gives_the_rows_in_the_order_of_the_indices(rows, data):
    index = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20))
    taken = batch_of(rows).take(np.array(index, np.int64))
    assert rows_in(taken) == [rows[place] for place in index]


@given(rows_of_writes, st.integers(0, 14), st.integers(0, 14))
def test_taking_a_slice_gives_the_rows_between(rows, start, end):
    assert rows_in(batch_of(rows).take(slice(start, end))) == rows[start:end]


@pytest.mark.parametrize("discards", [True, False])
def test_the_volume_names_stay_and_so_does_whether_there_are_discards(discards):
    batch = batch_of([(1, 2, 3, 4, False), (5, 0, 6, 7, False)], discards=discards)
    taken = batch.take(slice(0, 1))
    assert taken.volumes == batch.volumes
    assert (taken.discard is not None) == discards


def test_an_empty_batch_has_columns_of_the_right_types_and_no_rows():
    empty = WriteBatch.empty()
    assert len(empty) == 0
    assert empty.discard is None
    assert [empty.time_us.dtype, empty.volume_codes.dtype] == [np.int64, np.int32]
    assert [empty.offset_bytes.dtype, empty.length_bytes.dtype] == [np.uint64, np.uint64]
