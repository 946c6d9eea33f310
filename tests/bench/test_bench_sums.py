"""The comparison that stands before every time."""

import pytest

from bench.running import WrongAnswer
from bench.sums import compare

RIGHT = {(0, "array/v0"): (1, 65_536, 2, 8_192), (0, "array/v1"): (3, 196_608, 4, 16_384)}


def test_equal_sums_pass():
    compare(dict(RIGHT), RIGHT, "group g0")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({**RIGHT, (0, "array/v1"): (2, 196_608, 4, 16_384)}, r"g0, volume array/v1.* are \(2, 196608"),
        ({(0, "array/v0"): (1, 65_536, 2, 8_192)}, "array/v1.* are None, must be"),
        ({**RIGHT, (300, "array/v0"): (1, 1, 1, 1)}, "from 300 us.*must be None"),
    ],
)
def test_any_difference_is_found(found, said):
    with pytest.raises(WrongAnswer, match=said):
        compare(found, RIGHT, "group g0")
