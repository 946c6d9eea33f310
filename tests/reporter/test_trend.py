"""The trend of a link: what it adds up whatever comes in which order, and the date that it leads to."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.intervals import US
from streams.reporter.trend import Trend, TrendRule

DAY = 86_400
RESYNC = TrendRule("bitmap_resync", 3600, 900, 3600)
CONTINUOUS = TrendRule("continuous", 3600, 900, None)


def hour(rows, number, size, group="a", revision=0, coverage=1.0):
    return rows.summary(
        12 * number,
        group,
        length=3600,
        changed=size,
        written_bytes=size,
        revision=revision,
        coverage=coverage,
    )


def filled(rows, days, size_on_day, rule=RESYNC, groups=("a",), **fields):
    trend = Trend(rule, len(groups), 35)
    for group in groups:
        for number in range(days * 24):
            trend.take(hour(rows, number, size_on_day(number // 24), group, **fields))
    return trend


def test_growth_has_a_date(rows):
    """A thousand bytes more each day reach the capacity when they have it."""
    trend = filled(rows, 10, lambda day: 3600 * 1000 * (day + 1))
    capacity = Fraction(8 * 1000 * 30)  # what a day 30 needs
    found = trend.outlook(capacity)
    assert (found.mode, found.days) == ("bitmap_resync", 10)
    assert found.exhaustion_us / US / DAY == pytest.approx(30)  # the end of day 29, which needs so much
    assert found.earliest_us / US / DAY == pytest.approx(30)


def test_no_growth_has_none(rows):
    found = filled(rows, 10, lambda _: 1000).outlook(Fraction(10**9))
    assert (found.days, found.exhaustion_us, found.earliest_us) == (10, None, None)


def test_few_days_have_none(rows):
    found = filled(rows, 3, lambda day: 1000 * (day + 1)).outlook(Fraction(10**9))
    assert (found.days, found.exhaustion_us) == (3, None)


def test_a_need_at_the_capacity_is_now(rows):
    found = filled(rows, 5, lambda _: 3600 * 1000).outlook(Fraction(8 * 1000))
    assert found.exhaustion_us == 5 * DAY * US


def test_half_seen_days_are_left_out(rows):
    assert filled(rows, 5, lambda _: 1000, coverage=0.5).outlook(Fraction(10**9)).days == 0


def test_weeks_from_four_of_them_on(rows):
    """Saturdays are quiet: by days they would be the trend's noise."""
    trend = filled(rows, 35, lambda day: 3600 * 1000 * (1 if day % 7 == 2 else day // 7 + 10))
    needs, days = trend._needs()
    assert (days, len(needs)) == (35, 5)
    assert [need.bits_per_second for need in needs] == [8000 * (week + 10) for week in range(5)]


def test_written_bytes_of_continuous_replication(rows):
    trend = filled(rows, 5, lambda day: 3600 * (day + 1), CONTINUOUS)
    needs, _ = trend._needs()
    # 24 hours of so many bytes a second, which may be late by a quarter of an hour
    assert [float(need.bits_per_second) for need in needs] == pytest.approx(
        [8 * (day + 1) * 24 / 24.25 for day in range(5)]
    )


def test_the_sum_of_the_groups(rows):
    alone, both = (filled(rows, 5, lambda _: 3600, groups=groups) for groups in (("a",), ("a", "b")))
    assert [n.bits_per_second * 2 for n in alone._needs()[0]] == [n.bits_per_second for n in both._needs()[0]]


def test_a_group_without_rows_is_a_gap(rows):
    trend = Trend(RESYNC, 2, 35)
    for number in range(5 * 24):
        trend.take(hour(rows, number, 1000))
    assert trend.outlook(Fraction(10**9)).days == 0


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 71), st.integers(0, 2)), max_size=40),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_do_not_matter(rows, places, shuffle: random.Random):
    """While no more intervals come than are remembered one by one."""

    def size(group, number, revision):
        return 1 + revision + 10 * number + (1000 if group == "b" else 0)

    came = places + shuffle.choices(places, k=5) if places else []
    shuffle.shuffle(came)
    trend = Trend(RESYNC, 2, 35)
    for group, number, revision in came:
        trend.take(hour(rows, number, size(group, number, revision), group, revision))
    newest = {}
    for group, number, revision in places:
        newest[group, number] = max(newest.get((group, number), 0), revision)
    wanted = sum(size(group, number, revision) for (group, number), revision in newest.items())
    assert trend._bytes.sum() == wanted


def test_the_oldest_days_make_room(rows):
    trend = Trend(RESYNC, 1, 5)
    for number in range(12 * 24):
        trend.take(hour(rows, number, 1000))
    assert trend.outlook(Fraction(10**9)).days == 5
    trend.take(hour(rows, 0, 10**12))
    assert trend._bytes.max() == 1000
