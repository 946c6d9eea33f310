"""Questions over a large lake beside a plain scan of the same Parquet: `make bench-lake ARGS="--days 9"`.

Every question is asked in a process of its own, so that time and peak memory are its own; the lake is made in
another one, for a process begins with the peak of the one that started it. With `--folder` the
lake is kept, and one that is there is asked and not made.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
from pyroaring import BitMap

from bench.lakedata import Site, write_days, write_definitions
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.gathered import gather
from streams.cli.reports.sets import sets_of
from streams.cli.reports.totals import totals_of
from streams.model.intervals import US
from streams.settings import Lake
from streams.store import LakeSource

__all__ = ["main"]

_DAY_US = 86_400 * US


def totals(lake: Lake, groups: Sequence[str], days: int) -> int:
    """Tracks of the OR, as `linkgauge report ... --totals` finds them."""
    _, found = totals_of(LakeSource(lake), groups, _range(days), lambda *_: None)
    return sum(each.changes.changed_tracks_or for each in found.volumes)


def report(lake: Lake, groups: Sequence[str], days: int) -> int:
    """The same, as the whole report finds them: with fold curve, windows and advice."""
    found = sets_of(
        gather(LakeSource(lake), groups, _range(days), lambda *_: None), lambda *_: None, None, 900
    )
    return sum(each.changes.changed_tracks_or for each in found.volumes)


def plain_scan(lake: Lake, volumes: Sequence[str], days: int) -> int:
    """The same by Polars, which knows no revision, group, coverage or damage."""
    found: dict[str, list[BitMap]] = {}
    for file in _files(lake, days):
        rows = pl.scan_parquet(file).filter(pl.col("volume").is_in(volumes)).select("volume", "tracks")
        united: dict[str, list[BitMap]] = {}
        for volume, tracks in rows.collect().iter_rows():
            united.setdefault(volume, []).append(BitMap.deserialize(tracks))
        for volume, bits in united.items():
            found[volume] = [BitMap.union(*found.get(volume, ()), *bits)]
    return sum(len(bits[0]) for bits in found.values())


def asked(ask: Callable[[], int]) -> tuple[int, float, int]:
    """The answer of a process of its own, its seconds, and its peak memory in MiB."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_timed, args=(ask, send))
    process.start()
    send.close()
    found: tuple[int, float, int] = receive.recv()
    process.join()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes the lake, asks it, and prints a line for each question; 1 where two answers differ."""
    options = _parser().parse_args(arguments)
    site = Site(options.volumes, options.group_volumes, options.tracks, options.interval_seconds)
    with tempfile.TemporaryDirectory() as scratch:
        lake = Lake(format=options.format, path=str(options.folder or scratch))
        asked(partial(_make, lake, site, options.days))
        one, every = site.groups[:1], site.groups
        names = [site.name(number)[1] for number in range(site.volumes)]
        own, days = names[: site.group_volumes], options.days
        same = _line(f"one group, {days} days", lake, one, own, days, whole=options.report)
        same &= _line("all groups, 1 day", lake, every, names, 1, whole=False)
        if options.every:
            same &= _line(f"all groups, {days} days", lake, every, names, days, whole=False)
    return 0 if same else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=9)
    parser.add_argument("--volumes", type=int, default=500)
    parser.add_argument("--group-volumes", type=int, default=10)
    parser.add_argument(
        "--tracks", type=int, default=240, help="drawn for each entry; about 197 differ of 240"
    )
    parser.add_argument("--interval-seconds", type=int, default=300)
    parser.add_argument("--format", choices=("delta", "iceberg", "parquet"), default="delta")
    parser.add_argument("--folder", type=Path, help="keep the lake here, or ask the one that is here")
    parser.add_argument("--report", action="store_true", help="also the whole report of the group")
    parser.add_argument("--every", action="store_true", help="also all groups over all days")
    return parser


def _make(lake: Lake, site: Site, days: int) -> int:
    folder = Path(lake.table_uri("interval_tracks"))
    if not folder.exists():
        write_definitions(lake, site)
        _ = site.pool
        begun = time.perf_counter()
        for done in write_days(lake, site, range(days)):
            rate = done / (time.perf_counter() - begun)
            begun = time.perf_counter()
        _say(f"the last day was made and written at {rate:,.0f} entries/s, by one process")
    size = sum(file.stat().st_size for file in _files(lake, days))
    entries = days * site.entries_a_day
    _say(f"{lake.format}: {entries:,} entries, {size / 1e9:.2f} GB, {size / entries:.0f} B each")
    return entries


def _files(lake: Lake, days: int) -> list[Path]:
    folder = Path(lake.table_uri("interval_tracks"))
    return [file for day in range(days) for file in folder.rglob(f"day={_day(day)}/**/*.parquet")]


def _line(
    what: str, lake: Lake, groups: Sequence[str], volumes: Sequence[str], days: int, *, whole: bool
) -> bool:
    asks = {"linkgauge --totals": partial(totals, lake, groups, days)}
    if whole:
        asks["linkgauge report"] = partial(report, lake, groups, days)
    asks["plain scan"] = partial(plain_scan, lake, volumes, days)
    answers = set()
    for name, ask in asks.items():
        answer, seconds, peak = asked(ask)
        answers.add(answer)
        _say(f"{what}: {name}: OR {answer:,} tracks in {seconds:.2f} s, peak {peak} MiB")
    return len(answers) == 1


def _timed(ask: Callable[[], int], out: Connection) -> None:
    begun = time.perf_counter()
    answer = ask()
    seconds = time.perf_counter() - begun
    out.send((answer, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def _range(days: int) -> Choice:
    return Choice(0, days * _DAY_US, calendar_of(None, None, "UTC"), 0.5)


def _day(number: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86_400))


def _say(line: str) -> None:
    print(line, flush=True)  # a command's output


if __name__ == "__main__":
    sys.exit(main())
