"""All that a link shows, from the history of its groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Lock

import structlog

from streams.errors import LinkgaugeError
from streams.model.entries import Summary
from streams.model.intervals import US
from streams.model.sizing.link import usable_per_path
from streams.model.sizing.reduction import Reduction
from streams.reporter.cyclic import cycle_length
from streams.reporter.figures import Rows
from streams.reporter.history import GroupHistory
from streams.reporter.links import link_figures
from streams.reporter.readings import RESYNC, link_readings, mode_readings, outlook_readings
from streams.reporter.rpo import mode_figures, mode_of, widest_range
from streams.reporter.trend import Trend, TrendRule
from streams.settings import Link, Reporter
from streams.telemetry.family import Reading

__all__ = ["BEHIND_SHARE", "LinkShow"]

_log = structlog.get_logger()

BEHIND_SHARE = 0.25
"""A group that is behind the others by more than this share of the link's range is missing: what it once was
says nothing of what the link needs now."""

_SHORTEST_TREND_SECONDS = 60
_BEHIND_INTERVALS = 2


class LinkShow:
    """One link: its settings, its trend, and the last reason why its mode had no figures."""

    def __init__(self, name: str, link: Link, knobs: Reporter) -> None:
        self.name = name
        self.link = link
        self._errors = 0
        self._trend: Trend | None = None
        self._trend_is_read = self._past_asked = False
        self._lock = Lock()
        self._knobs = knobs
        self._fault = ""

    def readings(self, groups: Mapping[str, GroupHistory]) -> Iterator[Reading]:
        """What it shows now."""
        members = self._abreast({group: groups[group] for group in self.link.groups if group in groups})
        newest = {group: tuple(history.newest()) for group, history in members.items()}
        lengths = {group: groups[group].lengths for group in self.link.groups if group in groups}
        figures = link_figures(self.link, newest, lengths)
        yield from link_readings(self.name, self.link, figures)
        rows = {group: found for group, history in members.items() if (found := history.rows())}
        yield from self._mode(rows)
        yield from self._outlook(rows, all_measured=not figures.missing)

    def _abreast(self, members: Mapping[str, GroupHistory]) -> Mapping[str, GroupHistory]:
        """Those that are not too far behind the one that has come furthest."""
        newest = {group: next(history.newest(), None) for group, history in members.items()}
        ends = {group: summary.end_us for group, summary in newest.items() if summary is not None}
        allowed = BEHIND_SHARE * widest_range(self.link, self._knobs.history_seconds)
        return {
            group: members[group]
            for group, end_us in ends.items()
            if max(ends.values()) - end_us <= max(allowed, _BEHIND_INTERVALS * members[group].lengths[0]) * US
        }

    def taken_errors(self) -> int:
        """How often its mode could not be worked out since the last call."""
        errors, self._errors = self._errors, 0
        return errors

    def take(self, summary: Summary) -> None:
        """An interval of one of its groups, for the trend; from any thread."""
        with self._lock:
            if self._trend is not None:
                self._trend.take(summary)

    @property
    def trend_seconds(self) -> int:
        """Length of the intervals that its trend is made of; 0 while there is none."""
        return 0 if self._trend is None else self._trend.rule.length_seconds

    def past_is_read(self) -> None:
        """All that the topic had of its past is taken: the trend may be shown."""
        with self._lock:
            self._trend_is_read = True
            if self._trend is not None:
                self._trend.forget_needs()

    @property
    def wants_past(self) -> bool:
        """Whether there is a trend whose past was not asked for yet; true once."""
        wants = self._trend is not None and not self._past_asked
        self._past_asked = self._past_asked or wants
        return wants

    def _outlook(self, rows: Rows, *, all_measured: bool) -> Iterator[Reading]:
        with self._lock:
            if self._trend is None and self._knobs.trend_days and len(rows) == len(self.link.groups):
                rule = self._trend_rule(rows)
                if rule is not None:
                    self._trend = Trend(rule, len(self.link.groups), self._knobs.trend_days)
            if self._trend is None or not self._trend_is_read:
                return
            payload = self.link.paths * usable_per_path(self.link.path()).bits_per_second
            reduction = Reduction(self.link.compression_ratio, self.link.dedupe_ratio)
            outlook = self._trend.outlook(reduction.carried(payload))
            if not all_measured:  # nobody knows whether the date still holds
                outlook = replace(outlook, exhaustion_us=None, earliest_us=None)
            yield from outlook_readings(self.name, outlook)

    def _trend_rule(self, rows: Rows) -> TrendRule | None:
        """What its trend is made of; None while its groups do not show the intervals for it."""
        lengths = set.intersection(*(set(rows.get(group, {})) for group in self.link.groups))
        mode = mode_of(self.link, rows)
        link = self.link
        if mode in ("continuous", "synchronous"):
            fitting = [length for length in lengths if length >= _SHORTEST_TREND_SECONDS]
            return TrendRule(mode, min(fitting), link.rpo_seconds, None) if fitting else None
        if mode is not None:
            cycle = cycle_length(link)
            if cycle not in lengths or cycle is None:
                return None
            return TrendRule(mode, cycle, link.rpo_seconds, cycle)
        length = link.range_seconds or max(lengths, default=None)
        return None if length is None else TrendRule(RESYNC, length, link.rpo_seconds, link.resync_seconds)

    def _mode(self, rows: Rows) -> Iterator[Reading]:
        mode = mode_of(self.link, rows)
        if mode is None:
            return
        try:
            figures = mode_figures(self.link, mode, rows, self._knobs.history_seconds)
        except (LinkgaugeError, ValueError) as error:
            self._errors += 1
            if str(error) != self._fault:  # once for each reason; the counter goes on
                _log.warning("link_mode_unmeasured", link=self.name, reason=str(error))
            self._fault = str(error)
            yield Reading("link_mode_unmeasured", (self.name, mode), 1)
            return
        self._fault = ""
        yield Reading("link_mode_unmeasured", (self.name, mode), 0)
        if figures is not None:
            yield from mode_readings(self.name, self.link, figures)
