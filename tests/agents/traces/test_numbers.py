"""Digits to values, against Python's own integers and decimals."""

import re
from decimal import ROUND_DOWN, Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces.fields import Fields
from streams.agents.traces.files import PAD_BYTES
from streams.agents.traces.numbers import decimals, integers

NUMBERISH = st.lists(
    st.one_of(
        st.integers(0, 10**20).map(str),
        st.text("0123456789", max_size=25),
        st.text("0123456789.", max_size=30),
        st.text("0123456789.-+ xe/:", max_size=12),
    ),
    max_size=20,
)


def fields_of(texts: list[str]) -> Fields:
    """The texts one after the other, with nothing that would end a number between them."""
    joined = "".join(texts).encode()
    padding = b"\0" * PAD_BYTES
    stops = np.cumsum([len(text) for text in texts], dtype=np.int64) + PAD_BYTES
    starts = stops - np.array([len(text) for text in texts], np.int64)
    return Fields(np.frombuffer(padding + joined + padding, np.uint8), starts, stops)


@given(NUMBERISH)
def test_integers_are_what_python_reads(texts):
    value, good = integers(fields_of(texts))
    assert [re.fullmatch(r"[0-9]{1,19}", text) is not None for text in texts] == good.tolist()
    assert [int(text) for text, fine in zip(texts, good, strict=True) if fine] == value[good].tolist()


@given(NUMBERISH, st.sampled_from([0, 3, 6]))
def test_decimals_are_cut_and_never_rounded(texts, places):
    value, good = decimals(fields_of(texts), places)
    for text, number, fine in zip(texts, value.tolist(), good.tolist(), strict=True):
        shaped = re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,19})?", text)
        assert fine == (shaped is not None and int(text.split(".")[0]) < 10 ** (19 - places))
        if fine:
            exact = Decimal(text).scaleb(places)
            assert number == int(exact.to_integral_value(ROUND_DOWN))


@pytest.mark.parametrize("text", ["0", "9", "99999999", "100000000", "9" * 16, "1" + "0" * 16, "9" * 19])
def test_every_length_of_digits(text):
    value, good = integers(fields_of([text]))
    assert (value.tolist(), good.tolist()) == ([int(text)], [True])


@pytest.mark.parametrize("byte", sorted(set(range(1, 256)) - set(b"0123456789")))
def test_no_other_byte_passes_for_a_digit(byte):
    fields = fields_of(["12?45678"])
    text = fields.text.copy()
    text[PAD_BYTES + 2] = byte
    _, good = integers(Fields(text, fields.start, fields.stop))
    assert not good.any()
