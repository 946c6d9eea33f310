"""The four quantities against golden vectors, and solved back and forth."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.model.sizing.claims import (
    bytes_shipped,
    paths_needed,
    per_path_bits_per_second,
    required_bits_per_second,
    seconds_needed,
    solve,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "sizing.json").read_text())

sizes = st.integers(0, 10**18)
seconds = st.integers(1, 10**7) | st.decimals("0.001", "1e7", places=3)
rates = st.integers(1, 10**13) | st.floats(0.1, 1e13, allow_nan=False)
counts = st.integers(1, 1000)


@pytest.mark.parametrize("case", GOLDEN["claims"], ids=lambda case: case["name"])
def test_golden(case):
    size, time = Fraction(case["changed_bytes"]), Fraction(case["resync_seconds"])
    rate, required = Fraction(case["path_bits_per_second"]), Fraction(case["required_bits_per_second"])
    assert required_bits_per_second(size, time) == required
    assert paths_needed(required, rate) == case["paths"]
    assert solve(changed_bytes=size, path_bits_per_second=rate, resync_seconds=time).paths == case["paths"]


def test_golden_decimals():
    required = required_bits_per_second(1_000_000 * 65_536, 3600)
    assert float(required) == 145_635_555.555_555_56
    assert float(seconds_needed(65_536_000_000, 2, 155.52e6)) == 1685.596_707_818_930_1
    hours = [float(seconds_needed(100e9, 1, rate)) / 3600 for rate in (1.544e6, 10e6, 100e6)]
    assert hours == pytest.approx([143.926_309_7, 22.222_222_2, 2.222_222_2], abs=1e-7)


@given(sizes, counts, rates)
def test_any_of_the_four_follows_from_the_others(size, paths, rate):
    whole = solve(changed_bytes=size, paths=paths, path_bits_per_second=rate)
    size, time = whole.changed_bytes, whole.resync_seconds
    assert solve(paths=paths, path_bits_per_second=rate, resync_seconds=time or 1).changed_bytes == (
        size if time else bytes_shipped(paths, rate, 1)
    )
    assume(time)
    assert solve(changed_bytes=size, paths=paths, resync_seconds=time) == whole
    assert solve(changed_bytes=size, path_bits_per_second=rate, resync_seconds=time) == whole


@given(sizes.filter(bool), rates, seconds)
def test_solved_paths_are_the_fewest(size, rate, time):
    claim = solve(changed_bytes=size, path_bits_per_second=rate, resync_seconds=time)
    assert seconds_needed(size, claim.paths, rate) <= claim.resync_seconds
    if claim.paths > 1:
        assert seconds_needed(size, claim.paths - 1, rate) > claim.resync_seconds


@given(counts, st.integers(1, 10**9), st.integers(0, 6))
def test_exact_multiples_do_not_round_up(paths, digits, places):
    rate = digits / 10**places  # a float such as 0.1, whose binary value is not a tenth
    assert paths_needed(paths * Fraction(digits, 10**places), rate) == paths


@given(sizes, counts, seconds)
def test_shares_of_the_paths_add_up(size, paths, time):
    total = required_bits_per_second(size, time)
    assert per_path_bits_per_second(total, paths) * paths == total
    assert per_path_bits_per_second(total, 1) == total


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"changed_bytes": 1, "paths": 1}, "leave out exactly one .* 2 are left out"),
        (
            {"changed_bytes": 1, "paths": 1, "path_bits_per_second": 1, "resync_seconds": 1},
            "exactly one .* 0 are left out",
        ),
        ({"changed_bytes": -1, "paths": 1, "path_bits_per_second": 1}, "changed_bytes -1: .*negative"),
        ({"changed_bytes": 1, "paths": 0, "path_bits_per_second": 1}, "paths 0: .*more than zero"),
        ({"changed_bytes": 1, "paths": 1, "resync_seconds": 0}, "seconds 0: .*more than zero"),
        ({"changed_bytes": 1, "path_bits_per_second": 0, "resync_seconds": 1}, "path_bits_per_second 0"),
        ({"changed_bytes": float("nan"), "paths": 1, "resync_seconds": 1}, "nan: a finite number"),
        ({"changed_bytes": float("inf"), "paths": 1, "resync_seconds": 1}, "inf: a finite number"),
    ],
)
def test_what_cannot_be_solved(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        solve(**arguments)
