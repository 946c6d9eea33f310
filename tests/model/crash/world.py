"""The topics of one partition, simulated: they remember every row and refuse what the rule forbids.

Three laws are checked while rows arrive. A key has one value, whoever writes it how often, and it is the one
that the oracle expects. A mark comes after everything that it vouches for. A commit passes a message only
when a mark covers it and every interval that it feeds is closed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from tests.model.crash.plain import (
    plain_gap,
    plain_interval,
    plain_letter,
    plain_state,
    plain_summary,
    plain_version,
)

__all__ = ["Codec", "World"]

_PLAIN = {
    "table": plain_interval,
    "rung": plain_interval,
    "summary": plain_summary,
    "gap": plain_gap,
    "version": plain_version,
    "letter": plain_letter,
}


class Codec:
    """Rows are kept as the values they are. A codec of the wire encodes them and decodes what was stored."""

    def row(self, topic, value):
        return value

    def state(self, state, tables_from):
        return state.copy(), tables_from


@dataclass(frozen=True, slots=True)
class _StoredState:
    written: object
    read: object
    tables_from: int


class World:
    def __init__(self, log, expected, codec, *, lax):
        self.log = log
        self.expected = expected
        self.codec = codec
        self.lax = lax  # mutants that forget a field of the state: only rows count
        self.rows = {}
        self.tables = []
        self.states = {}
        self.all_states = {}
        self.newest = {}
        self.committed = 0
        self.passed = 0

    def put(self, key, value):
        """Stores a row; the offset that a table gets."""
        topic = key[0]
        if key not in self.rows:
            assert key in self.expected.rows, ("unexpected", key)
            found, wanted = _PLAIN[topic](value), self.expected.rows[key]
            assert found == wanted, ("differs", key, found, wanted)
            self.rows[key] = (value, self.codec.row(topic, value))
        written, read = self.rows[key]
        assert _same(written, value), ("two values", key)
        if topic != "table":
            return None
        self.tables.append((key, read))
        return len(self.tables) - 1

    def put_mark(self, state, tables_from):
        key = (state.group, state.offset)
        before = self.all_states.get(key)
        if before is None:
            self._check_mark(key, state)
            read, read_from = self.codec.state(state, tables_from)
            assert read_from == tables_from
            before = _StoredState(state, read, tables_from)
        assert self.lax or before.written == state, ("two values", key)
        stored = _StoredState(state, before.read, tables_from)
        self.states[key] = self.all_states[key] = stored
        end_us = plain_state(state)["closed_end_us"]
        self.newest[state.group] = max(
            self.newest.get(state.group, (-1, None)), (state.offset, end_us), key=lambda mark: mark[0]
        )

    def delete_mark(self, group, offset):
        self.states.pop((group, offset), None)

    def commit(self, position):
        """Anybody commits, also one who is frozen for long: the position may step back, never skip."""
        for offset in range(self.passed, position):
            owed = self.expected.owes.get(offset)
            assert owed is None or owed in self.rows, ("commit passes a letter", offset)
            if offset not in self.expected.feeds_us:
                continue
            mark, closed_us = self.newest.get(self.log[offset].group, (-1, None))
            feeds_us = self.expected.feeds_us[offset]
            assert mark >= offset, ("commit passes a mark", position, offset)
            assert feeds_us is None or (closed_us is not None and closed_us >= feeds_us), (
                "commit passes an open interval",
                position,
                offset,
            )
        self.passed = max(self.passed, position)
        self.committed = position

    def check_end(self):
        """Everything that the oracle expects is there, nothing ever got worse, OR and SUM agree."""
        missing = set(self.expected.rows) - set(self.rows)
        assert not missing, ("missing", sorted(missing, key=str)[:3])
        marks = set(self.expected.marks) - set(self.all_states)
        assert self.lax or not marks, ("marks missing", sorted(marks)[:3])
        _check_revisions(self.expected.rows)
        _check_unions(self.expected.rows)

    def _check_mark(self, key, state):
        if key not in self.expected.marks:
            assert self.lax, ("unexpected mark", key)
            return
        wanted = self.expected.marks[key]
        owed = self.expected.due[key] - set(self.rows)
        assert not owed, ("mark before", sorted(owed, key=str)[:3], key)
        if self.lax:
            return
        found = plain_state(state)
        for field in fields(wanted):
            if field.name in found:
                value = getattr(wanted, field.name)
                assert found[field.name] == value, ("state", key, field.name, found[field.name], value)
        assert wanted.needed <= set(state.revisions), ("revisions forgotten", key)
        for interval, revision in state.revisions.items():
            assert wanted.revisions[interval] == revision, ("revision", key, interval)


def _same(one, other):
    """Equality, for values with arrays in them too."""
    if one is other:
        return True
    if type(one).__name__ == "DeadLetter":
        return (plain_letter(one), one.detail) == (plain_letter(other), other.detail)
    return one == other


def _check_revisions(rows):
    for (topic, *place, revision), (_, table) in _tables(rows):
        if not revision:
            continue
        older = [key for key in ((topic, *place, r) for r in range(revision - 1, -1, -1)) if key in rows]
        for volume, (_, tracks, _, _, covered) in rows[older[0]][1].items() if older else ():
            assert tracks <= table[volume][1], ("worse", place)
            assert covered <= table[volume][4], ("worse", place)


def _check_unions(rows):
    """Every newest rung is the OR of the newest base intervals in it."""
    newest = {}
    for key, row in _tables(rows):
        if key[:4] not in newest or newest[key[:4]][0] < key[4]:
            newest[key[:4]] = (key[4], row)
    for (topic, group, seconds, start_us), (_, (head, table)) in newest.items():
        if topic != "rung":
            continue
        end_us = start_us + seconds * 1_000_000
        bases = [
            (k[3], row)
            for k, (_, row) in newest.items()
            if k[:2] == ("table", group) and start_us <= k[3] and k[3] + k[2] * 1_000_000 <= end_us
        ]
        lives = [row for _, row in bases if row[0][0] <= head[0]]
        for volume, entry in table.items():
            union = frozenset().union(*(row[1][volume][1] for row in lives if volume in row[1]))
            assert entry[1] <= union, ("rung", group, seconds, start_us, volume)


def _tables(rows):
    return [(key, row) for key, row in rows.items() if key[0] in ("table", "rung")]
