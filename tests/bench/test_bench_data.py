"""The data sets: seeded, independent of batching, and answered without the pipeline."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bench.data import START_US, Shape, answers, batches, bodies, records
from streams.model.collector import begin, take
from streams.model.intervals import US
from streams.model.messages import Define, Message

SMALL = Shape(writes=40_000, interval_seconds=1, volume_bytes=1 << 30)


def columns(shape):
    parts = [writes for _, writes in batches(shape)]
    return [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("time_us", "volume_codes", "offset_bytes", "length_bytes")
    ]


def test_equal_shapes_give_equal_bytes():
    assert list(records(SMALL)) == list(records(replace(SMALL)))
    assert list(records(SMALL)) != list(records(replace(SMALL, seed=2)))


@pytest.mark.parametrize("batch", [1, 16, 1024, 32_768])
def test_batches_cut_the_same_writes(batch):
    shape = replace(SMALL, batch=batch)
    assert len(list(batches(shape))) == shape.messages
    for mine, others in zip(columns(shape), columns(SMALL), strict=True):
        assert np.array_equal(mine, others)


def test_a_batch_that_does_not_divide_a_block_is_refused():
    with pytest.raises(ValueError, match="batch 3000: a power of two"):
        Shape(batch=3000)


def test_writes_are_in_order_inside_their_volumes_and_as_fast_as_asked_for():
    time_us, codes, offset, length = columns(SMALL)
    assert len(time_us) == SMALL.writes
    assert (np.diff(time_us) >= 0).all()
    assert abs((time_us[-1] - START_US) / US - SMALL.writes / SMALL.writes_per_second) < 1
    assert (offset + length <= SMALL.volume_bytes).all()
    assert set(codes.tolist()) == set(range(SMALL.volumes))


def touched(skew):
    """How many different tracks 10,000 writes touch, and how many follow one that is touched as well."""
    _, codes, offset, _ = columns(Shape(skew=skew, writes=10_000))
    tracks = set(zip(codes.tolist(), (offset // 65_536).tolist(), strict=True))
    return len(tracks), sum((code, track + 1) in tracks for code, track in tracks)


def test_skews():
    zipf, zipf_neighbours = touched("zipf")
    scattered, scattered_neighbours = touched("scattered")
    uniform, _ = touched("uniform")
    assert zipf == scattered
    assert zipf < 7000
    assert uniform > 9990
    assert scattered_neighbours < 20
    assert zipf_neighbours > 500


@pytest.mark.parametrize("groups", [1, 3])
def test_the_answer_is_that_of_a_dictionary(groups):
    shape = replace(SMALL, groups=groups, batch=4096)
    tracks, counts = Counter(), Counter()
    seen = set()
    for group, writes in batches(shape):
        rows = (writes.time_us, writes.volume_codes, writes.offset_bytes, writes.length_bytes)
        for time_us, code, offset, length in zip(*(column.tolist() for column in rows), strict=True):
            place = group, f"array/v{code}", time_us // US * US
            counts[place] += 1
            for track in range(offset // 65_536, (offset + length - 1) // 65_536 + 1):
                tracks[place] += (place, track) not in seen
                seen.add((place, track))
    found = {(group, row.volume, row.start_us): row for group, rows in answers(shape).items() for row in rows}
    assert {place: row.changed_tracks for place, row in found.items()} == dict(tracks)
    assert {place: row.writes for place, row in found.items()} == dict(counts)


def test_the_collector_takes_all_of_it_and_finds_the_answer():
    shape = replace(SMALL, groups=2)
    groups, closed = {}, {}
    for offset, (name, body) in enumerate(bodies(shape)):
        message = Message(offset, START_US + 3600 * US, body)
        if isinstance(body, Define):
            groups[name], outcome = begin(message, body)
        else:
            outcome = take(groups[name], message)
        assert outcome.dead_letters == ()
        for interval in outcome.mark.intervals if outcome.mark else ():
            for entry in interval.entries:
                closed[name, entry.volume, interval.start_us] = entry.changed_tracks, entry.changed_bytes
    expected = {
        (name, row.volume, row.start_us): (row.changed_tracks, row.changed_bytes)
        for name, rows in answers(shape).items()
        for row in rows
    }
    assert expected == {place: found for place, found in closed.items() if found[0]}


def test_sequential_writes_go_through_all_volumes_in_step():
    _, codes, offset, _ = columns(replace(SMALL, skew="sequential", volumes=4))
    assert codes[:8].tolist() == [0, 1, 2, 3] * 2
    assert (offset[:8] // 65_536).tolist() == [0] * 4 + [1] * 4


def test_a_smaller_exponent_spreads_the_writes():
    tracks = [len(np.unique(columns(replace(SMALL, exponent=e))[2] // 65_536)) for e in (2.0, 1.2, 1.05)]
    assert tracks == sorted(tracks)
