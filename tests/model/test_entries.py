"""Measured results: unknown counts stay unknown, coverage is a mean, summaries add up."""

from dataclasses import asdict, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.entries import Entry, Interval, Totals, coverage, summarise
from streams.model.intervals import US

counts = st.one_of(st.none(), st.integers(0, 1 << 62))
entry_rows = st.lists(
    st.tuples(
        st.sets(st.integers(0, 9)), counts, counts, st.lists(st.sampled_from(range(0, 300, 10)), max_size=5)
    ),
    min_size=1,
    max_size=5,
)


def entry(tracks=(), writes=0, written_bytes=0, covered=(), volume_bytes=None):
    return Entry("a/v", volume_bytes, 512, BitTable.of(tracks), writes, written_bytes, list(covered))


def interval(*entries):
    return Interval(
        group="g",
        definition_version=3,
        rung_seconds=300,
        start_us=600 * US,
        revision=2,
        partial=True,
        entries=entries,
        slot_seconds=100,
        written_bytes_by_slot=(1, None, 2),
        discards=4,
        late_writes=5,
    )


def test_an_entry_counts_its_tracks_and_a_short_last_one_with_its_true_bytes():
    assert (entry({0, 2}).changed_tracks, entry({0, 2}).changed_bytes) == (2, 1024)
    assert entry({0, 2}, volume_bytes=1124).changed_bytes == 512 + 100


def test_an_entry_expands_to_the_sorted_list_of_its_tracks():
    assert entry({9, 1 << 40, 0}).tracks.tracks().tolist() == [0, 9, 1 << 40]


def test_an_interval_ends_where_the_next_one_starts():
    assert interval(entry()).end_us == 900 * US
    assert summarise(interval(entry()), Totals(), None).end_us == 900 * US


@given(entry_rows)
def test_coverage_is_the_mean_over_the_volumes(rows):
    spans = [[(start * US, (start + 10) * US) for start in sorted(set(starts))] for *_, starts in rows]
    entries = tuple(entry(covered=covered) for covered in spans)
    seconds = [10 * len(covered) for covered in spans]
    assert coverage(entries, 300 * US) == pytest.approx(sum(seconds) / 300 / len(rows))


def test_full_coverage_is_exactly_one_and_none_exactly_zero():
    whole = entry(covered=[(600 * US, 900 * US)])
    assert coverage((whole,) * 7, 300 * US) == 1.0
    assert coverage((whole, entry()), 300 * US) == 0.5
    assert coverage((entry(),), 300 * US) == 0.0
    assert coverage((), 300 * US) == 0.0


@given(entry_rows)
def test_a_summary_adds_up_its_entries(rows):
    entries = [entry(tracks, writes, written) for tracks, writes, written, _ in rows]
    summary = summarise(interval(*entries), Totals(writes=8), 42)

    tracks = sum(len(row[0]) for row in rows)
    assert (summary.changed_tracks_or, summary.changed_tracks_sum) == (tracks, tracks)
    assert (summary.changed_bytes_or, summary.changed_bytes_sum) == (512 * tracks, 512 * tracks)
    assert summary.writes == sum_known(row[1] for row in rows)
    assert summary.written_bytes == sum_known(row[2] for row in rows)
    assert summary.volumes == len(rows)


def test_a_summary_says_what_its_interval_says():
    source = interval(entry())
    summary = summarise(source, Totals(writes=8), 42)
    for name in (
        "group",
        "definition_version",
        "rung_seconds",
        "start_us",
        "revision",
        "partial",
        "slot_seconds",
        "written_bytes_by_slot",
        "discards",
        "late_writes",
    ):
        assert getattr(summary, name) == getattr(source, name), name
    assert (summary.track_bytes, summary.watermark_us, summary.totals) == (512, 42, Totals(writes=8))


@pytest.mark.parametrize("sums", [(7, 3584), (0, 0)])
def test_a_rung_shows_the_sum_over_its_intervals_beside_the_or(sums):
    summary = summarise(interval(entry({1, 2})), Totals(), None, sums)
    assert (summary.changed_tracks_or, summary.changed_bytes_or) == (2, 1024)
    assert (summary.changed_tracks_sum, summary.changed_bytes_sum) == sums


total_names = [field.name for field in fields(Totals)]
raises = st.dictionaries(st.sampled_from(total_names), st.integers(0, 1 << 40))


@given(st.lists(raises, max_size=6))
def test_totals_raise_the_named_counters_and_leave_the_others(steps):
    totals = Totals()
    for step in steps:
        before = totals
        totals = before.plus(**step)
        assert all(getattr(totals, name) >= getattr(before, name) for name in total_names)
    assert asdict(totals) == {name: sum(step.get(name, 0) for step in steps) for name in total_names}


def test_a_counter_that_is_none_is_refused():
    with pytest.raises(TypeError, match="sectors"):
        Totals().plus(sectors=1)
