"""Laws that are fitted, curves that can be measured, and the memory of a process."""

import pytest

from bench.data import answers
from bench.growth import memory
from bench.growth.curves import curves
from bench.growth.laws import CONSTANT, LINEAR, SHARED
from bench.growth.measuring import COST, LAW, RATIO, add_law
from bench.running import Result
from bench.site import QUICK


@pytest.mark.parametrize(
    ("law", "formula"),
    [(CONSTANT, lambda x: 0.2), (SHARED, lambda x: 0.1 + 400 / x), (LINEAR, lambda x: 3 + 1e-4 * x)],
)
def test_a_law_that_holds_is_found(law, formula):
    x = [1, 16, 256, 8192, 32_768]
    y = [formula(at) for at in x]
    assert law.fitted(x, y) == pytest.approx(y)


def test_small_costs_weigh_as_much_as_large_ones():
    said = SHARED.fitted([1, 100, 10_000], [1000, 11, 2])
    assert said[2] == pytest.approx(2, rel=0.3)


def test_no_term_is_below_zero():
    falling = [5.0, 4.0, 3.0]
    assert LINEAR.fitted([1, 2, 3], falling) == pytest.approx(CONSTANT.fitted([1, 2, 3], falling))


def test_departures_are_from_the_law_of_the_same_contender():
    results = [
        Result("volumes", str(x), {"collector": {"volumes": [x], COST: [1 + x, 2 * (1 + x), 1 + x]}})
        for x in (1, 10, 100)
    ]
    add_law(LINEAR, "volumes", results)
    for x, result in zip((1, 10, 100), results, strict=True):
        assert result.figures["collector"][LAW] == pytest.approx([1 + x])
        assert result.figures["collector"][RATIO] == pytest.approx([1, 2, 1])


@pytest.mark.parametrize("writes", [QUICK.growth_writes, 1 << 21])
def test_every_curve_has_points_that_differ(writes):
    for curve in curves(writes).values():
        assert len({point.name for point in curve.points}) == len(curve.points) >= 4
        assert all(point.collector or point.worker for point in curve.points)


def test_the_goal_is_4_bytes_for_a_track_and_64_kib_for_a_volume():
    assert memory.goal_bytes(1_000_000, 16) == 4_000_000 + 16 * 65_536


def test_a_process_holds_what_the_brute_force_finds():
    shape = memory._shape("sequential", 1 << 14)
    figures = memory._measure(shape)
    assert figures["touched tracks"] == sum(row.changed_tracks for row in answers(shape)["g0"])
    assert figures["goal MiB"] > 1
