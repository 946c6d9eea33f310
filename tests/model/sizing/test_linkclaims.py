"""Claims on a real link solved back and forth, and every margin on the way."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.link import (
    Path,
    Plan,
    need_bits_per_second,
    paths_for,
    planned_paths,
    ship_seconds,
    usable_per_path,
)
from streams.model.sizing.linkclaims import changed_bytes_shipped, line_rate_for, need_steps, path_steps
from streams.model.sizing.reduction import Reduction

shares = st.fractions("1/100", 1, max_denominator=100)
paths = st.builds(
    Path,
    path_bits_per_second=st.integers(10**6, 10**11),
    efficiency=shares,
    utilisation_ceiling=shares,
    rtt_seconds=st.sampled_from([0, 0.01, 0.1]),
    loss_probability=st.sampled_from([0, 1e-5, 1e-2]),
    tcp_window_bytes=st.none() | st.integers(1 << 16, 1 << 26),
    streams=st.integers(1, 16),
    measured_goodput_bits_per_second=st.none() | st.integers(10**6, 10**11),
    heartbeat_bits_per_second=st.integers(0, 10**5),
    background_bits_per_second=st.integers(0, 10**5),
)
reductions = st.builds(Reduction, st.fractions(1, 5), st.fractions(1, 5))


@given(paths, st.integers(1, 20), st.integers(1, 10**6), reductions)
def test_bytes_paths_and_time_go_round(path, count, seconds, reduction):
    usable = usable_per_path(path).bits_per_second
    size = changed_bytes_shipped(count, usable, seconds, reduction)
    need = need_bits_per_second(size, seconds, reduction.compression_ratio, reduction.dedupe_ratio)
    assert need == count * usable
    if usable:
        assert paths_for(need, usable) == count
        assert ship_seconds(need, seconds, count, usable) == seconds


@given(paths, st.integers(1, 20), st.integers(0, 10**10))
def test_the_line_rate_is_just_enough(path, count, need):
    line = line_rate_for(Fraction(need), count, path)
    if line:
        usable = usable_per_path(replace(path, path_bits_per_second=line)).bits_per_second
        assert count * usable >= need
        less = usable_per_path(replace(path, path_bits_per_second=line * Fraction("0.999"))).bits_per_second
        assert count * less < need or not need
    else:
        wide = usable_per_path(replace(path, path_bits_per_second=10**15)).bits_per_second
        assert line == 0 == need or count * wide < need


@given(paths)
def test_steps_of_a_path_lead_from_its_line_to_what_is_usable(path):
    steps = path_steps(path)
    rates = [step.bits_per_second for step in steps]
    assert steps[0].name == "line rate"
    assert rates[0] == path.path_bits_per_second
    assert rates[-1] == usable_per_path(path).bits_per_second
    assert rates[:-1] == sorted(rates[:-1], reverse=True)
    assert rates[-1] == max(rates[-2], 0)


def test_steps_name_what_binds_and_what_is_taken():
    path = Path(
        10**9, 1, Fraction(1, 2), measured_goodput_bits_per_second=10**8, background_bits_per_second=10**6
    )
    assert [(step.name, int(step.bits_per_second)) for step in path_steps(path)] == [
        ("line rate", 10**9),
        ("after efficiency", 10**9),
        ("limited by measured", 10**8),
        ("under the utilisation ceiling", 50 * 10**6),
        ("less background", 49 * 10**6),
        ("usable", 49 * 10**6),
    ]


@given(st.fractions(0, 10**9), reductions, st.integers(0, 3))
def test_steps_of_a_need_lead_to_what_is_planned(rate, reduction, years):
    plan = Plan(Fraction("1.2"), Fraction("0.3"), years)
    steps = need_steps(rate, reduction, plan)
    assert steps[2].bits_per_second == reduction.shipped(rate)
    assert steps[-1].bits_per_second == reduction.shipped(rate) * Fraction("1.2") * Fraction("1.3") ** years
    assert planned_paths(steps[2].bits_per_second, Fraction(7), plan) == paths_for(
        steps[-1].bits_per_second, Fraction(7)
    )


def test_a_least_number_of_paths():
    assert planned_paths(Fraction(0), Fraction(1), Plan(least_paths=1)) == 1
    assert planned_paths(Fraction(0), Fraction(1), Plan()) == 0
    assert planned_paths(Fraction(5), Fraction(1), Plan(least_paths=1, spare_paths=1)) == 6


@pytest.mark.parametrize(
    ("terms", "complaint"),
    [
        ({"path_bits_per_second": 0}, "path_bits_per_second 0: it must be more than zero"),
        ({"path_bits_per_second": -1}, "path_bits_per_second -1"),
        ({"efficiency": 1.1}, r"efficiency 1\.1: a share of the rate"),
        ({"utilisation_ceiling": 0}, "utilisation_ceiling 0: a share of the rate"),
        ({"rtt_seconds": -0.1}, r"rtt_seconds -0\.1: it cannot be negative"),
        ({"loss_probability": 1}, "loss_probability 1: a share of the packets, from 0 to below 1"),
        ({"loss_probability": -0.1}, r"loss_probability -0\.1"),
        ({"tcp_window_bytes": 0}, "tcp_window_bytes 0"),
        ({"streams": 0}, "streams 0"),
        ({"mss_bytes": 0}, "mss_bytes 0"),
        ({"measured_goodput_bits_per_second": 0}, "measured_goodput_bits_per_second 0"),
        ({"background_bits_per_second": -1}, "background_bits_per_second -1"),
    ],
)
def test_what_is_no_path(terms, complaint):
    with pytest.raises(ValueError, match=complaint):
        Path(**{"path_bits_per_second": 10**9, **terms})


@pytest.mark.parametrize(
    "terms",
    [
        {"safety_factor": 0.9},
        {"growth_per_year": -1},
        {"horizon_years": -1},
        {"spare_paths": -1},
        {"least_paths": -1},
    ],
)
def test_what_is_no_plan(terms):
    with pytest.raises(ValueError, match=f"{next(iter(terms))} {next(iter(terms.values()))}: "):
        Plan(**terms)


def test_no_paths_have_no_line_rate():
    with pytest.raises(ValueError, match="paths 0"):
        line_rate_for(Fraction(1), 0, Path(1))
    with pytest.raises(ValueError, match="seconds 0"):
        changed_bytes_shipped(1, Fraction(1), 0)
