"""Batches keep every row: names, order, sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.batching import (
    MAX_WRITES,
    append,
    by_array,
    compact,
    concat,
    fitting_writes,
    sorted_by_time,
)
from streams.model.writes import WriteBatch
from streams.wire.writes import ROWS_PER_UNUSED_NAME

Row = tuple[int, str, int, int, bool]


def batch(rows: list[Row], volumes: tuple[str, ...] = (), *, discards: bool = True) -> WriteBatch:
    names = tuple(dict.fromkeys([*volumes, *(row[1] for row in rows)]))
    return WriteBatch(
        np.array([row[0] for row in rows], np.int64),
        np.array([names.index(row[1]) for row in rows], np.int32),
        names,
        np.array([row[2] for row in rows], np.uint64),
        np.array([row[3] for row in rows], np.uint64),
        np.array([row[4] for row in rows], np.bool_) if discards else None,
    )


def rows_of(writes: WriteBatch) -> list[Row]:
    discard = [False] * len(writes) if writes.discard is None else writes.discard.tolist()
    volumes = [writes.volumes[code] for code in writes.volume_codes.tolist()]
    columns = (writes.time_us, writes.offset_bytes, writes.length_bytes)
    times, offsets, lengths = (column.tolist() for column in columns)
    return list(zip(times, volumes, offsets, lengths, discard, strict=True))


some_rows = st.lists(
    st.tuples(
        st.integers(0, 50), st.sampled_from("abcd"), st.integers(0, 1 << 62), st.integers(0, 9), st.booleans()
    ),
    max_size=12,
)


@given(st.lists(some_rows, max_size=4), st.permutations("abcd"))
def test_concat_keeps_every_row_and_names_only_what_is_used(parts, names):
    joined = concat([batch(rows, tuple(names[: index + 1])) for index, rows in enumerate(parts)])
    expected = [row for rows in parts for row in rows]
    assert rows_of(joined) == expected
    assert list(joined.volumes) == list(dict.fromkeys(row[1] for row in expected))


@given(some_rows, some_rows, st.booleans())
def test_append_keeps_every_row(first, second, same_names):
    volumes = tuple("abcd") if same_names else ()
    joined = append(batch(first, volumes), batch(second, volumes))
    assert rows_of(joined) == first + second


def test_discards_come_back_when_only_one_part_has_them():
    joined = concat([batch([(1, "a", 0, 1, False)], discards=False), batch([(2, "a", 0, 1, True)])])
    assert joined.discard is not None
    assert joined.discard.tolist() == [False, True]


@given(some_rows)
def test_sorting_by_time_keeps_the_order_of_equal_times(rows):
    assert rows_of(sorted_by_time(batch(rows))) == sorted(rows, key=lambda row: row[0])


@given(some_rows)
def test_by_array_takes_writes_apart_with_bare_names(rows):
    qualified = [(time, f"array-{name}/v/{name}", *rest) for time, name, *rest in rows]
    parts = by_array(batch(qualified))
    assert {array: rows_of(part) for array, part in parts.items() if len(part)} == {
        f"array-{name}": [(row[0], f"v/{name}", *row[2:]) for row in rows if row[1] == name]
        for name in sorted({row[1] for row in rows})
    }


def test_a_volume_without_an_array_is_refused():
    with pytest.raises(ValueError, match="'c' has no array"):
        by_array(batch([(1, "a/b", 0, 1, False), (1, "c", 0, 1, False)]))


def test_a_message_holds_8192_writes():
    many = batch([(1, "a", 0, 1, False)] * (MAX_WRITES + 1))
    assert fitting_writes(many) == MAX_WRITES
    assert fitting_writes(many.take(slice(5))) == 5


@pytest.mark.parametrize(
    ("names", "length", "names_repeat", "fitting"),
    [
        (500, 1000, False, 400),  # 400,000 bytes of names at most
        (1, 1000, False, 500),  # one name for all
        (1, 1000, True, 400),  # every row carries it
        (2, 500_000, False, 1),  # a row is always taken
    ],
)
def test_volume_names_must_fit_too(names, length, names_repeat, fitting):
    rows = [(1, f"{i % names:0{length}}", 0, 1, False) for i in range(500 if names != 2 else 2)]
    assert fitting_writes(batch(rows), names_repeat=names_repeat) == fitting


def test_compact_drops_names_that_no_row_uses():
    assert compact(batch([(1, "c", 0, 1, False)], ("a", "b"))).volumes == ("c",)


def test_few_names_for_many_writes_stay_in_their_order():
    """So that the messages of one agent look alike, whichever volumes they happen to write to."""
    names = ("c", "a", "b")
    rows = [(time_us, "b", 0, 1, False) for time_us in range(ROWS_PER_UNUSED_NAME * len(names))]
    assert compact(batch(rows, names)).volumes == names
    assert compact(batch(rows[1:], names)).volumes == ("b",)
    doubled = replace(batch(rows * 2, names), volumes=(*names, "a"))
    assert compact(doubled).volumes == ("b",)  # none may stand twice in a message
