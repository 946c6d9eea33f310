"""Which mode ships less, by hand and against sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.sizing.advisor import advise, written_by_volume
from streams.model.sizing.foldcurve import fold_curve
from tests.model.written import SECONDS, TRACK, Written, written


def curve_of(tables):
    sets = [frozenset(table) for table in tables]
    return fold_curve([Written([True] * len(sets), {"a/0": sets}, {"a/0": None}).history("a/0")])


@pytest.mark.parametrize(
    ("written_tracks", "cycle", "fold", "mode"),
    [
        (8, 1, 2, "cycle"),  # every track written twice in each interval
        (8, 2, 4, "cycle"),
        (4, 1, 1, "either"),
        (4, 2, 2, "cycle"),
        (0.5, 2, 0.25, "continuous"),  # an eighth of each track
    ],
)
def test_by_hand(written_tracks, cycle, fold, mode):
    advice = advise("a/0", curve_of([{1}] * 4), int(written_tracks * TRACK), cycle)
    assert (advice.fold_factor, advice.mode, advice.cycle_seconds) == (fold, mode, cycle * SECONDS)
    assert advice.cycle_bytes_per_second == TRACK / (cycle * SECONDS)
    assert advice.continuous_bytes_per_second == written_tracks * TRACK / (4 * SECONDS)


@given(written(gaps=True, volumes=1), st.none() | st.integers(0, 10**6), st.data())
def test_rates_are_those_of_sets(group, written_bytes, data):
    w = data.draw(st.integers(1, group.n))
    advice = advise("a/0", fold_curve(group.histories()), written_bytes, w)
    sizes = [group.bytes_of(group.union(start, start + w)) for start in group.windows(w)]
    cycle = sum(sizes) / len(sizes) / (w * SECONDS) if sizes else None
    assert advice.cycle_bytes_per_second == (None if cycle is None else pytest.approx(cycle, rel=1e-12))
    seconds = group.measured.count(True) * SECONDS
    continuous = written_bytes / seconds if written_bytes is not None and seconds else None
    assert advice.continuous_bytes_per_second == continuous
    if continuous is None or cycle is None:
        assert (advice.mode, advice.fold_factor) == (None, None)


def test_a_small_gain_is_either():
    curve = curve_of([{1}])
    assert advise("a/0", curve, int(1.1 * TRACK), 1, least_gain=1.2).mode == "either"
    assert advise("a/0", curve, int(1.3 * TRACK), 1, least_gain=1.2).mode == "cycle"
    assert advise("a/0", curve, int(0.7 * TRACK), 1, least_gain=1.2).mode == "continuous"
    assert advise("a/0", curve_of([{}]), 0, 1).mode == "either"


def test_written_bytes_by_volume():
    def interval(**counts):
        entries = tuple(Entry(name, None, TRACK, BitTable(), 1, count, []) for name, count in counts.items())
        return Interval("g", 1, SECONDS, 0, 0, False, entries, 10, None, 0, 0)

    rows = [interval(a=1, b=5, c=None), interval(a=2, c=7), interval(a=4, b=None)]
    assert written_by_volume(rows) == {"a": 7, "b": None, "c": None}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [((0,), "cycle_intervals 0"), ((2,), "choose 1 to 1"), ((1, 0.5), "least_gain 0.5")],
)
def test_bad_input_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        advise("a/0", curve_of([{1}]), 1, *arguments)
