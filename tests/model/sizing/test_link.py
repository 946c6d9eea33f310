"""The link model: golden vectors, the binding term, and what a full or an empty link says."""

import json
import math
from fractions import Fraction
from pathlib import Path as File

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.sizing.link import (
    Path,
    Plan,
    headroom_ratio,
    need_bits_per_second,
    paths_for,
    planned_paths,
    ship_seconds,
    usable_per_path,
)
from streams.model.sizing.media import MEDIA

GOLDEN = json.loads((File(__file__).parents[1] / "golden" / "sizing.json").read_text())
WHOLE = {"tcp_window_bytes", "mss_bytes", "streams"}

amounts = st.integers(1, 10**12).map(Fraction)
needs = st.integers(0, 10**12).map(Fraction)


def path_of(terms):
    return Path(**{name: int(value) if name in WHOLE else Fraction(value) for name, value in terms.items()})


@pytest.mark.parametrize("case", GOLDEN["links"], ids=lambda case: case["name"])
def test_golden(case):
    need = need_bits_per_second(
        Fraction(case["changed_bytes"]),
        Fraction(case["resync_seconds"]),
        Fraction(case.get("compression_ratio", 1)),
        Fraction(case.get("dedupe_ratio", 1)),
    )
    usable = usable_per_path(path_of(case["path"]))
    assert need == Fraction(case["need_bits_per_second"])
    assert usable.bits_per_second == Fraction(case["usable_bits_per_second"])
    assert usable.binding == case["binding"]
    assert paths_for(need, usable.bits_per_second) == case["paths"]


def test_published_efficiencies():
    published = {"raw": 1, "tcp1500": 0.9415, "tcp9000": 0.9900, "fcip1500": 0.9130, "fcip9000": 0.9600}
    assert {name: round(float(medium.efficiency), 4) for name, medium in MEDIA.items()} == published


@pytest.mark.parametrize(
    ("rtt", "loss", "megabits"), [(0.1, 12e-6, 41), (0.1, 0.002, 3.2), (0.01, 12e-6, 411), (0.01, 0.002, 32)]
)
def test_loss_limit(rtt, loss, megabits):
    path = Path(1e9, 1, 1, rtt_seconds=rtt, loss_probability=loss, mss_bytes=1460)
    assert float(usable_per_path(path).bits_per_second) == pytest.approx(megabits * 1e6, rel=0.01)


def test_limits_without_their_numbers_do_not_apply():
    assert usable_per_path(Path(1e9, 1, 1, tcp_window_bytes=1, loss_probability=0.5)).binding == "line"
    assert usable_per_path(Path(1e9, 1, 1, rtt_seconds=0.1)).binding == "line"


@given(needs, st.integers(1, 100), amounts)
def test_headroom_time_and_paths_agree(need, paths, usable):
    headroom = headroom_ratio(need, paths, usable)
    enough = (paths_for(need, usable) or 0) <= paths
    assert (headroom >= 0) == enough
    assert (ship_seconds(need, 3600, paths, usable) <= 3600) == enough


@given(needs.filter(bool), st.integers(1, 100))
def test_a_link_that_gives_nothing(need, paths):
    path = Path(1e6, background_bits_per_second=2e6)
    usable = usable_per_path(path).bits_per_second
    assert usable == 0
    assert headroom_ratio(need, paths, usable) == -math.inf
    assert ship_seconds(need, 3600, paths, usable) == math.inf
    assert paths_for(need, usable) is None
    assert planned_paths(need, usable, Plan(spare_paths=1)) is None


def test_a_link_without_need():
    assert headroom_ratio(Fraction(0), 2, Fraction(10)) == 1
    assert headroom_ratio(Fraction(0), 2, Fraction(0)) == 0
    assert ship_seconds(Fraction(0), 60, 2, Fraction(0)) == 0
    assert paths_for(Fraction(0), Fraction(0)) == 0


def test_plan():
    need, usable = Fraction(100), Fraction(100)
    assert planned_paths(need, usable, Plan()) == 1
    assert planned_paths(need, usable, Plan(safety_factor=1.2, growth_per_year=0.3, horizon_years=1)) == 2
    assert planned_paths(need, usable, Plan(growth_per_year=1, horizon_years=3)) == 8
    assert planned_paths(need, usable, Plan(growth_per_year=1, horizon_years=1.5)) == 3
    assert planned_paths(need, usable, Plan(safety_factor=2, spare_paths=1)) == 3
