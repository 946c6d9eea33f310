"""History: the same whatever the order and however often rows come, and never a step back."""

import random
from dataclasses import astuple

from hypothesis import given
from hypothesis import strategies as st

from streams.model.entries import Totals
from streams.model.intervals import US
from streams.reporter.history import History
from streams.wire.keys import GapKey, GroupKey, StateKey, SummaryKey

places = st.lists(st.tuples(st.integers(0, 6), st.sampled_from((300, 900)), st.integers(0, 2)), max_size=12)


def keeping(intervals):
    """A history of about so many base intervals of each group; 0 for groups that no link carries."""
    return History(lambda _: intervals * 300)


def state(history):
    return {
        name: (group.version, group.intervals, group.gaps, group.totals, group.watermark_us)
        for name, group in history.groups.items()
    }


def key_of(summary):
    return SummaryKey(summary.group, summary.rung_seconds, summary.start_us, summary.revision)


@given(places, st.randoms(use_true_random=False), st.integers(0, 4))
def test_order_and_repetition_do_not_matter(rows, places, shuffle: random.Random, length):
    written = [
        rows.summary(i, length=rung, revision=r, totals=Totals(writes=i, late_writes=r))
        for i, rung, r in places
    ]
    written += [rows.mark(offset=i, dead_letters=i) for i, _, _ in places]
    written += [rows.version(), rows.gap(2, 4)]
    straight, mixed = keeping(length), keeping(length)
    for row in written:
        straight.take(row)
    again = written + shuffle.choices(written, k=5)
    shuffle.shuffle(again)
    for row in again:
        mixed.take(row)
    assert state(mixed) == state(straight)
    newest = {s.rung_seconds: (s.start_us, s.revision) for s in mixed.groups["oracle"].newest()}
    for rung in {rung for _, rung, _ in places}:
        index, revision = max((i, r) for i, length_, r in places if length_ == rung)
        unfed = {300: 4, 900: 3}[rung]  # what the gap of intervals 2 and 3 says of this length
        known = index + rung // 300 >= unfed
        assert newest.get(rung) == ((index * 300 * US, revision) if known else None)


@given(places)
def test_counters_and_watermark_never_step_back(rows, places):
    history, before = keeping(3), (0,) * len(astuple(Totals()))
    watermark = 0
    for i, rung, revision in places:
        history.take(
            rows.summary(i, length=rung, revision=revision, totals=Totals(writes=i, late_writes=revision))
        )
        group = history.groups["oracle"]
        now = astuple(group.totals)
        assert all(a >= b for a, b in zip(now, before, strict=True))
        assert group.watermark_us >= watermark
        before, watermark = now, group.watermark_us


def test_a_late_revision_of_an_old_interval_raises_its_counter(rows):
    history = keeping(10)
    history.take(rows.summary(5, totals=Totals(writes=60, late_writes=0)))
    history.take(rows.summary(2, revision=1, totals=Totals(writes=63, late_writes=3)))
    history.take(rows.summary(1, totals=Totals(writes=20)))
    assert history.groups["oracle"].totals == Totals(writes=63, late_writes=3)


def test_counters_come_from_marks_too_and_outlive_everything_else(rows):
    history = keeping(3)
    for row in (
        rows.version(),
        rows.summary(5, totals=Totals(writes=60, dead_letters=1)),
        rows.mark(writes=60, dead_letters=7),
        StateKey("oracle", 12),  # an older mark is gone
        rows.mark(writes=60, dead_letters=4),
    ):
        history.take(row)
    assert history.groups["oracle"].totals == Totals(writes=60, dead_letters=7)
    history.take(key_of(rows.summary(5)))
    history.take(GroupKey("oracle", 1))
    assert history.groups["oracle"].totals == Totals(writes=60, dead_letters=7)
    history.take(StateKey("never heard of", 1))
    assert list(history.groups) == ["oracle"]


def test_a_group_that_is_defined_again_shows_no_interval_of_its_earlier_life(rows):
    history = keeping(3)
    for row in (
        rows.version(),
        rows.summary(5, totals=Totals(intervals_closed=6)),
        rows.summary(3, length=900),
        rows.gap(6, 400),
        GroupKey("oracle", 1),
        rows.version(number=2),
    ):
        history.take(row)
    group = history.groups["oracle"]
    assert (list(group.newest()), group.newest_gap(), group.watermark_us) == ([], None, None)
    assert group.totals.intervals_closed == 6
    anew = rows.summary(400, definition_version=2)
    history.take(anew)
    history.take(rows.version(number=3))  # the life goes on
    assert (list(group.newest()), group.watermark_us) == ([anew], 401 * 300 * US)


def test_a_rung_that_ends_inside_the_newest_gap_has_no_figure(rows):
    history = keeping(3)
    base, rung, hour = rows.summary(14), rows.summary(12, length=900), rows.summary(0, length=3600)
    for row in (rows.version(), base, rung, hour):
        history.take(row)
    history.take(rows.gap(15, 17))  # of the rung from 15 to 18 the last interval is open
    assert list(history.groups["oracle"].newest()) == [rung, hour]
    history.take(rows.gap(15, 18))
    assert list(history.groups["oracle"].newest()) == [hour]
    history.take(rows.summary(15, length=900))
    assert [s.rung_seconds for s in history.groups["oracle"].newest()] == [900, 3600]


def test_history_is_bounded(rows):
    carried, other = keeping(3), keeping(0)
    for index in (5, 1, 9, 7, 3, *range(10, 30)):
        for history in (carried, other):
            history.take(rows.summary(index, written_bytes_by_slot=(1,) * 30))
            history.take(rows.gap(index, index + 1))
    kept = {name: h.groups["oracle"] for name, h in (("carried", carried), ("other", other))}
    assert sorted(kept["carried"].intervals[300]) == [i * 300 * US for i in (25, 26, 27, 28, 29)]
    assert sorted(kept["other"].intervals[300]) == [i * 300 * US for i in (28, 29)]
    assert sorted(kept["other"].gaps) == [i * 300 * US for i in range(22, 30)]
    assert all(row.written_bytes_by_slot for row in kept["carried"].intervals[300].values())
    assert not any(row.written_bytes_by_slot for row in kept["other"].intervals[300].values())


def test_only_lengths_that_the_definition_measures_are_newest(rows):
    history = keeping(3)
    history.take(rows.summary(0))
    assert list(history.groups["oracle"].newest()) == []  # not defined yet
    for row in (rows.version(), rows.summary(0, length=60), rows.summary(0, length=900)):
        history.take(row)
    assert [s.rung_seconds for s in history.groups["oracle"].newest()] == [300, 900]


def test_removed_rows(rows):
    history = keeping(3)
    first, second, revised = rows.summary(4), rows.summary(5), rows.summary(5, revision=1)
    for row in (rows.version(), first, second, revised, rows.gap(2, 3)):
        history.take(row)
    history.take(key_of(second))  # compaction's way of saying that revision 1 replaced it
    assert list(history.groups["oracle"].newest()) == [revised]
    history.take(key_of(revised))
    assert list(history.groups["oracle"].newest()) == [first]
    history.take(GapKey("oracle", 2 * 300 * US))
    assert history.groups["oracle"].newest_gap() is None
    history.take(key_of(first))
    assert list(history.groups["oracle"].newest()) == []
    history.take(GroupKey("oracle", 1))
    assert history.groups["oracle"].definition is None
    history.take(GroupKey("never heard of", 1))
    history.take(SummaryKey("never heard of", 300, 0, 0))
    assert list(history.groups) == ["oracle"]  # for its counters
    history.take(rows.version("empty"))
    history.take(GroupKey("empty", 1))
    assert list(history.groups) == ["oracle"]
