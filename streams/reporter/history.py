"""What the topics say of every group: its definition, the newest intervals of each length, its counters.

Rows may come in any order and repeatedly, as topics allow: the newest revision of an interval counts, and no
counter ever steps back. A group that was deleted and defined again goes on counting, but shows no interval of
its earlier life.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace

from streams.model.entries import Gap, Summary, Totals
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.state import Version
from streams.wire.keys import GapKey, GroupKey, StateKey, SummaryKey
from streams.wire.states import Shown

__all__ = ["GroupHistory", "History", "Row"]

_FEWEST = 2
_MOST_GAPS = 8

Row = Summary | Gap | Version | Shown | SummaryKey | GapKey | GroupKey | StateKey
"""What the topics say of groups; a key alone says that its row was removed."""


@dataclass(slots=True)
class GroupHistory:
    """What is kept of one group.

    `intervals`: summaries by length and start; the newest ones only. `totals` is the greatest value seen of
    each counter: all of them grow along the group's log, so together they are those of its newest mark. None
    before anything said them. `mark` is the newest of them itself. `watermarks_us`: the highest of each
    version of the definition.
    """

    versions: dict[int, Definition] = field(default_factory=dict)
    intervals: dict[int, dict[int, Summary]] = field(default_factory=dict)
    gaps: dict[int, Gap] = field(default_factory=dict)
    totals: Totals | None = None
    mark: Shown | None = None
    watermarks_us: dict[int, int] = field(default_factory=dict)

    @property
    def watermark_us(self) -> int | None:
        """Up to when all agents were heard; None before any interval of this life closed."""
        first = min(self.versions, default=0)
        return max((us for version, us in self.watermarks_us.items() if version >= first), default=None)

    @property
    def version(self) -> int | None:
        """Number of the newest definition, None when the group was deleted or is not known yet."""
        return max(self.versions, default=None)

    @property
    def definition(self) -> Definition | None:
        """The newest definition."""
        return None if self.version is None else self.versions[self.version]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths of intervals that the definition measures, the base interval first."""
        if self.definition is None:
            return ()
        geometry = self.definition.geometry
        return geometry.interval_seconds, *sorted(geometry.rungs_seconds)

    def newest(self) -> Iterator[Summary]:
        """The newest interval of each length that the definition measures, the base interval first.

        None of a length whose newest interval lies in a gap: there is no figure for that one.
        """
        for length in self.lengths:
            if rows := self.intervals.get(length):
                newest = rows[max(rows)]
                if self._is_of_this_life(newest) and newest.end_us >= self._unfed_until_us(length):
                    yield newest

    def rows(self) -> dict[int, list[Summary]]:
        """What is kept of this life by length, ordered by start; nothing where the newest lies in a gap."""
        lengths = {summary.rung_seconds for summary in self.newest()}
        return {
            length: [row for _, row in sorted(self.intervals[length].items()) if self._is_of_this_life(row)]
            for length in lengths
        }

    def reaches_back(self, kept_seconds: float) -> bool:
        """Whether all is seen that the newest mark says is closed, and base intervals for so long before it.

        What was never published, or is deleted, counts as missing too: only the topic's beginning tells.
        """
        if self.definition is None or self.mark is None or self.mark.closed_us is None:
            return True
        geometry, closed_us = self.definition.geometry, self.mark.closed_us
        for length in self.lengths:
            newest_us = max((row.end_us for row in self.intervals.get(length, {}).values()), default=0)
            if max(newest_us, self._unfed_until_us(length)) < closed_us // (length * US) * length * US:
                return False
        base = self.intervals.get(geometry.interval_seconds, {})
        oldest_us = min((*base, *self.gaps), default=0)
        return not kept_seconds or oldest_us <= closed_us - kept_seconds * US

    def newest_gap(self) -> Gap | None:
        """The newest run of intervals that nothing fed."""
        gap = self.gaps[max(self.gaps)] if self.gaps else None
        return gap if gap is not None and self._is_of_this_life(gap) else None

    def _is_of_this_life(self, row: Summary | Gap) -> bool:
        # Deleting a group removes its versions; when it is defined again, their numbers go on.
        return row.definition_version >= min(self.versions, default=0)

    def _unfed_until_us(self, length: int) -> int:
        """End of the newest interval of this length that only the newest gap speaks of; 0 without one."""
        gap = self.newest_gap()
        if gap is None:
            return 0
        # A rung is published where anything fed it: only one that ends inside the gap has no row for certain.
        is_base = self.definition is not None and length == self.definition.geometry.interval_seconds
        return gap.end_us if is_base else gap.end_us // (length * US) * length * US


class History:
    """Every group that the topics speak of, and its newest intervals of each length.

    `kept_seconds` says for how much of a group's newest past they are kept, bytes by slot included; of groups
    for which it says 0 the newest two are, without them.
    """

    def __init__(self, kept_seconds: Callable[[str], float]) -> None:
        self.groups: dict[str, GroupHistory] = {}
        self._kept_seconds = kept_seconds

    def take(self, row: Row) -> str:
        """Takes a row, or the removal of one; returns the group that it is about."""
        name = row.definition.group if isinstance(row, Version) else row.group
        group = self.groups.setdefault(name, GroupHistory())
        match row:
            case Summary():
                self._take_summary(group, row)
            case Gap():
                group.gaps[row.start_us] = row
                _trim(group.gaps, _MOST_GAPS)
            case Version():
                group.versions[row.number] = row.definition
            case Shown():
                group.totals = _greatest(group.totals, row.totals)
                if group.mark is None or group.mark.offset <= row.offset:
                    group.mark = row
            case _:
                _remove(group, row)
                # Counters stay: the group may be defined again, by a row that comes behind this one.
                if not (group.versions or group.intervals or group.gaps or group.totals):
                    del self.groups[name]
        return name

    def _take_summary(self, group: GroupHistory, summary: Summary) -> None:
        group.totals = _greatest(group.totals, summary.totals)
        if summary.watermark_us is not None:
            known_us = group.watermarks_us.get(summary.definition_version, summary.watermark_us)
            group.watermarks_us[summary.definition_version] = max(known_us, summary.watermark_us)
        rows = group.intervals.setdefault(summary.rung_seconds, {})
        known = rows.get(summary.start_us)
        if known is not None and known.revision > summary.revision:
            return
        kept = self._kept_seconds(summary.group)
        if not kept or summary.rung_seconds > min(group.intervals):  # rungs repeat what base intervals have
            summary = replace(summary, written_bytes_by_slot=None)
        rows[summary.start_us] = summary
        _trim(rows, max(_FEWEST, -(-int(kept) // summary.rung_seconds) + _FEWEST))


def _remove(group: GroupHistory, key: SummaryKey | GapKey | GroupKey | StateKey) -> None:
    match key:
        case StateKey():
            pass  # a newer mark replaced it
        case GroupKey():
            group.versions.pop(key.version, None)
        case GapKey():
            group.gaps.pop(key.start_us, None)
        case SummaryKey():
            rows = group.intervals.get(key.rung_seconds, {})
            known = rows.get(key.start_us)
            # Removing a revision that a newer one replaced changes nothing.
            if known is not None and known.revision <= key.revision:
                del rows[key.start_us]
                if not rows:
                    del group.intervals[key.rung_seconds]


def _trim(rows: dict[int, Summary] | dict[int, Gap], length: int) -> None:
    while len(rows) > length:
        del rows[min(rows)]


def _greatest(one: Totals | None, other: Totals) -> Totals:
    if one is None:
        return other
    return Totals(**{f.name: max(getattr(one, f.name), getattr(other, f.name)) for f in fields(Totals)})
