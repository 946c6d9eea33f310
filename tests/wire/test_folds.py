import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from streams.errors import MessageError
from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.compiled import NUMBA
from streams.model.kernel import NUMPY
from streams.model.messages import Fold
from streams.wire import bitmaps
from streams.wire.arrow import read_stream, write_stream
from streams.wire.folds import decode_folds, encode_folds
from tests.model.portables import damaged


@pytest.fixture(scope="module", autouse=True, params=[NUMPY, NUMBA], ids=lambda kernel: kernel.name)
def each_kernel(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bitmaps, "fastest", lambda: request.param)
        yield


LARGE = BitTable.of([1, PART_TRACKS + 1, 1 << 40])


def batch(metadata=None, **columns):
    """A valid batch of one fold with some columns replaced, added or (None) left out."""
    utc = pa.timestamp("us", "UTC")
    good = {
        "start": pa.array([0], utc),
        "end": pa.array([10], utc),
        "volume": pa.array(["v"]).dictionary_encode(),
        "first_track": pa.array([0], pa.uint64()),
        "tracks": pa.array([BitMap([1]).serialize()]),
        "writes": pa.array([1], pa.uint64()),
        "written_bytes": pa.array([None], pa.uint64()),
    }
    chosen = {name: column for name, column in (good | columns).items() if column is not None}
    return pa.record_batch(chosen).replace_schema_metadata(
        {"track_bytes": "4096"} if metadata is None else metadata
    )


def refusal(found):
    with pytest.raises(MessageError) as caught:
        decode_folds(write_stream(found))
    return str(caught.value)


def merged(folds):
    """Folds of one span and volume are one fold: OR of tracks, sum of counts."""
    spans = {}
    for fold in folds:
        key = (fold.volume, fold.start_us, fold.end_us)
        before = spans.get(key)
        tracks = fold.tracks.copy()
        counts = fold.writes, fold.written_bytes
        if before is not None:
            tracks.update(before.tracks)
            counts = [
                None if a is None or b is None else a + b
                for a, b in zip(counts, (before.writes, before.written_bytes), strict=True)
            ]
        spans[key] = Fold(*key, fold.track_bytes, tracks, *counts)
    return tuple(spans.values())


@given(st.lists(st.from_type(Fold), min_size=1, max_size=4))
def test_round_trip(folds):
    decoded = decode_folds(encode_folds(folds))
    assert decoded == merged(folds)
    assert encode_folds(decoded) == encode_folds(merged(folds))


def test_counts_stand_on_the_first_row_of_a_large_volume():
    rows = read_stream(encode_folds([Fold("v", 0, 10, 4096, LARGE, 7, None)]))
    assert rows.column("first_track").to_pylist() == [0, PART_TRACKS, 1 << 40]
    assert rows.column("writes").to_pylist() == [7, 0, 0]
    assert rows.column("written_bytes").to_pylist() == [None, None, None]


def test_rows_of_one_span_need_not_stand_together():
    one, other = Fold("v", 0, 10, 4096, LARGE, 7, 9), Fold("w", 0, 10, 4096, BitTable.of([3]), 1, 1)
    value = encode_folds([one, other])
    rows = pa.table(pa.ipc.open_stream(value).read_all()).take([0, 3, 2, 1]).combine_chunks().to_batches()[0]
    assert decode_folds(write_stream(rows)) == (one, other)


def test_an_unknown_count_on_any_row_makes_the_sum_unknown():
    one = Fold("v", 0, 10, 4096, BitTable.of([1]), 3, 5)
    other = Fold("v", 0, 10, 4096, BitTable.of([2]), None, 7)
    assert decode_folds(encode_folds([one, other])) == (
        Fold("v", 0, 10, 4096, BitTable.of([1, 2]), None, 12),
    )


def test_an_empty_fold_has_a_row():
    fold = Fold("v", 0, 10, 4096, BitTable(), 2, 0)
    assert decode_folds(encode_folds([fold])) == (fold,)


@pytest.mark.parametrize("sizes", [(), (512, 4096)])
def test_a_message_holds_folds_of_one_track_length(sizes):
    with pytest.raises(ValueError, match="one track_bytes"):
        encode_folds([Fold("v", 0, 10, size, BitTable()) for size in sizes])


@pytest.mark.parametrize(
    "column", ["start", "end", "volume", "first_track", "tracks", "writes", "written_bytes"]
)
def test_a_missing_column_is_named(column):
    assert refusal(batch(**{column: None})).startswith(f"bad-schema: column {column}: missing, expected ")


def test_content_of_writes_is_refused():
    assert refusal(batch(data=pa.array([b"secret"]))).startswith("extra-column: column data: ")


@pytest.mark.parametrize("text", ["", "0", "-4096", "4096.0", "1" * 20, "x"])
def test_a_garbled_track_length_is_refused(text):
    assert refusal(batch({"track_bytes": text})).startswith("bad-schema: schema metadata track_bytes: ")


def test_a_missing_track_length_is_refused():
    assert refusal(batch({})) == "bad-schema: schema metadata track_bytes: missing, expected a decimal"


@pytest.mark.parametrize("first", [1, PART_TRACKS - 1, 1 << 63])
def test_a_row_off_the_grid_is_refused(first):
    found = refusal(batch(first_track=pa.array([first], pa.uint64())))
    assert found.startswith(f"bad-bitmap: volume v: first_track {first} is no multiple of {PART_TRACKS}")


@pytest.mark.parametrize(
    "bitmap",
    [
        b"",
        b"x",
        BitMap([1, 5, 9]).serialize()[:-1],
        BitMap([1, 5, 9]).serialize()[:-6] + bytes([9, 0, 5, 0, 1, 0]),
    ],
    ids=["empty", "garbage", "truncated", "unsorted"],
)
def test_what_is_no_bitmap_is_refused(bitmap):
    assert refusal(batch(tracks=pa.array([bitmap]))).startswith("bad-bitmap: volume v: tracks")


def test_a_bitmap_beyond_its_stretch_of_2_32_tracks_is_refused():
    found = refusal(
        batch(
            first_track=pa.array([PART_TRACKS], pa.uint64()),
            tracks=pa.array([BitMap([(1 << 32) - 1]).serialize()]),
        )
    )
    assert found.startswith("bad-bitmap: volume v: tracks: part at track 4194304 reaches beyond")


def test_counts_beyond_63_bits_are_refused():
    found = refusal(batch(writes=pa.array([1 << 63], pa.uint64())))
    assert found == "bad-value: volume v: counts add up to 9223372036854775808, beyond 9223372036854775807"


def outcome(chosen, value):
    """The folds with their highest tracks, or what is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bitmaps, "fastest", lambda: chosen)
        try:
            folds = decode_folds(value)
        except MessageError as error:
            return str(error)
    return [(fold.tracks.highest(), fold) for fold in folds]


@settings(max_examples=300)
@given(st.lists(damaged(), min_size=1, max_size=3), st.sampled_from(["binary", "large_binary"]))
def test_both_kernels_say_the_same_of_damaged_bitmaps(parts, kind):
    count = len(parts)
    found = batch(
        start=pa.array([0] * count, pa.timestamp("us", "UTC")),
        end=pa.array([10] * count, pa.timestamp("us", "UTC")),
        volume=pa.array(["v", "w", "v"][:count]).dictionary_encode(),
        first_track=pa.array([0] * count, pa.uint64()),
        tracks=pa.array(parts, kind),
        writes=pa.array([1] * count, pa.uint64()),
        written_bytes=pa.array([1] * count, pa.uint64()),
    )
    value = write_stream(found)
    assert outcome(NUMBA, value) == outcome(NUMPY, value)


def test_a_message_without_folds_has_none():
    assert decode_folds(write_stream(batch().slice(0, 0))) == ()
