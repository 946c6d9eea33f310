"""The sizes in docs/operations.md are those of the formula, and the formula is that of the encoders."""

from pathlib import Path

import numpy as np
import pytest

from ops.sizing import SITES, page, table_bytes
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.wire.tables import encode_tables

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
CHUNK = 65_536
PART = 1 << 22


def test_the_table_in_the_docs_is_that_of_the_formula():
    assert page() in DOCS.read_text(), "python -m ops.sizing"


@pytest.mark.parametrize("volumes", [1, 10, 50])
@pytest.mark.parametrize("changed", [0, 10, 100, 500, 5_000])
@pytest.mark.parametrize("spread_tracks", [CHUNK, 2 * CHUNK, PART, 4 * PART])
def test_the_formula_is_within_a_fifth_of_what_is_written(volumes, changed, spread_tracks):
    random = np.random.default_rng(volumes + changed)
    entries = [entry(number, random, changed, spread_tracks) for number in range(volumes)]
    made = interval(entries)
    written = sum(len(record.key) + len(record.value) for record in encode_tables(made))
    chunks = [len({track // CHUNK for track in each.tracks.tracks().tolist()}) for each in entries]
    rows = [max(1, len({track // PART for track in each.tracks.tracks().tolist()})) for each in entries]
    tracks = sum(each.changed_tracks for each in entries)
    whole = table_bytes(0, 0, 0) + sum(
        table_bytes(1, 0, chunk, row) - table_bytes(0, 0, 0) for chunk, row in zip(chunks, rows, strict=True)
    )
    assert whole + 2 * tracks == pytest.approx(written, rel=0.2)


def entry(number, random, changed, spread_tracks):
    table = BitTable()
    if changed:
        tracks = np.unique(random.integers(0, spread_tracks, changed)).astype(np.uint64)
        table.mark(tracks, tracks)
    covered = [(0, 300_000_000)]
    return Entry(f"array-{number % 3:03}/volume-{number:05}", 1 << 40, 65_536, table, changed, 8_192, covered)


def interval(entries):
    spans = tuple((f"array-{number:03}/agent", ((0, 300_000_000),)) for number in range(3))
    return Interval(
        group="payroll",
        definition_version=1,
        rung_seconds=300,
        start_us=0,
        revision=0,
        partial=False,
        entries=tuple(entries),
        slot_seconds=10,
        written_bytes_by_slot=(10_000_000,) * 30,
        discards=0,
        late_writes=0,
        agent_spans=spans,
    )


def test_sites_are_those_that_the_docs_speak_of():
    assert [site.volumes // site.groups for site in SITES] == [25, 10, 10]
