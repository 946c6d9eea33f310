"""The mode of a link's replicator: golden vectors through the reporter's eyes, and what was not captured."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import MissingData
from streams.model.intervals import US
from streams.reporter.rpo import mode_figures, mode_of
from streams.settings import Link

MB = 1_000_000
ARRIVED = tuple(each * MB for each in (100, 100, 400, 400, 100, 0))
PER_SLOT = 200 * MB * 8 / 60  # bit/s


def link(**fields):
    chosen = {
        "groups": ("a",),
        "path_bits_per_second": PER_SLOT,
        "medium": "raw",
        "utilisation_ceiling": 1.0,
        "rpo_seconds": 60,
    }
    return Link(**chosen | fields)


def written(rows, group="a", index=0, slots=ARRIVED, coverage=1.0):
    """An interval of 360 s in slots of 60 s."""
    return rows.summary(
        0,
        group,
        length=360,
        start_us=index * 360 * US,
        slot_seconds=60,
        written_bytes_by_slot=slots,
        written_bytes=sum(slots) if slots else None,
        coverage=coverage,
    )


def of(*summaries):
    """The rows of one link as the reporter keeps them."""
    found = {}
    for summary in summaries:
        found.setdefault(summary.group, {}).setdefault(summary.rung_seconds, []).append(summary)
    return found


def test_continuous_is_the_golden_vector(rows):
    found = mode_figures(link(), "continuous", of(written(rows)), 360)
    assert found.basis == "written"
    assert found.required_bytes_per_second[100] == pytest.approx(800 / 3 * MB / 60, rel=1e-12)
    assert found.required_bytes_per_second[95] < found.required_bytes_per_second[100]
    assert found.headroom_ratio == pytest.approx(1 - 4 / 3)
    assert found.paths == 2
    assert found.backlog_bytes == 100 * MB
    assert found.exposure_seconds == pytest.approx(2 * 60)  # 400 MB wait at worst
    assert found.attainment_ratio == pytest.approx(1 - 2.5 / 6)  # above 200 MB in slots 4, 5 and half of 6
    assert found.end_us == 360 * US


def test_enough_paths_leave_headroom_and_keep_the_rpo(rows):
    found = mode_figures(link(paths=2), "continuous", of(written(rows)), 360)
    assert found.headroom_ratio == pytest.approx(1 - 2 / 3)
    assert (found.attainment_ratio, found.backlog_bytes) == (1, 0)


def test_compression_lowers_the_need_and_nothing_else(rows):
    plain, shrunk = (
        mode_figures(link(paths=paths, compression_ratio=ratio), "continuous", of(written(rows)), 360)
        for paths, ratio in ((2, 1), (1, 2))
    )
    assert shrunk.headroom_ratio == plain.headroom_ratio
    assert shrunk.exposure_seconds == plain.exposure_seconds
    assert shrunk.required_bytes_per_second[100] * 2 == plain.required_bytes_per_second[100]


def test_the_range_ends_where_the_slowest_group_is(rows):
    both = link(groups=("a", "b"))
    ahead = of(written(rows), written(rows, index=1, slots=(9_000 * MB,) * 6), written(rows, "b"))
    found = mode_figures(both, "continuous", ahead, 360)
    assert found.end_us == 360 * US
    assert found.required_bytes_per_second[100] == pytest.approx(2 * 800 / 3 * MB / 60)
    assert mode_figures(both, "continuous", {}, 360) is None


def test_a_link_too_narrow_for_the_others_alone_says_so_while_a_group_is_missing(rows):
    both = link(groups=("a", "b"))
    found = mode_figures(both, "continuous", of(written(rows)), 360)
    assert found.required_bytes_per_second == {100: pytest.approx(800 / 3 * MB / 60, rel=1e-12)}
    assert found.headroom_ratio == pytest.approx(1 - 4 / 3)
    assert (found.paths, found.backlog_bytes, found.attainment_ratio) == (2, 100 * MB, None)
    unseen = of(written(rows), written(rows, "b", slots=(0,) * 6, coverage=0.0))
    assert mode_figures(both, "continuous", unseen, 360) == found
    wide = link(groups=("a", "b"), paths=2)
    assert mode_figures(wide, "continuous", of(written(rows)), 360).headroom_ratio is None


SLOTS = st.lists(st.integers(0, 500).map(lambda count: count * MB), min_size=6, max_size=6)


@given(SLOTS, SLOTS, st.sampled_from([1, 2]))
def test_figures_with_a_missing_group_are_bounds_of_those_with_it(rows, one, other, paths):
    both = link(groups=("a", "b"), paths=paths)
    part = of(written(rows, slots=tuple(one)))
    whole = part | of(written(rows, "b", slots=tuple(other)))
    hold_as_bounds(*(mode_figures(both, "continuous", found, 360) for found in (part, whole)))


@given(
    st.lists(st.integers(0, 30), min_size=6, max_size=6),
    st.lists(st.integers(0, 30), min_size=6, max_size=6),
    st.sampled_from(["cycle_single", "cycle_multi"]),
)
def test_cycles_with_a_missing_group_are_bounds_too(rows, one, other, mode):
    both = cyclic(groups=("a", "b"))
    part = cycles(rows, *(65_536 * count for count in one))
    whole = part | of(*(rows.summary(n, "b", changed=65_536 * count) for n, count in enumerate(other)))
    hold_as_bounds(*(mode_figures(both, mode, found, 1800) for found in (part, whole)))


def hold_as_bounds(part, whole):
    assert part.attainment_ratio is None
    assert (part.headroom_ratio or 0) <= 0
    assert part.required_bytes_per_second.keys() <= {100}
    for low, high in (
        (part.required_bytes_per_second.get(100), whole.required_bytes_per_second.get(100)),
        (part.paths, whole.paths),
        (part.backlog_bytes, whole.backlog_bytes),
        (part.exposure_seconds, whole.exposure_seconds),
    ):
        assert low is None or low <= high * (1 + 1e-9)
    if part.headroom_ratio is not None:
        assert part.headroom_ratio >= whole.headroom_ratio


def test_the_range_is_at_least_four_rpos(rows):
    found = mode_figures(link(rpo_seconds=300), "continuous", of(written(rows)), 60)
    assert found.range_seconds == 1200


def test_nothing_seen_is_no_figure(rows):
    with pytest.raises(MissingData):
        mode_figures(link(), "continuous", of(written(rows, coverage=0.0)), 360)


def test_synchronous_needs_the_busiest_slot(rows):
    found = mode_figures(link(), "synchronous", of(written(rows)), 360)
    assert found.required_bytes_per_second == {100: pytest.approx(400 * MB / 60)}
    assert found.attainment_ratio == pytest.approx(4 / 6)
    assert (found.headroom_ratio, found.paths) == (pytest.approx(-1), 2)


def cycles(rows, *sizes, **fields):
    """Cycles of 300 s that change so many bytes each."""
    return of(*(rows.summary(index, "a", changed=size, **fields) for index, size in enumerate(sizes)))


def cyclic(**fields):
    rate = 65_536 * 8 * 10 / 300  # ten tracks in a cycle
    return link(**{"cycle_seconds": 300, "rpo_seconds": 600, "path_bits_per_second": rate} | fields)


def test_cycles_on_time(rows):
    tracks = [65_536 * count for count in (5, 10, 5, 5)]
    found = mode_figures(cyclic(), "cycle_multi", cycles(rows, *tracks), 1200)
    assert found.required_bytes_per_second == {100: pytest.approx(65_536 * 10 / 300)}
    assert found.headroom_ratio == pytest.approx(0)
    assert (found.exposure_seconds, found.attainment_ratio) == (pytest.approx(600), 1)
    assert found.backlog_bytes == 5 * 65_536  # the last one is captured and not yet sent
    assert found.basis == "aligned"


def test_a_cycle_that_is_too_large_misses_the_rpo(rows):
    tracks = [65_536 * count for count in (5, 20, 5, 5)]
    found = mode_figures(cyclic(), "cycle_multi", cycles(rows, *tracks), 1200)
    assert found.exposure_seconds == pytest.approx(900)
    assert found.attainment_ratio == 2 / 4  # the one behind it waits and is late as well
    assert found.headroom_ratio == pytest.approx(-1)


def test_a_cycle_as_long_as_the_rpo_has_no_rate(rows):
    found = mode_figures(cyclic(rpo_seconds=300), "cycle_multi", cycles(rows, *[65_536] * 4), 1200)
    assert (found.headroom_ratio, found.paths, found.required_bytes_per_second) == (-math.inf, None, {})
    assert found.attainment_ratio == 0


def test_blocks_coarser_than_tracks_make_it_a_lower_bound(rows):
    found = mode_figures(cyclic(block_bytes=262_144), "cycle_single", cycles(rows, *[65_536] * 4), 1200)
    assert found.basis == "lower"


def test_what_was_not_captured_is_refused(rows):
    with pytest.raises(MissingData, match="cycles of 120 s need intervals of this length"):
        mode_figures(cyclic(cycle_seconds=120), "cycle_multi", cycles(rows, 65_536), 1200)
    with pytest.raises(MissingData, match="cycle_seconds is needed"):
        mode_figures(cyclic(cycle_seconds=None), "cycle_multi", cycles(rows, 65_536), 1200)


def test_the_mode_is_the_set_one_or_continuous_where_bytes_were_counted(rows):
    counted, not_counted = of(written(rows)), of(written(rows, slots=None))
    assert mode_of(link(), counted) == "continuous"
    assert mode_of(link(), not_counted) is None
    assert mode_of(link(mode="bitmap_resync"), counted) is None
    assert mode_of(link(mode="synchronous"), not_counted) == "synchronous"
    assert mode_of(link(), {}) is None


def test_a_link_that_gives_nothing(rows):
    full = link(background_bits_per_second=2 * PER_SLOT)
    found = mode_figures(full, "continuous", of(written(rows)), 360)
    assert (found.headroom_ratio, found.paths, found.attainment_ratio) == (-math.inf, None, 0)
    assert (found.backlog_bytes, found.exposure_seconds) == (None, None)
    idle = mode_figures(full, "continuous", of(written(rows, slots=(0,) * 6)), 360)
    assert (idle.headroom_ratio, idle.attainment_ratio) == (0, 1)
