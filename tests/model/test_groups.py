"""Definitions: what is taken, and the exact message about what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import DefinitionError
from streams.model.groups import (
    Definition,
    Geometry,
    Member,
    default_rungs,
    default_slot,
    require_disjoint,
)

TRACK = 65_536


def group(*members, name="db", **more):
    return Definition(name, members, **more)


@pytest.mark.parametrize(
    "members",
    [
        [Member("a", "v", extents=((0, TRACK),))],
        [Member("a", "v", extents=((5 * TRACK, TRACK), (0, 2 * TRACK)))],
        [Member(f"array{n % 7}", f"volume{n}") for n in range(50)],
        [Member("a", "v", 10 * TRACK - 1, extents=((9 * TRACK, TRACK - 1),))],
        [Member("a", "with/slash and spaces")],
    ],
)
def test_one_track_ranges_and_many_arrays_are_all_groups(members):
    definition = group(*members)
    assert list(definition.by_id) == sorted(f"{m.array}/{m.volume}" for m in members)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: group(Member("a", "v"), name=""), "group: a name is needed"),
        (group, "group db: it has no volume; list at least one member"),
        (lambda: group(Member("a", "v"), expected_agents=-1), "group db: expected_agents is negative"),
        (lambda: group(Member("", "v")), "group db: array name '' is empty or has a slash"),
        (lambda: group(Member("a/b", "v")), "group db: array name 'a/b' is empty or has a slash"),
        (lambda: group(Member("a", "")), "group db: volume a/: a volume name is needed"),
        (lambda: group(Member("a", "v", 0)), "group db: volume a/v: volume_bytes 0"),
        (lambda: group(Member("a", "v", 1 << 63)), "group db: volume a/v: volume_bytes 9223372036854775808"),
        (
            lambda: group(Member("a", "v"), Member("a", "v")),
            "group db: volume a/v is listed twice; give one member several extents",
        ),
        (
            lambda: group(Member("a", "v", extents=())),
            "group db: volume a/v: an empty list of extents; leave it out for the whole volume",
        ),
        (
            lambda: group(Member("a", "v", extents=((TRACK, 0),))),
            "group db: volume a/v: extent at 65536, length 0: it is empty or negative",
        ),
        (
            lambda: group(Member("a", "v", extents=((-TRACK, TRACK),))),
            "group db: volume a/v: extent at -65536, length 65536: it is empty or negative",
        ),
        (
            lambda: group(Member("a", "v", TRACK, extents=((0, 2 * TRACK),))),
            "group db: volume a/v: extent at 0, length 131072: it ends beyond the volume",
        ),
        (
            lambda: group(Member("a", "v", extents=((100, TRACK),))),
            "group db: volume a/v: extent at 100, length 65536: not aligned to tracks of 65536 bytes",
        ),
        (
            lambda: group(Member("a", "v", 4 * TRACK, extents=((0, TRACK + 1),))),
            "group db: volume a/v: extent at 0, length 65537: not aligned to tracks of 65536 bytes",
        ),
        (
            lambda: group(Member("a", "v", extents=((2 * TRACK, TRACK), (0, 3 * TRACK)))),
            "group db: volume a/v: extents overlap in bytes 131072 to 196608",
        ),
    ],
)
def test_a_bad_group_is_refused_with_the_place(made, message):
    with pytest.raises(DefinitionError) as refused:
        made()
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"track_bytes": 511}, "track_bytes 511: 512 to 1048576"),
        ({"track_bytes": (1 << 20) + 1}, "track_bytes 1048577: 512 to 1048576"),
        ({"interval_seconds": 0}, "interval_seconds 0: 1 to 86400"),
        ({"interval_seconds": 86_401}, "interval_seconds 86401: 1 to 86400"),
        ({"slot_seconds": 7}, "slot_seconds 7: must divide the interval of 300 s"),
        ({"slot_seconds": 0}, "slot_seconds 0: must divide the interval of 300 s"),
        (
            {"interval_seconds": 86_400, "slot_seconds": 5, "rungs_seconds": ()},
            "slot_seconds 5: more than 8640 slots",
        ),
        ({"rungs_seconds": (1000,)}, "rungs_seconds 1000: must be a multiple of the interval of 300 s"),
        ({"rungs_seconds": (300,)}, "rungs_seconds 300: must be a multiple of the interval of 300 s"),
        ({"rungs_seconds": (900, 900)}, "rungs_seconds: one rung is listed twice"),
        ({"late_window_seconds": -1}, "late_window_seconds -1: at most 4096 intervals"),
        ({"late_window_seconds": 300 * 4096 + 1}, "late_window_seconds 1228801: at most 4096 intervals"),
        ({"max_gap_seconds": 3599}, "max_gap_seconds 3599: at least late_window_seconds"),
        ({"max_clock_ahead_seconds": -1}, "max_clock_ahead_seconds -1: 0 to a day"),
        ({"max_clock_ahead_seconds": 86_401}, "max_clock_ahead_seconds 86401: 0 to a day"),
        ({"rungs_seconds": (300 * 4097,)}, "rungs_seconds 1229100: at most 4096 intervals"),
        ({"max_gap_seconds": 1 << 32}, "max_gap_seconds 4294967296: at most 2147483648"),
        ({"tick_seconds": 0}, "tick_seconds 0: 1 to a day"),
        ({"silent_after_seconds": 9}, "silent_after_seconds 9: tick_seconds to a year"),
    ],
)
def test_a_bad_geometry_is_refused_with_the_field(changes, message):
    with pytest.raises(DefinitionError) as refused:
        Geometry(**changes)
    assert str(refused.value) == message


@pytest.mark.parametrize("seconds", [0, -300, 86_401, (1 << 61) - 1])
@pytest.mark.parametrize("made", [Geometry.for_interval, default_slot, default_rungs])
def test_an_interval_that_no_group_may_have_has_no_defaults(made, seconds):
    """Without a division by zero, and without a search that takes years."""
    with pytest.raises(DefinitionError) as refused:
        made(seconds)
    assert str(refused.value) == f"interval_seconds {seconds}: 1 to 86400"


@given(st.integers(1, 86_400))
def test_every_interval_has_a_default_geometry(seconds):
    slot, rungs = default_slot(seconds), default_rungs(seconds)
    assert seconds % slot == 0
    assert slot <= 10 or seconds > 8640
    assert all(r > seconds and r % seconds == 0 for r in rungs)
    geometry = Geometry.for_interval(seconds)
    assert geometry.slots * geometry.slot_seconds == seconds
    assert geometry.late_intervals * seconds >= 3600 > (geometry.late_intervals - 1) * seconds


@pytest.mark.parametrize(
    ("interval", "late", "gap", "intervals"),
    [(300, 3600, 86_400, 288), (1, 60, 86_400, 4096), (86_400, 3600, 3600, 1), (300, 3601, 3601, 13)],
)
def test_the_longest_run_that_is_shown_is_bounded_in_intervals(interval, late, gap, intervals):
    geometry = Geometry(
        interval_seconds=interval,
        slot_seconds=default_slot(interval) if interval < 86_400 else 10,
        rungs_seconds=(),
        late_window_seconds=late,
        max_gap_seconds=gap,
    )
    assert geometry.max_gap_intervals == intervals


@pytest.mark.parametrize(("silent", "ticks"), [(10, 1), (11, 2), (120, 12)])
def test_silence_is_rounded_up_to_ticks(silent, ticks):
    assert Geometry(silent_after_seconds=silent).silent_ticks == ticks


def test_groups_of_one_link_may_not_share_an_extent():
    whole = group(Member("a", "v"), name="whole")
    first = group(Member("a", "v", extents=((0, TRACK),)), name="first")
    second = group(Member("a", "v", extents=((TRACK, TRACK),)), Member("b", "v"), name="second")
    require_disjoint([first, second])
    require_disjoint([whole, group(Member("b", "v"), name="other")])
    with pytest.raises(DefinitionError) as refused:
        require_disjoint([second, first, whole])
    assert str(refused.value) == "groups first and whole overlap on a/v, bytes 0 to 65536"


def test_a_definition_that_no_state_could_hold_is_refused_with_the_remedy():
    members = tuple(Member("array", f"volume-{number:06}") for number in range(8_000))
    with pytest.raises(DefinitionError, match="divide them among several groups"):
        Definition("g", members)
