"""Checked numbers: what they let through, and that a refusal names the field."""

from decimal import Decimal
from fractions import Fraction

import pytest

from streams.model.sizing.exact import not_negative, percent_share, positive


@pytest.mark.parametrize("value", [0.1, Decimal("0.1"), Fraction(1, 10)])
def test_a_tenth_is_a_tenth(value):
    assert not_negative("x", value) == positive("x", value) == Fraction(1, 10)
    assert percent_share("x", value) == Fraction(1, 1000)


def test_edges():
    assert not_negative("x", 0) == 0
    assert (percent_share("x", 0), percent_share("x", 100)) == (0, 1)


@pytest.mark.parametrize(
    ("check", "value", "complaint"),
    [
        (not_negative, -1, "rate -1: it cannot be negative"),
        (positive, 0, "rate 0: it must be more than zero"),
        (percent_share, 101, "rate 101: it must be from 0 to 100"),
        *(
            (check, float("nan"), "rate nan: a finite number")
            for check in (not_negative, positive, percent_share)
        ),
    ],
)
def test_what_is_refused_by_name(check, value, complaint):
    with pytest.raises(ValueError, match=f"^{complaint}"):
        check("rate", value)
