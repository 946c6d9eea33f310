"""What a message waits for before it may be committed."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

FEEDING = "streams/model/feeding.py"
COLLECTOR = "streams/model/collector.py"
PARTITION = "streams/model/partition.py"
_HOLDING = "6.5: what a message waits for"

MUTANTS = [
    Mutant(
        "free-all",
        COLLECTOR,
        "    group.holds[message.offset] = None\n    versions, forced",
        "    versions, forced",
        f"{_HOLDING}: a mark behind it",
    ),
    *(
        Mutant(
            f"free-{name}",
            COLLECTOR,
            "    group.holds[message.offset] = None\n    versions, forced",
            f"    if not isinstance(message.body, {kind}):\n"
            "        group.holds[message.offset] = None\n    versions, forced",
            f"{_HOLDING}: a mark behind it, {name} too",
            seed=seed,
        )
        for name, kind, seed in [
            ("ticks", "Tick", 0),
            ("definitions", "Define", 5),
            ("commands", "Command", 4),
            ("undecodable", "Refused", 27),
        ]
    ),
    Mutant(
        "free-duplicates",
        FEEDING,
        '    if reason == "duplicate":\n',
        '    if reason == "duplicate":\n        del group.holds[message.offset]\n',
        f"{_HOLDING}: a mark behind it, duplicates too",
    ),
    Mutant(
        "free-refused",
        FEEDING,
        "        refuse(group, message, reason, REASONS[reason])\n",
        "        refuse(group, message, reason, REASONS[reason])\n        del group.holds[message.offset]\n",
        f"{_HOLDING}: a mark behind it, refused messages too",
        seed=3,
    ),
    Mutant(
        "free-unfeeding",
        FEEDING,
        "        if self._touched is not None:\n",
        "        if self._touched is None:\n"
        "            self._group.holds.pop(self._message.offset, None)\n        else:\n",
        f"{_HOLDING}: a mark behind it, heartbeats, byes and late messages too",
        seed=3,
    ),
    Mutant(
        "free-again",
        FEEDING,
        "        if self._touched is not None:\n",
        "        if self._touched is not None and not self._again:\n",
        f"{_HOLDING}: the closing of what it feeds, also when it comes again",
    ),
    Mutant(
        "hold-first",
        FEEDING,
        "else max(self._touched, interval)",
        "else min(self._touched, interval)",
        f"{_HOLDING}: the closing of all that it feeds",
    ),
    Mutant(
        "release-unclosed",
        COLLECTOR,
        "if held <= offset and (fed_us is None or (closed_us is not None and fed_us <= closed_us))",
        "if held <= offset",
        f"{_HOLDING}: the closing of what it feeds",
    ),
    Mutant(
        "release-unmarked",
        COLLECTOR,
        "if held <= offset and (fed_us",
        "if (fed_us",
        f"{_HOLDING}: a mark at or behind it",
    ),
    Mutant(
        "hold-numbers",
        FEEDING,
        "self._group.holds[self._message.offset] = self._group.span_of(self._touched)[1]",
        "self._group.holds[self._message.offset] = (self._touched + 1) * 10_000_000",
        f"{_HOLDING}: in time, for a revived group counts otherwise",
    ),
    Mutant(
        "loose-letters",
        PARTITION,
        "        self.loose.add(message.offset)\n",
        "",
        f"{_HOLDING}: letters of unknown groups",
        seed=9,
    ),
    Mutant(
        "commit-unread",
        PARTITION,
        "return min([self.next_offset, *held, *self.loose])",
        "return min([self.next_offset, *self.loose])",
        f"{_HOLDING}: nothing is committed that is held",
    ),
    Mutant(
        "deleted-stuck",
        COLLECTOR,
        "        return bool(group.holds)\n    live",
        "        return False\n    live",
        "4: a deleted group is ticked while it holds the commit position",
        seed=15,
    ),
]
