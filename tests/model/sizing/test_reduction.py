"""Compression and deduplication lower the need, and can never raise it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.reduction import Reduction

ratios = st.fractions(1, 100)


@given(ratios, ratios, st.fractions(0, 10**12))
def test_shipped_and_carried_are_inverse(compression, dedupe, amount):
    reduction = Reduction(compression, dedupe)
    assert reduction.carried(reduction.shipped(amount)) == amount
    assert reduction.shipped(amount) * compression * dedupe == amount


def test_without_ratios_every_byte_is_payload():
    assert Reduction().shipped(Fraction(7)) == Reduction().carried(Fraction(7)) == 7
    assert Reduction(1.6, 1.25).ratio == 2


@pytest.mark.parametrize("name", ["compression_ratio", "dedupe_ratio"])
def test_ratios_below_one_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} 0.5: bytes before over bytes after, at least 1"):
        Reduction(**{name: 0.5})
