"""The trend of what a link needed: bytes of all its groups by interval over weeks, and when it will be full.

The rows of a group may come in any order, old ones behind new ones. A revision replaces what its interval had
as long as it comes soon after it, as it does on the topic: only the newest intervals of each group are
remembered one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from pyroaring import BitMap

from streams.model.entries import Summary
from streams.model.intervals import US
from streams.model.sizing.basis import Mode
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.forecast import WEEK_SECONDS, Need, exhaustion, needs_by_period
from streams.model.sizing.leastrate import least_rate
from streams.model.sizing.series import Series

__all__ = ["Outlook", "Trend", "TrendRule"]

_DAY_SECONDS = 86_400
_DAY_US = _DAY_SECONDS * US
_FEWEST_WEEKS = 4
_LEAST_COVERAGE = 0.9
_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class TrendRule:
    """What the trend of a link is made of: its mode, the length of the intervals, the time to ship one.

    `ship_seconds` None: bytes arrive evenly in an interval and the need is the least rate for `rpo_seconds`.
    """

    mode: Mode
    length_seconds: int
    rpo_seconds: float
    ship_seconds: float | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """When the need reaches the capacity: by the slope, and by the steepest one that its range has."""

    mode: Mode
    days: int
    exhaustion_us: float | None = None
    earliest_us: float | None = None


@dataclass(slots=True)
class _Seen:
    """The newest intervals of a group: `(revision, bytes)` by slot, and which slots it has filled."""

    newest: dict[int, tuple[int, int]] = field(default_factory=dict)
    filled: BitMap = field(default_factory=BitMap)


class Trend:
    """Bytes of a link's groups on one grid of intervals that ends with the present day."""

    def __init__(self, rule: TrendRule, groups: int, days: int) -> None:
        self.rule = rule
        self._groups = groups
        self._slots = days * _DAY_SECONDS // rule.length_seconds
        self._bytes = np.zeros(self._slots, np.int64)
        self._covered = np.zeros(self._slots)
        self._end = 0  # the slot behind the last one, counted from 1970
        self._seen: dict[str, _Seen] = {}
        self._known: tuple[int, list[Need], int] = (-1, [], 0)

    def forget_needs(self) -> None:
        """The past has changed: needs are worked out anew."""
        self._known = (-1, [], 0)

    def take(self, summary: Summary) -> None:
        """Takes an interval of one of the groups; those of another length are passed over."""
        size = summary.written_bytes if self.rule.ship_seconds is None else summary.changed_bytes_or
        if summary.rung_seconds != self.rule.length_seconds or size is None:
            return
        slot = summary.start_us // (self.rule.length_seconds * US)
        self._reach(slot + 1)
        if slot < self._end - self._slots:
            return
        seen = self._seen.setdefault(summary.group, _Seen())
        before = 0
        if slot in seen.filled:
            if slot not in seen.newest or seen.newest[slot][0] >= summary.revision:
                return
            before = seen.newest[slot][1]
        else:
            seen.filled.add(slot)
            self._covered[slot % self._slots] += summary.coverage / self._groups
        self._bytes[slot % self._slots] += size - before
        seen.newest[slot] = (summary.revision, size)
        while len(seen.newest) > _REMEMBERED:
            del seen.newest[min(seen.newest)]

    def outlook(self, capacity_bits_per_second: Fraction) -> Outlook:
        """The outlook from all whole days, by weeks where there are enough of them.

        Args:
            capacity_bits_per_second: of written or changed bytes, before compression and deduplication.
        """
        needs, days = self._needs()
        found = exhaustion(needs, capacity_bits_per_second)
        if found.days is None or found.earliest_days is None or not needs:
            return Outlook(self.rule.mode, days)
        newest_us = needs[-1].end_us
        return Outlook(
            self.rule.mode,
            days,
            newest_us + found.days * _DAY_US if math.isfinite(found.days) else None,
            newest_us + found.earliest_days * _DAY_US,
        )

    def _needs(self) -> tuple[list[Need], int]:
        """The needs by period, and the whole days that were measured; worked out once an hour."""
        hour = self._end * self.rule.length_seconds // 3600
        if hour != self._known[0]:
            series = self._whole_days()
            needs = [] if series is None else self._by_period(series, _DAY_SECONDS)
            days = len(needs)
            if series is not None and days >= _FEWEST_WEEKS * 7:
                needs = self._by_period(series, WEEK_SECONDS)
            self._known = (hour, needs, days)
        return self._known[1:]

    def _by_period(self, series: Series, period_seconds: int) -> list[Need]:
        return needs_by_period(series, self._need, period_seconds, _LEAST_COVERAGE)

    def _need(self, part: Series) -> Fraction:
        """What a period asks for, as the rule has it."""
        rule = self.rule
        if rule.ship_seconds is None:
            return least_rate(part, rule.rpo_seconds).bits_per_second
        return Fraction(BITS_PER_BYTE * int(part.bytes_by_slot.max())) / Fraction(rule.ship_seconds)

    def _whole_days(self) -> Series | None:
        """All slots up to the last midnight in UTC."""
        length_us = self.rule.length_seconds * US
        per_day, rest = divmod(_DAY_US, length_us)
        if rest:
            return None
        end = self._end // per_day * per_day
        start = -(-(self._end - self._slots) // per_day) * per_day
        if end <= start:
            return None
        places = np.arange(start, end) % self._slots
        return Series(
            start * length_us,
            self.rule.length_seconds,
            self._bytes[places],
            np.minimum(self._covered[places], 1),
        )

    def _reach(self, end: int) -> None:
        """Moves the grid on: the oldest slots become the newest, empty."""
        if end <= self._end:
            return
        fresh = np.arange(max(self._end, end - self._slots), end) % self._slots
        self._bytes[fresh], self._covered[fresh] = 0, 0
        self._end = end
        for seen in self._seen.values():
            seen.filled.remove_range(0, max(end - self._slots, 0))
