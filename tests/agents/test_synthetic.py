"""Synthetic fleets: the answer in closed form against sets over the writes that were really generated."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.agents.brute import measure
from streams.agents.synthetic import FleetSpec, demo_fleet
from streams.agents.synthetic.arrivals import HOUR_US, hourly
from streams.agents.synthetic.walks import HotSpot, Sequential, Shuffle, Uniform
from streams.errors import SettingsError
from streams.model.writes import WriteBatch, volume_id

SMALL = FleetSpec(
    arrays=("a",),
    volumes_per_array=3,
    volume_bytes=64 * 512,
    start_us=0,
    duration_seconds=60,
    writes_per_second=5,
    write_bytes=128,
    pattern="uniform",
    track_bytes=512,
    interval_seconds=7,
    hot_tracks=5,
    cold_every=3,
)


@st.composite
def fleets(draw):
    pattern = draw(st.sampled_from(["hotspot", "uniform", "sequential", "diurnal"]))
    track_bytes = draw(st.integers(1, 9))
    tracks = draw(st.integers(2, 40))
    longest = track_bytes * (tracks if pattern == "sequential" else 1)
    return FleetSpec(
        arrays=draw(st.sampled_from([("a",), ("b", "a")])),
        volumes_per_array=draw(st.integers(1, 4)),
        volume_bytes=tracks * track_bytes + draw(st.integers(0, track_bytes - 1)),
        start_us=draw(st.integers(0, 30 * HOUR_US)),
        duration_seconds=draw(st.sampled_from([1, 7, 60, 4000])),
        writes_per_second=draw(st.integers(1, 2)),
        write_bytes=draw(st.integers(1, longest)),
        pattern=pattern,
        track_bytes=track_bytes,
        interval_seconds=draw(st.sampled_from([1, 13, 300, 3600, 7000])),
        seed=draw(st.integers(0, 99)),
        hot_tracks=draw(st.integers(1, tracks - 1)),
        cold_every=draw(st.integers(2, 5)),
        percent_by_hour=tuple(draw(st.lists(st.sampled_from([0, 1, 7, 50, 133]), min_size=24, max_size=24))),
    )


def generated(fleet, writes_per_batch=65_536):
    """All writes of a fleet as one batch of qualified names, in order of arrays and time."""
    batches = [(array, part) for array in fleet.arrays for part in fleet.batches(array, writes_per_batch)]
    names = tuple(volume_id(array, volume) for array in fleet.arrays for volume in fleet.volumes)
    shift = {array: index * len(fleet.volumes) for index, array in enumerate(fleet.arrays)}
    if not batches:
        return WriteBatch.empty()
    return WriteBatch(
        np.concatenate([part.time_us for _, part in batches]),
        np.concatenate([part.volume_codes + shift[array] for array, part in batches]).astype(np.int32),
        names,
        np.concatenate([part.offset_bytes for _, part in batches]),
        np.concatenate([part.length_bytes for _, part in batches]),
    )


def touched(fleet, writes):
    """The set of tracks of each volume and interval, by a loop."""
    tracks = defaultdict(set)
    columns = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
    first = fleet.start_us // (fleet.interval_seconds * 1_000_000)
    for time_us, code, offset, length in zip(*(column.tolist() for column in columns), strict=True):
        interval = time_us // (fleet.interval_seconds * 1_000_000) - first
        track = range(offset // fleet.track_bytes, (offset + length - 1) // fleet.track_bytes + 1)
        tracks[writes.volumes[code], interval].update(track)
    return tracks


@given(fleets(), st.data())
def test_the_closed_form_is_what_sets_find(fleet, data):
    writes, answer = generated(fleet), fleet.expected()
    tracks = touched(fleet, writes)
    assert answer.rows() == measure(writes, fleet.track_bytes, fleet.interval_seconds)
    for row in answer.rows(zeros=True):
        interval = (row.start_us - answer.first_us) // answer.interval_us
        assert row.changed_tracks == len(tracks[row.volume, interval])
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(answer.intervals))] * 2)))
    volumes = data.draw(st.one_of(st.none(), st.lists(st.sampled_from(sorted(answer.steps)), unique=True)))
    chosen = range(begin, end)
    names = sorted(answer.steps) if volumes is None else volumes
    union = {name: set().union(*(tracks[name, interval] for interval in chosen)) for name in names}
    assert answer.changed_tracks_or(chosen, volumes) == sum(map(len, union.values()))
    assert answer.changed_tracks_sum(chosen, volumes) == sum(
        len(tracks[name, interval]) for name in names for interval in chosen
    )


@given(fleets(), st.integers(1, 50))
def test_writes_are_in_order_inside_the_fleet_and_the_same_in_any_batches(fleet, writes_per_batch):
    writes, pieces = generated(fleet), generated(fleet, writes_per_batch)
    for column in ("time_us", "volume_codes", "offset_bytes", "length_bytes"):
        assert np.array_equal(getattr(writes, column), getattr(pieces, column))
    assert len(writes) == fleet.writes == fleet.expected().writes()
    assert fleet.expected().written_bytes() == int(writes.length_bytes.sum())
    assume(len(writes))
    assert writes.time_us.min() >= fleet.start_us
    assert writes.time_us.max() < fleet.end_us
    assert int((writes.offset_bytes + writes.length_bytes).max()) <= fleet.tracks * fleet.track_bytes
    for array in fleet.arrays:
        times = np.concatenate([part.time_us for part in fleet.batches(array)])
        assert np.all(times[1:] >= times[:-1])


@given(
    st.integers(0, 50 * HOUR_US),
    st.integers(1, 10**7),
    st.integers(1, 40),
    st.lists(st.sampled_from([0, 10, 100, 250]), min_size=24, max_size=24),
    st.data(),
)
def test_counting_arrivals_undoes_their_times(start_us, length_us, rate, percent, data):
    arrivals = hourly(start_us, start_us + length_us * 1000, rate, percent)
    times = arrivals.times_us(np.arange(arrivals.total))
    moment = data.draw(st.integers(start_us - 5, start_us + length_us * 1000 + 5))
    assert arrivals.count_before(moment) == int((times < moment).sum())
    for time_us in times[:50].tolist():
        assert arrivals.count_before(time_us) == int((times < time_us).sum())


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_a_shuffle_hits_every_number_once(size, seed):
    assert sorted(Shuffle.drawn(size, seed)(np.arange(size)).tolist()) == list(range(size))


@st.composite
def walks(draw):
    write_bytes, slots = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    kind = draw(st.sampled_from([HotSpot, Uniform, Sequential]))
    if kind is Sequential:
        lap = draw(st.integers(1, 12))
        return Sequential(lap, draw(st.integers(0, lap - 1)), draw(st.integers(1, 20)), write_bytes)
    shuffle = Shuffle.drawn(draw(st.integers(2, 20)), draw(st.integers(0, 99)))
    track_bytes = write_bytes * slots + draw(st.integers(0, write_bytes - 1))
    if kind is Uniform:
        return Uniform(shuffle, track_bytes, write_bytes)
    hot_tracks = draw(st.integers(1, shuffle.size - 1))
    return HotSpot(shuffle, hot_tracks, draw(st.integers(2, 5)), track_bytes, write_bytes)


@given(walks())
def test_any_run_of_steps_touches_what_sets_find(walk):
    offsets = walk.offsets_bytes(np.arange(40)).tolist()
    for first in range(0, 40, 3):
        tracks: set[int] = set()
        for stop, offset in enumerate(offsets[first:], start=first):
            assert walk.changed_tracks(first, stop) == len(tracks)
            last = (offset + walk.write_bytes - 1) // walk.track_bytes
            tracks.update(range(offset // walk.track_bytes, last + 1))


def test_volumes_and_seeds_differ():
    def offsets(fleet, code):
        (part,) = fleet.batches("a")
        return part.offset_bytes[part.volume_codes == code].tolist()

    for pattern in ("hotspot", "uniform", "sequential"):
        fleet = replace(SMALL, pattern=pattern)
        assert offsets(fleet, 0) != offsets(fleet, 1)
        assert offsets(fleet, 0) != offsets(replace(fleet, seed=1), 0)
        assert offsets(fleet, 0) == offsets(replace(fleet), 0)


def test_sequential_writes_span_tracks():
    fleet = replace(SMALL, pattern="sequential", write_bytes=768)
    (part,) = fleet.batches("a")
    assert np.any(part.offset_bytes // 512 != (part.offset_bytes + 767) // 512)


def test_a_fleet_in_step_with_its_figures():
    """Five hot tracks, every third write elsewhere: 100 writes touch 5 hot and 33 cold tracks."""
    fleet = replace(SMALL, pattern="hotspot", volumes_per_array=1, duration_seconds=20, interval_seconds=300)
    assert fleet.expected().rows() == measure(generated(fleet), 512, 300)
    (row,) = fleet.expected().rows()
    assert (row.volume, row.changed_tracks, row.changed_bytes) == ("a/vol-0", 38, 38 * 512)
    assert (row.writes, row.written_bytes) == (100, 12_800)


def test_idle_hours_are_rows_of_zero():
    curve = (0, 100, *([0] * 22))
    fleet = replace(
        SMALL, pattern="diurnal", duration_seconds=10_800, interval_seconds=3600, percent_by_hour=curve
    )
    figures = [(row.start_us // HOUR_US, row.writes) for row in fleet.expected().rows(zeros=True)]
    assert figures == [(hour, 6000 * (hour == 1)) for hour in range(3) for _ in fleet.volumes]
    assert {row.start_us for row in fleet.expected().rows()} == {HOUR_US}


def test_the_demo_is_one_modest_day_of_three_arrays():
    fleet = demo_fleet(1_700_000_000_000_000)
    assert [spec.pattern for spec in fleet] == ["hotspot", "sequential", "diurnal"]
    assert [spec.arrays for spec in fleet] == [("oltp",), ("batch",), ("files",)]
    assert {spec.start_us for spec in fleet} == {1_699_920_000_000_000}
    assert {spec.duration_seconds for spec in fleet} == {86_400}
    assert 2_000_000 < sum(spec.writes for spec in fleet) < 3_000_000
    for spec in fleet:
        answer = spec.expected()
        assert answer.rows() == measure(generated(spec), spec.track_bytes, spec.interval_seconds)
        assert answer.changed_tracks_sum() > answer.changed_tracks_or()
        assert len(answer.rows(zeros=True)) == 288 * len(spec.volumes)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pattern": "zipf"}, "choose one of hotspot, uniform, sequential, diurnal"),
        ({"arrays": ()}, "arrays: at least one"),
        ({"arrays": ("a", "a")}, "no name twice"),
        ({"volumes_per_array": 0}, "volumes_per_array: 1 or more"),
        ({"duration_seconds": 0}, "duration_seconds: 1 or more"),
        ({"writes_per_second": 0}, "writes_per_second: 1 or more"),
        ({"write_bytes": 0}, "write_bytes: 1 or more"),
        ({"track_bytes": 0}, "track_bytes: 1 or more"),
        ({"interval_seconds": 0}, "interval_seconds: 1 or more"),
        ({"start_us": -1}, "start_us: 0 or more"),
        ({"volume_bytes": 511}, "tracks: 1 or more"),
        ({"volume_bytes": 1 << 60}, "tracks of a volume"),
        ({"writes_per_second": 2_000_000}, "at most 1000000 writes_per_second"),
        ({"write_bytes": 513}, "write_bytes: at most a track"),
        ({"pattern": "sequential", "write_bytes": 64 * 512 + 1}, "write_bytes: at most a track"),
        ({"pattern": "hotspot", "hot_tracks": 64}, "hot_tracks: from 1 to fewer"),
        ({"pattern": "hotspot", "cold_every": 1}, "cold_every: 2 or more"),
        ({"percent_by_hour": (1,)}, "percent_by_hour: 24 numbers"),
        ({"percent_by_hour": (-1,) * 24}, "percent_by_hour: 24 numbers"),
    ],
)
def test_what_has_no_closed_form_is_refused(wrong, message):
    with pytest.raises(SettingsError) as raised:
        replace(SMALL, **wrong)
    assert message in str(raised.value)
