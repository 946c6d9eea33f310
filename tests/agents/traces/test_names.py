"""Names as codes, against a dictionary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces.fields import Fields
from streams.agents.traces.files import PAD_BYTES
from streams.agents.traces.names import LONGEST_NAME_BYTES, joined, names


def fields_of(cells: list[bytes]) -> Fields:
    padding = b"\0" * PAD_BYTES
    stops = np.cumsum([len(cell) for cell in cells], dtype=np.int64) + PAD_BYTES
    starts = stops - np.array([len(cell) for cell in cells], np.int64)
    return Fields(np.frombuffer(padding + b"".join(cells) + padding, np.uint8), starts, stops)


@given(st.lists(st.text("ab/8,é\0", max_size=9), max_size=30))
def test_codes_lead_back_to_the_names(texts):
    codes, distinct = names(fields_of([text.encode() for text in texts]))
    assert [distinct[code] if code >= 0 else None for code in codes] == [
        text if text and "\0" not in text else None for text in texts
    ]


@pytest.mark.parametrize("cell", [b"", b"\xff", b"a" * (LONGEST_NAME_BYTES + 1), b"a\0"])
def test_what_is_no_name_has_no_code(cell):
    assert names(fields_of([b"a", cell, b"a" * LONGEST_NAME_BYTES]))[0].tolist()[1] == -1


def test_a_doubled_quote_stands_for_one():
    assert names(fields_of([b'disk ""A""']))[1] == ('disk "A"',)


def test_a_name_that_is_not_allowed_has_no_code():
    codes, _ = names(fields_of([b"a", b"b", b"a"]), allowed=lambda name: name != "a")
    assert (codes >= 0).tolist() == [False, True, False]


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 3)), max_size=20))
def test_joined_names_are_qualified(pairs):
    arrays, volumes = ("a", "b", "c"), ("0", "1", "2", "3")
    left = np.array([pair[0] for pair in pairs], np.int32)
    right = np.array([pair[1] for pair in pairs], np.int32)
    codes, qualified = joined((left, arrays), (right, volumes))
    assert [qualified[code] if code >= 0 else None for code in codes] == [
        f"{arrays[a]}/{volumes[v]}" if min(a, v) >= 0 else None for a, v in pairs
    ]
    assert len(set(qualified)) == len(qualified)
