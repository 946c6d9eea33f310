"""The prepared metrics: readings become samples when a row arrives, so that a scrape only collects them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from streams import __version__
from streams.reporter.families import FAMILIES, PREFIX, Family
from streams.reporter.history import History, Row
from streams.reporter.letters import Letter, LetterLog, Letters
from streams.reporter.links import link_figures
from streams.reporter.readings import Reading, group_readings, letter_readings, link_readings
from streams.settings import Settings

__all__ = ["Board"]

_Owner = tuple[str, str]


class Board(Collector):
    """Takes rows, keeps their history, and is what Prometheus collects from.

    One thread takes rows and calls `show` after each batch of them; others may collect at any time. Groups,
    links and dead letters are shown once the first `show` is done.
    """

    def __init__(self, settings: Settings) -> None:
        self.ready = False
        self.lag_messages = 0
        self.rows = 0
        self.refused_rows = 0
        self._history = History(settings.reporter.history_intervals)
        self._letters = Letters()
        self._letter_log = LetterLog({}, 0, is_read=False)
        self._links = settings.links
        self._changed: set[str] = set()
        self._samples: dict[str, dict[_Owner, list[Sample]]] = {name: {} for name in FAMILIES}
        self._lock = Lock()

    def take(self, row: Row | Letter) -> None:
        """Takes a row; what it changes is shown by the next `show`."""
        self.rows += 1
        if isinstance(row, Letter):
            self._letters.take(row)
        else:
            self._changed.add(self._history.take(row))

    def reach(self, log: LetterLog) -> None:
        """Takes how far the dead letters go; shown by the next `show`."""
        self._letter_log = log
        self._letters.forget_before(log.first)

    def show(self) -> None:
        """Prepares what changed since the last call: the groups themselves and the links that carry them."""
        groups = self._history.groups
        for name in self._changed:
            group = groups.get(name)
            self._put(("group", name), group_readings(name, group) if group else ())
        for name, link in self._links.items():
            if not self.ready or self._changed.intersection(link.groups):
                newest = {
                    member: tuple(groups[member].newest()) for member in link.groups if member in groups
                }
                self._put(("link", name), link_readings(name, link, link_figures(link, newest)))
        self._put(("letters", ""), letter_readings(self._letter_log, self._letters))
        self._changed.clear()
        self.ready = True

    def collect(self) -> Iterator[Metric]:
        """All families that have a sample, for prometheus_client."""
        with self._lock:
            prepared = {
                name: [s for own in owners.values() for s in own] if self.ready else []
                for name, owners in self._samples.items()
            }
        for reading in self._own_readings():
            prepared[reading.family].append(_sample(reading))
        for name, samples in prepared.items():
            if samples:
                yield _metric(FAMILIES[name], samples)

    def _own_readings(self) -> Iterator[Reading]:
        yield Reading("reporter_ready", (), self.ready)
        yield Reading("reporter_lag_messages", (), self.lag_messages)
        yield Reading("reporter_rows_total", (), self.rows)
        yield Reading("reporter_refused_rows_total", (), self.refused_rows)
        yield Reading("build_info", (__version__,), 1)

    def _put(self, owner: _Owner, readings: Iterable[Reading]) -> None:
        """Replaces all that the owner showed."""
        samples: dict[str, list[Sample]] = {}
        for reading in readings:
            samples.setdefault(reading.family, []).append(_sample(reading))
        with self._lock:
            for name, owners in self._samples.items():
                owners.pop(owner, None)
                if name in samples:
                    owners[owner] = samples[name]


def _sample(reading: Reading) -> Sample:
    family = FAMILIES[reading.family]
    labels = dict(zip(family.labels, reading.labels, strict=True))
    return Sample(PREFIX + family.name, labels, float(reading.value))


def _metric(family: Family, samples: list[Sample]) -> Metric:
    # prometheus_client names counters and infos without the suffix that their samples carry.
    suffix = {"counter": "_total", "info": "_info", "gauge": ""}[family.kind]
    metric = Metric(PREFIX + family.name.removesuffix(suffix), family.help, family.kind)
    metric.samples = samples
    return metric
