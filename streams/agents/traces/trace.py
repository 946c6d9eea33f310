"""Files in, one trace out: all writes in columns, sorted by time, and what the trace observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.blkparse import ACTIONS, BlkparseReader
from streams.agents.traces.delimited import DelimitedReader
from streams.agents.traces.files import blocks
from streams.agents.traces.mapping import MSR, SSDSIM, CsvMapping
from streams.agents.traces.rows import DISCARD, OTHER, READ, Reader, Rows
from streams.agents.traces.times import END_OF_TIME_US
from streams.errors import SettingsError
from streams.model.writes import WriteBatch

__all__ = ["Progress", "Trace", "TraceFormat", "TraceOptions", "read_trace"]

TraceFormat = Literal["msr", "blkparse", "ssdsim", "csv"]

Progress = Callable[[int, int], None]
"""Told the bytes read and the bytes of all files, compressed as they are."""

_ARRAY = "trace"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """How traces are read.

    `array`: the array of formats that name none, `trace` by default. `start_us`: where the trace's zero
    (relative times) or its first record (absolute times) shall lie; None leaves absolute times alone and
    puts zero at 1970-01-01. `skip_bad`: count lines that do not parse instead of refusing them. `action`:
    the blkparse action that counts. `mapping`: the columns of the format csv. `block_bytes`: how much text
    is parsed at a time.
    """

    format: TraceFormat
    array: str | None = None
    start_us: int | None = None
    skip_bad: bool = False
    action: str = "Q"
    mapping: CsvMapping | None = None
    block_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.format not in get_args(TraceFormat):
            raise SettingsError(f"format {self.format}: choose one of {', '.join(get_args(TraceFormat))}")
        if self.action not in ACTIONS:
            raise SettingsError(f"action {self.action}: choose one of {', '.join(ACTIONS)}")
        if (self.format == "csv") != (self.mapping is not None):
            raise SettingsError("a mapping of columns is needed by the format csv, and by no other")
        if self.array is not None and (not self.array or "/" in self.array):
            raise SettingsError(f"array {self.array!r}: a name without a slash")
        if self.array is not None and self.columns is not None and self.columns.array is not None:
            raise SettingsError(f"array {self.array}: the trace names it, in column {self.columns.array}")
        if self.start_us is not None and not 0 <= self.start_us < END_OF_TIME_US:
            raise SettingsError("start: a time from 1970 to 9999")

    @property
    def columns(self) -> CsvMapping | None:
        """The mapping of the format, or None where its columns are not fixed."""
        return {"msr": MSR, "ssdsim": SSDSIM}.get(self.format, self.mapping)

    @property
    def time_is_relative(self) -> bool:
        """Whether times count from the trace's own zero."""
        return self.columns is None or self.columns.time_is_relative

    def reader(self) -> Reader:
        """A fresh reader for one file."""
        array = self.array or _ARRAY
        if self.columns is None:
            return BlkparseReader(array, self.action)
        return DelimitedReader(self.columns, array)


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole trace.

    `writes`: the writes and discards of all files in order of time, equal times in order of appearance;
    its `volumes` are all that the trace names, also those that are only read, as sorted `array/volume`.
    `first_us`, `last_us`: the earliest and latest time of any line, reads too; None for a trace without
    any. `records`: the requests read, `reads`: those that are neither write nor discard, `skipped`: the
    lines left out because they did not parse.
    """

    writes: WriteBatch
    first_us: int | None
    last_us: int | None
    records: int
    reads: int
    skipped: int


def read_trace(paths: Sequence[Path], options: TraceOptions, progress: Progress | None = None) -> Trace:
    """Read trace files, which together are one trace.

    Args:
        paths: text files, plain or compressed by gzip, bzip2, zstd or xz.
        options: the format and how it is read.
        progress: is told how far the reading is, at the latest after each 64 KiB.

    Raises:
        TraceError: a line does not parse (unless `skip_bad`), or a file cannot be read to its end.
        SettingsError: `start_us` moves the trace beyond the year 9999.
    """
    gathered = _Gathered()
    total = sum(path.stat().st_size for path in paths if path.exists())
    before = 0
    for path in paths:

        def on_read(done: int, before: int = before) -> None:
            if progress is not None:
                progress(before + done, total)

        reader = options.reader()
        for block in blocks(path, options.block_bytes, on_read):
            gathered.add(reader.rows(block), skip_bad=options.skip_bad)
        before += path.stat().st_size
    return gathered.trace(options)


@dataclass(slots=True)
class _Gathered:
    """What has been read so far: columns in pieces, and counts."""

    times_us: list[NDArray[np.int64]] = field(default_factory=list)
    codes: list[NDArray[np.int32]] = field(default_factory=list)
    offsets: list[NDArray[np.uint64]] = field(default_factory=list)
    lengths: list[NDArray[np.uint64]] = field(default_factory=list)
    discards: list[NDArray[np.bool_]] = field(default_factory=list)
    volumes: dict[str, int] = field(default_factory=dict)
    spans_us: list[tuple[int, int]] = field(default_factory=list)
    records: int = 0
    reads: int = 0
    skipped: int = 0

    def add(self, rows: Rows, *, skip_bad: bool) -> None:
        """Take over the rows of a block."""
        bad = rows.faults.bad
        if bad.any() and not skip_bad:
            raise rows.faults.error()
        good = ~bad
        self.skipped += int(bad.sum())
        self.records += int(np.count_nonzero(good & (rows.kind != OTHER)))
        self.reads += int(np.count_nonzero(good & (rows.kind == READ)))
        if not good.any():
            return
        times_us = rows.time_us[good]
        self.spans_us.append((int(times_us.min()), int(times_us.max())))
        codes = np.full(len(rows.volumes), -1, np.int32)
        for code in np.unique(rows.volume_codes[good]):
            codes[code] = self.volumes.setdefault(rows.volumes[code], len(self.volumes))
        chosen = good & (rows.kind != OTHER) & (rows.kind != READ)
        self.times_us.append(rows.time_us[chosen])
        self.codes.append(codes[rows.volume_codes[chosen]])
        self.offsets.append(rows.offset_bytes[chosen])
        self.lengths.append(rows.length_bytes[chosen])
        self.discards.append(rows.kind[chosen] == DISCARD)

    def trace(self, options: TraceOptions) -> Trace:
        """All of it, sorted, at the time that the options ask for."""
        if not self.spans_us:
            return Trace(WriteBatch.empty(), None, None, 0, 0, self.skipped)
        first_us = min(first for first, _ in self.spans_us)
        last_us = max(last for _, last in self.spans_us)
        shift_us = 0
        if options.start_us is not None:
            shift_us = options.start_us - (0 if options.time_is_relative else first_us)
        if last_us + shift_us >= END_OF_TIME_US:
            raise SettingsError("start: moves the end of the trace beyond the year 9999")
        writes = self._sorted(shift_us)
        return Trace(writes, first_us + shift_us, last_us + shift_us, self.records, self.reads, self.skipped)

    def _sorted(self, shift_us: int) -> WriteBatch:
        names = sorted(self.volumes)
        rank = np.empty(len(names), np.int32)
        rank[[self.volumes[name] for name in names]] = np.arange(len(names))
        discards = np.concatenate(self.discards)
        writes = WriteBatch(
            np.concatenate(self.times_us) + shift_us,
            rank[np.concatenate(self.codes)],
            tuple(names),
            np.concatenate(self.offsets),
            np.concatenate(self.lengths),
            discards if discards.any() else None,
        )
        if np.all(writes.time_us[1:] >= writes.time_us[:-1]):
            return writes
        return writes.take(np.argsort(writes.time_us, kind="stable"))
