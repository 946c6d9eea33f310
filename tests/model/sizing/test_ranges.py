"""SUM, OR, coverage and gaps of a range against plain sets."""

from hypothesis import given
from hypothesis import strategies as st

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.model.intervals import US
from streams.model.sizing.ranges import fold_ratio, measure_range

LENGTH_US = 300 * US
TRACK = 4096

tables = st.dictionaries(st.sampled_from("abc"), st.frozensets(st.integers(0, 20)), min_size=1)
ranges = st.dictionaries(st.integers(0, 12), tables, min_size=1)


def entry(volume, tracks, volume_bytes=None, **fields):
    row = {"writes": len(tracks), "written_bytes": 512 * len(tracks), "covered": [(0, 0)]} | fields
    return Entry(volume, volume_bytes, TRACK, BitTable.of(tracks), **row)


def interval(index, *entries):
    return Interval("g", 1, 300, index * LENGTH_US, 0, False, entries, 10, None, 0, 0)


@given(ranges)
def test_sum_and_or_are_those_of_sets(written):
    measured = measure_range(
        interval(k, *(entry(v, t) for v, t in sorted(written[k].items()))) for k in sorted(written)
    )
    union = {(volume, track) for row in written.values() for volume, table in row.items() for track in table}
    total = sum(len(table) for row in written.values() for table in row.values())
    assert (measured.changed_tracks_or, measured.changed_bytes_or) == (len(union), len(union) * TRACK)
    assert (measured.changed_tracks_sum, measured.changed_bytes_sum) == (total, total * TRACK)
    assert (measured.writes, measured.written_bytes) == (total, 512 * total)
    assert measured.volumes == len({volume for row in written.values() for volume in row})
    missing = set(range(min(written), max(written) + 1)) - set(written)
    assert missing == {k for start, end in measured.gaps for k in range(start // LENGTH_US, end // LENGTH_US)}


def test_a_short_last_track_counts_its_true_bytes():
    measured = measure_range(interval(k, entry("a", {k, 2}, 2 * TRACK + 100)) for k in (0, 1))
    assert measured.changed_bytes_or == 2 * TRACK + 100
    assert measured.changed_bytes_sum == 2 * (TRACK + 100)


def test_coverage_counts_gaps_and_the_asked_range():
    half = [(0, LENGTH_US // 2)]
    rows = [
        interval(0, entry("a", {1}, covered=[(0, LENGTH_US)]), entry("b", {1}, covered=[(0, LENGTH_US)])),
        interval(2, entry("a", {1}, covered=half), entry("b", {1}, covered=half)),
    ]
    assert measure_range(rows).coverage == 0.5
    asked = measure_range(rows, (0, 6 * LENGTH_US))
    assert asked.coverage == 0.25
    assert asked.gaps == ((LENGTH_US, 2 * LENGTH_US), (3 * LENGTH_US, 6 * LENGTH_US))
    assert (asked.start_us, asked.end_us, asked.intervals) == (0, 6 * LENGTH_US, 2)


def test_what_a_source_cannot_count_is_unknown():
    measured = measure_range([interval(0, entry("a", {1}), entry("b", {1}, writes=None, written_bytes=None))])
    assert (measured.writes, measured.written_bytes) == (None, None)


def test_nothing_measured():
    assert measure_range([]) is None


def test_fold_ratio():
    assert fold_ratio(3, 2) == 1.5
    assert fold_ratio(0, 0) is None
