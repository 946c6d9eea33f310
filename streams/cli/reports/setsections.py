"""Sections on what folding saves: cycles, blocks, the hot set, and which mode suits each volume."""

from __future__ import annotations

from collections.abc import Iterator

from streams.cli.reports.document import Column, Section, Unit, listing
from streams.cli.reports.sets import Sets
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.foldtable import fold_table
from streams.model.sizing.overlap import overlap

__all__ = ["advice_section", "block_section", "fold_section", "overlap_section"]

_PERCENTS = (50, 90, 95, 99)


def fold_section(sets: Sets) -> Section:
    """Fold factor, bandwidth and cache against the length of a cycle."""
    columns = [
        Column("cycle_seconds", "cycle", Unit.SECONDS),
        Column("windows", "windows", Unit.COUNT),
        Column("left_out", "left out", Unit.COUNT),
        Column("mean_tracks", "mean tracks", Unit.FACTOR),
        Column("mean_bytes", "mean", Unit.BYTES),
        *(Column(f"p{percent}_bytes", f"{percent} %", Unit.BYTES) for percent in _PERCENTS),
        Column("most_bytes", "most", Unit.BYTES),
        Column("fold_factor", "saves, times", Unit.FACTOR),
        Column("bits_per_second", "bandwidth for the most", Unit.RATE),
        Column("cache_bytes", "cache", Unit.BYTES),
    ]
    rows = [
        (
            row.cycle_seconds,
            row.windows,
            row.left_out,
            row.mean_tracks,
            row.mean_bytes,
            *(row.percentile_bytes[percent] for percent in _PERCENTS),
            row.most_bytes,
            row.fold_factor,
            row.bits_per_second,
            row.cache_bytes,
        )
        for row in fold_table(sets.curve, sets.unions, _PERCENTS)
    ]
    return listing(
        "fold",
        "Unique bytes by length of a cycle, over sliding windows",
        columns,
        rows,
        [
            "Saves: how many times less such cycles ship, on the mean, than cycles of one base interval.",
            "Windows that touch a gap are left out. The cache holds two of the largest cycle.",
        ],
    )


def block_section(sets: Sets) -> Section:
    """SUM and OR at every multiple of the captured track, and against the bytes written."""
    columns = [
        Column("block_bytes", "block", Unit.BYTES),
        Column("changed_blocks_sum", "blocks", Unit.COUNT),
        Column("changed_bytes_sum", "SUM", Unit.BYTES),
        Column("changed_bytes_or", "OR", Unit.BYTES),
        Column("inflation", "against the track", Unit.FACTOR),
        Column("changed_per_written", "SUM per byte written", Unit.FACTOR),
        Column("table_bytes", "dense table", Unit.BYTES),
    ]
    rows = [tuple(getattr(row, column.key) for column in columns) for row in sets.blocks]
    notes = ["Dense table: what a bit for every block of all volumes takes."]
    if any(row.table_bytes is None for row in sets.blocks):
        notes = ["No dense table is told, for the size of a volume is unknown: define it in the group."]
    return listing("blocks", "The same changes in larger blocks", columns, rows, notes)


def overlap_section(sets: Sets) -> Section:
    """How much of what a window changes the window before had changed as well."""
    columns = [
        Column("window_seconds", "window", Unit.SECONDS),
        Column("pairs", "pairs", Unit.COUNT),
        Column("share", "changed by the one before too", Unit.SHARE),
        Column("shared_bytes", "mean of that", Unit.BYTES),
    ]
    rows = []
    for length in sets.unions.lengths:
        if 2 * length in sets.unions.lengths:
            found = overlap(sets.unions, length)
            mean = float(found.shared_bytes.mean()) if len(found.starts) else None
            rows.append((found.window_seconds, len(found.starts), found.share, mean))
    return listing("overlap", "The hot set: successive windows", columns, rows)


def advice_section(sets: Sets) -> Section:
    """Which mode ships fewer bytes of each volume."""
    columns = [
        Column("volume", "volume"),
        Column("continuous_bits_per_second", "every write", Unit.RATE),
        Column("cycle_bits_per_second", "cycles", Unit.RATE),
        Column("fold_factor", "every write/cycles", Unit.FACTOR),
        Column("mode", "ships less"),
    ]
    cycle = sets.advice[0].cycle_seconds if sets.advice else 0
    return listing(
        "advice", f"Which mode ships less of a volume, cycles of {cycle} s", columns, _advice(sets)
    )


def _advice(sets: Sets) -> Iterator[tuple[str | float | None, ...]]:
    for each in sets.advice:
        rates = (each.continuous_bytes_per_second, each.cycle_bytes_per_second)
        bits = (None if rate is None else BITS_PER_BYTE * rate for rate in rates)
        yield each.volume, *bits, each.fold_factor, each.mode or "unknown"
