"""What the reporter knows and shows: rows in, prepared text out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from streams import __version__
from streams.model.entries import Summary
from streams.reporter.history import History, Row
from streams.reporter.letters import Letter, LetterLog, Letters
from streams.reporter.linkshow import BEHIND_SHARE, LinkShow
from streams.reporter.readings import count_readings, interval_readings, letter_readings, volume_readings
from streams.reporter.replays import Replays
from streams.reporter.rpo import widest_range
from streams.reporter.samples import Samples
from streams.reporter.volumes import Shelf, TablePart, largest
from streams.settings import Settings
from streams.telemetry.family import Reading
from streams.wire.tables import decode_tables

__all__ = ["Board", "Tallies", "kept_seconds"]

_LINK_PAUSE_SECONDS = 2.0  # links are worked out so often while rows of their groups still come


@dataclass(slots=True)
class Tallies:
    """What the service counts of its own work, whatever settings are in force."""

    lag_messages: int = 0
    rows: int = 0
    refused_rows: int = 0
    broker_errors: int = 0
    link_errors: int = 0


class Board:
    """Takes rows, keeps their history, and has the page that Prometheus asks for.

    One thread takes rows and calls `show` after each batch of them; others may ask for pages at any time.
    Groups, links and dead letters are shown once the first `show` is done.
    """

    def __init__(self, settings: Settings, tallies: Tallies | None = None) -> None:
        self.ready = False
        self._tallies = tallies or Tallies()
        self._knobs = settings.reporter
        self._links = {name: LinkShow(name, link, self._knobs) for name, link in settings.links.items()}
        self._kept = kept_seconds(settings)
        self.history = History(lambda group: self._kept.get(group, 0.0))
        self._letters = Letters()
        self._letter_log = LetterLog({}, 0, is_read=False)
        self._shelves = {group: Shelf() for group in self._knobs.volumes_of}
        self._replays = Replays()
        self._changed: set[str] = set()
        self._waiting: set[str] = set()
        self._dirty_links = set(self._links)
        self._links_shown = float("-inf")
        self._samples = Samples()
        self._links_of: dict[str, list[str]] = {}
        for name, link in settings.links.items():
            for group in link.groups:
                self._links_of.setdefault(group, []).append(name)

    def take(self, row: Row | Letter | TablePart, append_us: int = 0) -> None:
        """Takes a row that stands on its topic since `append_us`; the next `show` shows what it changes.

        Raises:
            MessageError: a table that cannot be read.
        """
        self._tallies.rows += 1
        if isinstance(row, Letter):
            self._letters.take(row, append_us)
        elif isinstance(row, TablePart):
            self._take_table(row)
        else:
            name = self.history.take(row)
            self._changed.add(name)
            if isinstance(row, Summary):
                self._replays.note(row, append_us, is_live=self.ready)
                self.take_past(row)

    def take_past(self, summary: Summary) -> None:
        """Takes an interval for the trend of links alone; from any thread."""
        for link in self._links_of.get(summary.group, ()):
            self._links[link].take(summary)

    def reach(self, log: LetterLog) -> None:
        """Takes how far the dead letters go; shown by the next `show`."""
        self._letter_log = log
        self._letters.forget_before(log.first)

    def show(self, *, more: bool = False) -> None:
        """Prepares what changed since the last call. `more` says that further rows are there already."""
        groups = self.history.groups
        for name in self._changed:
            group = groups.get(name)
            self._samples.put(("counts", name), count_readings(name, group) if group else ())
        self._waiting |= self._changed
        self._changed.clear()
        for name in [name for name in self._waiting if not self._replays.waits(name)]:
            self._waiting.remove(name)
            group = groups.get(name)
            self._samples.put(("intervals", name), interval_readings(name, group) if group else ())
            self._show_volumes(name)
            self._dirty_links.update(self._links_of.get(name, ()))
        self._samples.put(("letters", ""), letter_readings(self._letter_log, self._letters))
        now = time.monotonic()
        if not more or now - self._links_shown > _LINK_PAUSE_SECONDS:
            self._show_links()
            self._links_shown = now
        self.ready = True

    def lacking(self) -> list[str]:
        """Groups whose newest intervals, or those that links need, were not seen although they closed."""
        return [
            name
            for name, group in self.history.groups.items()
            if not group.reaches_back(self._kept.get(name, 0.0))
        ]

    def links_without_past(self) -> list[LinkShow]:
        """Links whose trend waits for what the topic has of the past; each is given once."""
        return [link for link in self._links.values() if link.wants_past]

    def show_link(self, link: LinkShow) -> None:
        """Has a link worked out anew by the next `show`."""
        self._dirty_links.add(link.name)

    def page(self, own: list[Reading], *, open_metrics: bool = False) -> Iterator[str]:
        """All that is shown, with what the service says of itself; before it is ready only the latter."""
        own = [*own, *self._own_readings()]
        samples = self._samples if self.ready else Samples()
        return samples.page(own, full=self.detail == "full", open_metrics=open_metrics)

    @property
    def detail(self) -> Literal["essential", "full"]:
        """Which families groups show."""
        if self._knobs.group_detail != "auto":
            return self._knobs.group_detail
        return "full" if self._samples.group_series <= self._knobs.series_limit else "essential"

    def _show_links(self) -> None:
        for name in list(self._dirty_links):
            link = self._links[name]
            if self.ready and any(map(self._replays.waits, link.link.groups)):
                continue
            self._dirty_links.discard(name)
            self._samples.put(("link", name), link.readings(self.history.groups))
            self._tallies.link_errors += link.taken_errors()

    def _take_table(self, part: TablePart) -> None:
        shelf, group = self._shelves.get(part.group), self.history.groups.get(part.group)
        definition = group and group.definition
        if definition and part.rung_seconds != definition.geometry.interval_seconds:
            return
        found = shelf and shelf.put((part.start_us, part.revision), part.part, part.parts, part.value)
        if shelf is None or not found:
            return
        shelf.show(decode_tables(found))
        self._changed.add(part.group)

    def _show_volumes(self, name: str) -> None:
        shelf, group = self._shelves.get(name), self.history.groups.get(name)
        if shelf is None:
            return
        readings: Iterator[Reading] = iter(())
        if shelf.newest is not None and group is not None and group.definition is not None:
            rows, left_out = largest(shelf.newest, self._knobs.volume_limit)
            readings = volume_readings(name, rows, left_out)
        self._samples.put(("volumes", name), readings)

    def _own_readings(self) -> Iterator[Reading]:
        yield Reading("reporter_ready", (), self.ready)
        tallies = self._tallies
        yield Reading("reporter_lag_messages", (), tallies.lag_messages)
        yield Reading("reporter_rows_total", (), tallies.rows)
        yield Reading("reporter_refused_rows_total", (), tallies.refused_rows)
        yield Reading("reporter_broker_errors_total", (), tallies.broker_errors)
        yield Reading("reporter_link_errors_total", (), tallies.link_errors)
        yield Reading("build_info", (__version__,), 1)
        if self.ready:
            groups = self.history.groups.values()
            yield Reading("data_groups", (), sum(bool(group.versions) for group in list(groups)))
            yield Reading("reporter_detail_info", (self.detail,), 1)
            yield Reading("reporter_series", (), self._samples.group_series + self._samples.other_series)


def kept_seconds(settings: Settings) -> dict[str, float]:
    """For how much of the newest past intervals are kept of each group that a link carries."""
    kept: dict[str, float] = {}
    for link in settings.links.values():
        # A group may be behind the others by a share of the range: theirs must reach as far back.
        wanted = widest_range(link, settings.reporter.history_seconds) * (1 + BEHIND_SHARE)
        for group in link.groups:
            kept[group] = max(kept.get(group, 0.0), wanted)
    return kept
