"""Three of the four quantities give the fourth on a real link; solving again gives back what was put in."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from streams.model.sizing.link import Path, Plan
from streams.model.sizing.linkplan import QUANTITIES, Given, solve_link, unknown_of
from streams.model.sizing.reduction import Reduction

GIB61 = 65_536_000_000
OC3 = Fraction("155.52e6")
BARE = Path(1, efficiency=1, utilisation_ceiling=1)
G1 = Path(1, efficiency=Fraction("0.91295"))


def test_golden_g1_and_g2():
    bare = Given(changed_bytes=GIB61, path_bits_per_second=OC3, resync_seconds=3600)
    assert solve_link(bare, BARE).paths == 1
    assert solve_link(bare, G1).paths == 2
    assert solve_link(Given(Fraction(14, 10) * GIB61, None, OC3, 3600), G1).paths == 3
    assert solve_link(bare, BARE).need_bits_per_second == Fraction(8 * GIB61, 3600)
    time = solve_link(Given(changed_bytes=GIB61, paths=2, path_bits_per_second=OC3), BARE).resync_seconds
    assert float(time) == pytest.approx(1685.596_707_818_930_1, rel=1e-12)


def test_margins_raise_the_need_and_spare_paths_carry_nothing():
    plan = Plan(
        safety_factor=Fraction("1.2"), growth_per_year=Fraction("0.3"), horizon_years=1, spare_paths=1
    )
    asked = Given(changed_bytes=GIB61, path_bits_per_second=OC3, resync_seconds=3600)
    solved = solve_link(asked, G1, plan=plan)  # 145.6 x 1.2 x 1.3 / 99.4 = 2.29
    assert (solved.working_paths, solved.paths) == (3, 4)
    assert solved.need_bits_per_second == Fraction(8 * GIB61, 3600) * Fraction("1.56")
    assert solved.headroom_ratio == pytest.approx(1 - 145.635_555 * 1.56 / (3 * 99.3874), rel=1e-5)


def test_compression_lowers_the_need_and_raises_what_is_shipped():
    half = Reduction(2)
    asked = Given(changed_bytes=GIB61, path_bits_per_second=OC3, resync_seconds=3600)
    assert solve_link(asked, BARE, half).need_bits_per_second == Fraction(4 * GIB61, 3600)
    shipped = Given(paths=1, path_bits_per_second=8, resync_seconds=10)
    assert solve_link(shipped, BARE, half).changed_bytes == 20


def test_nothing_is_enough():
    full = Path(1, background_bits_per_second=10**9)
    asked = Given(changed_bytes=1, path_bits_per_second=1000, resync_seconds=1)
    assert solve_link(asked, full).paths is None
    assert solve_link(Given(changed_bytes=1, paths=1, path_bits_per_second=1000), full).resync_seconds is None
    held = Path(1, rtt_seconds=Fraction("0.1"), tcp_window_bytes=65_536)
    wide = solve_link(Given(changed_bytes=10**12, paths=1, resync_seconds=1), held)
    assert (wide.path_bits_per_second, wide.usable, wide.headroom_ratio) == (None, None, None)


def test_nothing_changed_needs_nothing():
    assert solve_link(Given(0, None, 1000, 1), BARE).paths == 0
    assert solve_link(Given(0, 1, None, 1), BARE).path_bits_per_second == 0
    assert solve_link(Given(0, 1, 1000, None), BARE).resync_seconds == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given(1, 1, 1, 1), "over-determined"),
        (Given(1, 1), "under-determined: path_bits_per_second, resync_seconds"),
        (Given(), "give 3 more"),
        (Given(1, None, 0, 1), "path_bits_per_second 0: it must be more than zero"),
        (Given(1, None, -5, 1), "path_bits_per_second -5"),
        (Given(1, 0, 5, None), "paths 0"),
        (Given(1, None, 5, 0), "resync_seconds 0"),
        (Given(-1, None, 5, 1), "changed_bytes -1: it cannot be negative"),
    ],
)
def test_what_cannot_be_solved_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        solve_link(given, BARE)


def test_spare_paths_must_leave_one_to_work():
    with pytest.raises(ValueError, match="spare_paths 2: of 2 paths"):
        solve_link(Given(1, 2, 5, None), BARE, plan=Plan(spare_paths=2))


amounts = st.integers(1, 10**15)
margins = st.builds(
    Plan,
    safety_factor=st.fractions(1, 3, max_denominator=100),
    growth_per_year=st.fractions(0, 1, max_denominator=100),
    horizon_years=st.integers(0, 5),
    spare_paths=st.integers(0, 3),
)
reductions = st.builds(Reduction, *[st.fractions(1, 5, max_denominator=10)] * 2)
lines = st.builds(
    Path,
    path_bits_per_second=st.just(1),
    efficiency=st.fractions(Fraction(1, 2), 1, max_denominator=50),
    utilisation_ceiling=st.fractions(Fraction(1, 2), 1, max_denominator=50),
)


links = st.tuples(lines, reductions, margins)


@any_of(amounts, st.integers(4, 50), amounts, st.integers(1, 10**6), links)
def test_round_trips(changed, paths, rate, seconds, link):
    path, reduction, plan = link
    shipped = solve_link(Given(None, paths, rate, seconds), path, reduction, plan).changed_bytes
    full = {
        "changed_bytes": shipped,
        "paths": paths,
        "path_bits_per_second": Fraction(rate),
        "resync_seconds": Fraction(seconds),
    }
    for unknown in QUANTITIES:
        asked = Given(**{**full, unknown: None})
        assert unknown_of(asked) == unknown
        solved = solve_link(asked, path, reduction, plan)
        assert getattr(solved, unknown) == full[unknown]
        assert solved.headroom_ratio == 0
    a_little_more = shipped * Fraction(10**9 + 1, 10**9)
    more = solve_link(Given(a_little_more, None, rate, seconds), path, reduction, plan)
    assert more.paths == paths + 1
    assert solve_link(Given(changed, None, rate, seconds), path, reduction, plan).headroom_ratio >= 0
