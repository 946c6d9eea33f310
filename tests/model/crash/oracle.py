"""What a log must lead to: naive, crash-free, per write, with sets, straight from the rule in words.

It shares no code with the collector: every row is computed anew from all that was ever accepted for its
interval. A span is the set of its moments, each `STEP_US` long.
"""

from __future__ import annotations

from streams.model.messages import Command, Define, Refused, Tick
from tests.model.crash.oracle_base import SECOND_US, Agent, Expected, Version
from tests.model.crash.oracle_closing import Closing
from tests.model.crash.oracle_parts import Parts

__all__ = ["expect"]


def expect(log, limits):
    """Reads the whole log once."""
    expected = Expected()
    for record in log:
        group, body = expected.groups.get(record.group), record.body
        if body is None:
            continue
        if group is not None:
            group.take(record)
        elif isinstance(body, Define):
            group = expected.groups[record.group] = _Group(record.group, limits, expected)
            group.begin(record)
        elif not isinstance(body, Tick):
            reason = body.reason if isinstance(body, Refused) else "unknown-group"
            key = ("letter", record.offset, reason)
            expected.rows[key] = ((), ())
            expected.owes[record.offset] = key
    return expected


class _Group(Parts, Closing):
    """One group, read message by message."""

    def begin(self, record):
        self.versions = [Version(1, None, 0, record.body.definition)]
        self._publish_version()
        self.fed[record.offset] = None
        self._close(record, forced=True)

    def take(self, record):
        body, offset = record.body, record.offset
        self.fed[offset] = None
        forced = self.deleted
        if isinstance(body, Tick):
            forced = self._tick(record.append_us)
        elif isinstance(body, Define):
            self._define(offset, body.definition)
            forced = True
        elif isinstance(body, Command):
            self._command(record, body)
            forced = True
        elif isinstance(body, Refused):
            self._dead(offset, body.reason)
        else:
            self._said(record, body)
        self._close(record, forced=forced)

    def _tick(self, append_us):
        if self.tick_us is not None and append_us - self.tick_us < self.geometry.tick_seconds * SECOND_US:
            return False
        self.ticks += 1
        self.tick_us = append_us
        return True

    def _define(self, offset, definition):
        newest = self.versions[-1]
        if self.deleted:
            if self.closed is not None:
                end_us = (self.closed + 1) * self.length_us
                length_us = definition.geometry.interval_seconds * SECOND_US
                self.born = -(-end_us // length_us)
                self.closed = self.born - 1
            self._anew()
            self.fed[offset] = None
            self.versions = [Version(newest.number + 1, None, self.ticks, definition)]
            self._publish_version()
        elif definition.geometry != newest.definition.geometry:
            self._dead(offset, "geometry-changed")
        elif definition != newest.definition:
            first = self.first_free()
            version = Version(newest.number + 1, first, self.ticks, definition)
            self.versions = [version] if first is None else [*self.versions, version]
            self._publish_version()

    def _command(self, record, body):
        if self.deleted:
            self._dead(record.offset, "group-deleted")
            return
        if body.action == "delete":
            self.deleted = True
            return
        free = self.first_free()
        at_us = None if body.at_us is None else body.at_us // SECOND_US * SECOND_US
        if free is not None:
            at_us = max(free * self.length_us, at_us if at_us is not None else 0)
        if body.action == "stop":
            self._switch(at_us, on=False)
            return
        if body.intervals is not None and at_us is None:
            at_us = record.append_us // SECOND_US * SECOND_US
        self._switch(at_us, on=True)
        if body.intervals is not None:
            self.plan.append(((at_us // self.length_us + body.intervals) * self.length_us, False))

    def _said(self, record, body):
        offset = record.offset
        count = len(body.writes) + sum(fold.writes or 0 for fold in body.folds)
        verdict = self._identity(record, body)
        if verdict == "duplicate":
            self.totals["duplicate_messages"] += 1
            return
        if verdict is not None:
            self._dead(offset, verdict, count=count)
            return
        if body.kind != "redrive":
            self._heard(record, body)
        self._apply(record, body)

    def _heard(self, record, body):
        origin = body.origin
        agent = self.agents[f"{origin.array}/{origin.agent}"]
        agent.heard = self.ticks
        agent.watermark_us = max([origin.watermark_us] + [w for w in [agent.watermark_us] if w is not None])
        self.totals["lost_writes"] += origin.lost_writes
        self.last_us = record.append_us
        if body.kind == "bye":
            agent.left_at = record.offset
            self._forget()

    def _identity(self, record, body):
        origin = body.origin
        if self.deleted:
            return "group-deleted"
        if origin.observed_from_us > origin.watermark_us:
            return "span"
        if body.kind == "redrive":
            letter = (f"{origin.array}/{origin.agent}", origin.sequence)
            known = letter in self.redriven
            self.redriven.add(letter)
            return "duplicate" if known else None
        return self._agent_takes(record, origin)

    def _agent_takes(self, record, origin):
        name = f"{origin.array}/{origin.agent}"
        agent = self.agents.get(name)
        if agent is not None and origin.epoch < agent.epoch:
            return "stale-epoch"
        if agent is None or agent.epoch < origin.epoch:
            fresh = Agent(origin.epoch, agent.heard if agent else self.ticks)
            fresh.watermark_us = agent.watermark_us if agent else None
            agent = self.agents[name] = fresh
            others = [(a.heard, other) for other, a in self.agents.items() if other != name]
            if len(others) >= self.limits.agents:
                del self.agents[min(others)[1]]
        if origin.sequence <= agent.floor:
            return "forgotten-sequence"
        if origin.sequence in agent.seen:
            return "duplicate"
        agent.seen.add(origin.sequence)
        missing = agent.holes()
        if len(missing) > self.limits.holes:
            agent.floor = missing[len(missing) - self.limits.holes - 1]
        ahead_us = self.geometry.max_clock_ahead_seconds * SECOND_US
        return "watermark-ahead" if origin.watermark_us > record.append_us + ahead_us else None

    def _forget(self):
        left = [(a.left_at, n) for n, a in self.agents.items() if a.left_at is not None]
        for _, name in sorted(left)[: max(0, len(left) - self.limits.left)]:
            del self.agents[name]
