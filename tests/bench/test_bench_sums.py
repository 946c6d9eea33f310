"""The comparison that stands before every time."""

import re

import pytest

from bench.running import WrongAnswer
from bench.sums import compare

RIGHT = {(0, "array/v0"): (1, 65_536, 2, 8_192), (0, "array/v1"): (3, 196_608, 4, 16_384)}


def objection(found) -> str:
    """What the comparison with the right sums finds; empty where it finds nothing."""
    try:
        compare(found, RIGHT, "group g0")
    except WrongAnswer as wrong:
        return str(wrong)
    return ""


def test_equal_sums_pass_in_any_order():
    assert list(reversed(RIGHT)) != list(RIGHT)
    assert objection(dict(RIGHT)) == ""
    assert objection(dict(reversed(RIGHT.items()))) == ""
    assert objection({}) != ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({**RIGHT, (0, "array/v1"): (2, 196_608, 4, 16_384)}, r"g0, volume array/v1.* are \(2, 196608"),
        ({(0, "array/v0"): (1, 65_536, 2, 8_192)}, "array/v1.* are None, must be"),
        ({**RIGHT, (300, "array/v0"): (1, 1, 1, 1)}, "from 300 us.*must be None"),
    ],
)
def test_any_difference_is_found(found, said):
    assert re.search(said, objection(found))


@pytest.mark.parametrize("field", range(4))
def test_each_of_the_sums_counts(field):
    sums = list(RIGHT[0, "array/v0"])
    sums[field] += 1
    told = objection({**RIGHT, (0, "array/v0"): tuple(sums)})
    assert (
        f"volume array/v0, interval from 0 us: (tracks, bytes, writes, written bytes) are {tuple(sums)}"
        in told
    )
