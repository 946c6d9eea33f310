"""When intervals close, and what a mark says."""

from __future__ import annotations

from itertools import pairwise

from streams.model.messages import Tick
from tests.model.crash.oracle_base import MarkState
from tests.model.crash.oracle_rows import Rows

__all__ = ["Closing"]


class Closing(Rows):
    """The end of every message: what is complete now."""

    def _close(self, record, *, forced):
        counted_tick = forced and isinstance(record.body, Tick)
        ready = self._ready(record, counted_tick)
        if forced or ready:
            before = self.closed
            revised = self._revise()
            while ready:
                self._close_one(*ready)
                ready = self._ready(record, counted_tick)
            self._rungs(before, revised)
            self._mark(record.offset)
        length_us = self.length_us
        fed = self.fed[record.offset]
        self.out.feeds_us[record.offset] = None if fed is None else (fed + 1) * length_us

    def _ready(self, record, counted_tick):
        """`(next interval, last complete one, watermark, abandoned)`, None where nothing is complete."""
        nxt = min((k for k in self.touched if not self.is_closed(k)), default=None)
        if self.closed is not None:
            nxt = self.closed + 1
        reach = self._reach(record, nxt, counted_tick)
        if nxt is None or reach is None or nxt > reach[0]:
            return None
        return (nxt, *reach)

    def _reach(self, record, nxt, counted_tick):
        heard = {n: a for n, a in self.agents.items() if a.watermark_us is not None}
        opened = [k for k in self.touched if not self.is_closed(k)]
        highest_us = max((a.watermark_us for a in heard.values()), default=0)
        abandoned = (max(opened), highest_us, True) if opened else None
        if self.deleted:
            return abandoned
        version = self.versions[0] if nxt is None else self.version_at(nxt)
        wanted = version.definition.agent_names
        missing = (
            any(n not in heard for n in wanted) if wanted else len(heard) < version.definition.expected_agents
        )
        if missing and self.ticks - version.ticks < self.silence:
            return None
        live = [a for a in heard.values() if a.left_at is None]
        if not live:
            return abandoned
        talking = [a for a in live if self.ticks - a.heard < self.silence]
        if talking:
            watermark_us = min(a.watermark_us for a in talking)
        elif counted_tick:
            watermark_us = highest_us + record.append_us - self.last_us
        else:
            return None
        return watermark_us // self.length_us - 1, watermark_us, False

    def _revise(self):
        """Late parts that wait make the next revision of their intervals."""
        for interval, item in self.waiting:
            self.items.setdefault(interval, []).append(item)
        revised, self.waiting, self.waiting_for = sorted(self.waiting_for), [], set()
        for interval in revised:
            self._publish(interval, self._not_fully_on(interval), None)
        return revised

    def _not_fully_on(self, interval):
        return len(self.moments_on(interval)) < len(self.moments(interval))

    def _close_one(self, nxt, last, watermark_us, abandoned):
        fed = min((k for k in self.touched if k >= nxt), default=last + 1)
        if fed - nxt > self.max_gap:
            self.closed = fed - 1
            self._gap(nxt, fed)
            return
        self.closed = nxt
        if self.moments_on(nxt):
            partial = self._not_fully_on(nxt) or (abandoned and (nxt + 1) * self.length_us > watermark_us)
            self._publish(nxt, partial, watermark_us)

    def _gap(self, first, end):
        """A gap row for every stretch of the run in which collection is on."""
        start_us, end_us = first * self.length_us, end * self.length_us
        version = self.version_at(first).number
        edges = sorted(
            {start_us, end_us, *(t for t, _ in self.plan if t is not None and start_us < t < end_us)}
        )
        stretches = [(s, e) for s, e in pairwise(edges) if self.is_on(s)]
        merged = []
        for s, e in stretches:
            if merged and merged[-1][1] == s:
                merged[-1] = (merged[-1][0], e)
            else:
                merged.append((s, e))
        for s, e in merged:
            self._row(("gap", self.name, s), (e, version))

    def _rungs(self, before, revised):
        if self.closed is None:
            return
        for seconds in sorted(self.geometry.rungs_seconds):
            size = seconds // self.geometry.interval_seconds
            for rung in sorted({k // size for k in self.revision}):
                end = (rung + 1) * size - 1
                if end > self.closed or not (
                    before is None or end > before or rung in {k // size for k in revised}
                ):
                    continue
                rows = [k for k in range(rung * size, end + 1) if k in self.revision]
                revision = sum(self.revision[k] + 1 for k in rows)
                partial = len(rows) < size or any(self.first_partial[k] for k in rows)
                row = self._compute(rows, revision, partial, seconds)
                tracks = sum(self.row_of[k]["counts"]["changed_tracks"] for k in rows)
                total = sum(self.row_of[k]["counts"]["changed_bytes"] for k in rows)
                key = ("summary", self.name, seconds, rung * size * self.length_us, revision)
                self._row(key, self._summary(row, tracks, total, None))
                self._row(("rung", *key[1:]), row["table"])

    def _mark(self, offset):
        sizes = [seconds // self.geometry.interval_seconds for seconds in self.geometry.rungs_seconds]
        self.out.due[self.name, offset] = self.pending_due
        self.pending_due = set()
        closed, first_late = self.closed, None
        if closed is not None:
            first_late = closed - self.late_intervals + 1
        needed = {
            k
            for k in self.revision
            if first_late is None
            or k >= first_late
            or any((k // size + 1) * size > first_late for size in sizes)
        }
        self.out.marks[self.name, offset] = MarkState(
            closed=closed,
            born=self.born,
            closed_end_us=None if closed is None else (closed + 1) * self.length_us,
            ticks=self.ticks,
            tick_us=self.tick_us,
            last_us=self.last_us,
            deleted=self.deleted,
            version=self.versions[-1].number,
            totals=dict(self.totals),
            redo=tuple(o for o, k in self.fed.items() if k is not None and not self.is_closed(k)),
            agents={
                name: (a.epoch, a.high(), tuple(a.holes()), a.floor, a.watermark_us, a.heard, a.left_at)
                for name, a in self.agents.items()
            },
            redriven=frozenset(self.redriven),
            revisions=dict(self.revision),
            needed=frozenset(needed),
        )
