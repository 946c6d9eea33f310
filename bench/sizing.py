"""A group report over a month, by itself: `python -m bench.sizing [--volumes N] [--processes N]`.

Volumes of 1 TiB in tracks of 64 KiB. In each of 8,928 base intervals of 5 minutes 200 tracks of each volume
change: a fifth scattered over 8,192 hot ones, the rest in runs of 32 anywhere. Bit tables are made up in
memory; reading is not measured. The processes share the volumes, then what they counted is merged.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pool

import numpy as np
from numpy.typing import NDArray

from streams.model.bittable import BitTable
from streams.model.portableruns import Bitmaps
from streams.model.runs import merged_runs
from streams.model.sizing.bestcycle import best_cycle, candidate_cycles
from streams.model.sizing.cycledata import PiecedUnions, cycle_lengths
from streams.model.sizing.cycles import CycleRule
from streams.model.sizing.foldcurve import ZeroRuns
from streams.model.sizing.foldtable import fold_table
from streams.model.sizing.grid import Grid
from streams.model.sizing.history import History, history_of_bitmaps
from streams.model.sizing.leastrate import least_rate, safe_rate
from streams.model.sizing.occurrences import feed
from streams.model.sizing.series import Series
from streams.model.sizing.windows import WindowSums

__all__ = ["main"]

_INTERVALS = 31 * 288
_TRACK_BYTES = 65_536
_TRACKS = (1 << 40) // _TRACK_BYTES
_SINGLE, _RUNS, _RUN_TRACKS = 40, 5, 32
_HOT_TRACKS = 8192
_RPO_SECONDS = 3600
_LONG = (24, 36, 48, 72, 96, 144, 288, 576, 2016, _INTERVALS)
_SLOTS = _INTERVALS * 30
_STORED_EVERY = 10  # of so many volumes one is taken from stored parts, for they take long to make up

Times = dict[str, float]
Places = NDArray[np.int64]


def main() -> None:
    """Measures, and prints a line for each step."""
    parser = argparse.ArgumentParser(prog="python -m bench.sizing", description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    took: Times = {}
    shares = [range(place, options.volumes, options.processes) for place in range(options.processes)]
    with Pool(options.processes) as pool:
        counted = pool.map(_count, shares, chunksize=1)
    runs, windows, times, peaks = zip(*counted, strict=True)
    for step in times[0]:
        took[f"{step}, the slower process"] = max(own[step] for own in times)
    _report(runs, windows, took)
    _rates(took)
    for step, seconds in took.items():
        print(f"{seconds:8.2f} s  {step}")
    peak_mib = [peak / 1024 for peak in (*peaks, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)]
    print(f"{max(peak_mib):8.0f} MiB resident at most in one of {len(peak_mib)} processes")


def _count(volumes: range) -> tuple[ZeroRuns, WindowSums, Times, int]:
    """What one process counts of its volumes."""
    grid = Grid(0, 300, np.ones(_INTERVALS, np.bool_))
    runs = ZeroRuns(grid)
    windows = WindowSums(grid, [*cycle_lengths(grid, [_RPO_SECONDS]), *_LONG])
    took: Times = {}
    for number, volume in enumerate(volumes):
        history = _volume(grid, volume)
        if number % _STORED_EVERY == 0:
            data, interval, first, size = _stored(history)
            with _timed(took, f"runs from stored parts, of one volume in {_STORED_EVERY}"):
                bitmaps = Bitmaps.of(data, first, size)
                history_of_bitmaps(
                    grid, history.volume, history.volume_bytes, _TRACK_BYTES, interval, bitmaps
                )
        with _timed(took, "zero-runs and windows"):
            feed(history, runs, windows)
    return runs, windows, took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _report(runs: tuple[ZeroRuns, ...], windows: tuple[WindowSums, ...], took: Times) -> None:
    """What is made of the counts: the figures of a report."""
    with _timed(took, "merging, the fold curve and its table"):
        for place in range(1, len(runs)):
            runs[0].merge(runs[place])
            windows[0].merge(windows[place])
        curve, unions = runs[0].curve(), windows[0].unions()
        table = fold_table(curve, unions)
        windows_of_cycles = PiecedUnions.of(unions.some(cycle_lengths(unions.grid, [_RPO_SECONDS])))
    for rule in (CycleRule(300), CycleRule(300, queue_depth=None)):
        with _timed(took, f"best cycle for an RPO of an hour, queue depth {rule.queue_depth}"):
            cycles = candidate_cycles(unions.grid, _RPO_SECONDS)
            search = best_cycle(windows_of_cycles, cycles, rule, _RPO_SECONDS)
        print(f"queue depth {rule.queue_depth}: {search.chosen}, {len(search.options)} of {len(cycles)}")
    print(f"SUM {curve.mean_bytes[0] * _INTERVALS:.0f} B, OR {curve.mean_bytes[-1]:.0f} B")
    for row in table:
        print(
            f"{row.cycle_seconds:>9} s: fold {row.fold_factor:.3f}, at most {row.bits_per_second:.4g} bit/s"
        )


def _rates(took: Times) -> None:
    """B* of a month of slots; it needs no bit table."""
    written = np.random.default_rng(0).lognormal(20, 1.5, _SLOTS).astype(np.int64)
    series = Series(0, 10, written, np.ones(_SLOTS))
    with _timed(took, f"B* and its safe bound from {_SLOTS:,} slots"):
        print(f"B* {float(least_rate(series, _RPO_SECONDS).bits_per_second):.4g} bit/s, ", end="")
        print(f"safe bound {float(safe_rate(series, _RPO_SECONDS).bits_per_second):.4g} bit/s")


def _volume(grid: Grid, seed: int) -> History:
    """A volume's month."""
    random = np.random.default_rng(seed)
    interval = np.concatenate([np.repeat(np.arange(_INTERVALS), count) for count in (_SINGLE, _RUNS)])
    single = random.integers(0, _HOT_TRACKS, _SINGLE * _INTERVALS)
    run = random.integers(0, _TRACKS - _RUN_TRACKS, _RUNS * _INTERVALS)
    extra = np.repeat([0, _RUN_TRACKS - 1], [len(single), len(run)])
    place = interval << 40 | np.concatenate([single, run])
    first, last = merged_runs(place.astype(np.uint64), (place + extra).astype(np.uint64))
    low = np.uint64((1 << 40) - 1)
    when = (first >> np.uint64(40)).astype(np.int64)
    return History(grid, f"a/{seed}", 1 << 40, _TRACK_BYTES, when, first & low, last & low)


def _stored(history: History) -> tuple[bytes, Places, NDArray[np.uint64], Places]:
    edges = np.searchsorted(history.interval, np.arange(_INTERVALS + 1)).tolist()
    parts: list[tuple[int, int, bytes]] = []
    for index in range(_INTERVALS):
        table, rows = BitTable(), slice(edges[index], edges[index + 1])
        table.mark(history.first[rows], history.last[rows])
        parts += [(index, *part) for part in table.parts()]
    interval = np.array([index for index, _, _ in parts], np.int64)
    first = np.array([first for _, first, _ in parts], np.uint64)
    size = np.array([len(data) for *_, data in parts], np.int64)
    return b"".join(data for *_, data in parts), interval, first, size


@contextmanager
def _timed(took: Times, step: str) -> Iterator[None]:
    before = time.perf_counter()
    yield
    took[step] = took.get(step, 0.0) + time.perf_counter() - before


if __name__ == "__main__":
    main()
