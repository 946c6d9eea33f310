"""The reporter's page with many groups, asked for over HTTP as Prometheus does."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from urllib.request import Request, urlopen

from bench.data import ARRAY, START_US
from bench.running import Benchmark, Comparison, Figures, Measure, WrongAnswer
from bench.site import Site
from streams.model.entries import Summary, Totals
from streams.model.groups import Definition, Member
from streams.model.intervals import US
from streams.model.state import Version
from streams.reporter.board import Board
from streams.settings import Link, Settings
from streams.telemetry.web import Answers, application, serving

__all__ = ["benchmark"]

_TRACK_BYTES = 65_536
_VOLUMES = 10
_PATIENCE_SECONDS = 60.0
_GROUPS_OF_A_LINK = 100
_MOST_SERIES = 50_000


def benchmark(site: Site) -> Benchmark:
    """One page, as it is and compressed."""
    groups = site.sizes.scraped_groups
    comparison = Comparison(f"{groups:,} groups", partial(_contenders, groups))
    return Benchmark("scrape", "Scraping the reporter", [comparison])


@contextmanager
def _contenders(groups: int) -> Iterator[Mapping[str, Measure]]:
    board = Board(Settings(links=_links(groups)))
    for number in range(groups):
        _show(board, number)
    board.show()
    app = application(
        Answers(
            "reporter",
            page=lambda open_metrics: board.page([], open_metrics=open_metrics),
            is_alive=lambda: True,
            is_ready=lambda: board.ready,
        )
    )
    with serving(app, "127.0.0.1", 0) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        yield {
            "plain": partial(_scrape, url, groups, "identity"),
            "gzip": partial(_scrape, url, groups, "gzip"),
        }


def _links(groups: int) -> dict[str, Link]:
    """A hundred groups share a link."""
    return {
        f"l{first}": Link(
            groups=tuple(f"g{number}" for number in range(first, min(first + _GROUPS_OF_A_LINK, groups))),
            path_bits_per_second=1e9,
        )
        for first in range(0, groups, _GROUPS_OF_A_LINK)
    }


def _show(board: Board, number: int) -> None:
    """A group with an interval of each length, whose changed tracks are its own."""
    definition = Definition(f"g{number}", tuple(Member(ARRAY, f"g{number}v{at}") for at in range(_VOLUMES)))
    board.take(Version(1, None, 0, definition))
    geometry = definition.geometry
    for seconds in (geometry.interval_seconds, *geometry.rungs_seconds):
        board.take(_summary(definition, seconds, tracks=number + 1))


def _summary(definition: Definition, seconds: int, tracks: int) -> Summary:
    return Summary(
        group=definition.group,
        definition_version=1,
        rung_seconds=seconds,
        start_us=START_US,
        revision=0,
        partial=False,
        coverage=1.0,
        volumes=_VOLUMES,
        track_bytes=_TRACK_BYTES,
        changed_tracks_or=tracks,
        changed_tracks_sum=tracks,
        changed_bytes_or=tracks * _TRACK_BYTES,
        changed_bytes_sum=tracks * _TRACK_BYTES,
        writes=tracks,
        written_bytes=tracks * 4096,
        slot_seconds=10,
        written_bytes_by_slot=(tracks * 4096,) + (0,) * (seconds // 10 - 1),
        discards=0,
        late_writes=0,
        watermark_us=START_US + seconds * US,
        totals=Totals(
            intervals_closed=1, writes=tracks, changed_tracks=tracks, changed_bytes=tracks * _TRACK_BYTES
        ),
    )


def _scrape(url: str, groups: int, encoding: str) -> Figures:
    request = Request(url, headers={"Accept-Encoding": encoding})  # noqa: S310  # our own server
    begin, cpu = time.perf_counter(), time.process_time()
    with urlopen(request, timeout=_PATIENCE_SECONDS) as reply:  # noqa: S310  # as above
        sent = reply.read()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    page = gzip.decompress(sent) if encoding == "gzip" else sent
    series = [line for line in page.decode().splitlines() if not line.startswith("#")]
    _check(series, groups)
    return {
        "ms": wall * 1e3,
        "CPU ms": cpu * 1e3,
        "sent MiB": len(sent) / (1 << 20),
        "page MiB": len(page) / (1 << 20),
        "series": len(series),
    }


def _check(series: list[str], groups: int) -> None:
    """Every group shows its changed bytes."""
    start, middle = 'linkgauge_changed_bytes_total{data_group="g', '"} '
    split = (line.removeprefix(start).partition(middle) for line in series if line.startswith(start))
    found = {int(number): float(value) for number, _, value in split if value}
    if len(series) > _MOST_SERIES:
        raise WrongAnswer(f"the page has {len(series)} series, {_MOST_SERIES} at most are affordable")
    if found != {number: (number + 1.0) * _TRACK_BYTES for number in range(groups)}:
        raise WrongAnswer(f"the page shows {len(found)} groups of {groups}, or wrong bytes")
