"""What rows say."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

FEEDING = "streams/model/feeding.py"
OPENTABLE = "streams/model/opentable.py"
COUNTS = "streams/model/counts.py"
MARKING = "streams/model/marking.py"
_LATE = "5: late parts"
_LIFE = "4 and 5: definitions and commands"
_ROWS = "5: what rows say"

MUTANTS = [
    Mutant(
        "coverage-any-agent",
        OPENTABLE,
        '            covered = intersect(covered, self._spans.get(f"{array}/{agent}", []))\n',
        "            pass\n",
        f"{_ROWS}: agents that a volume needs must all vouch",
    ),
    Mutant(
        "coverage-uncollected",
        OPENTABLE,
        "return union(span for window in self._windows for span in clip(covered, window))",
        "return covered",
        f"{_ROWS}: nothing is covered while collection is off",
        seed=5,
    ),
    Mutant(
        "coverage-any-array",
        OPENTABLE,
        'if agent.partition("/")[0] == array for span',
        "for span",
        f"{_ROWS}: agents vouch for the volumes of their array",
    ),
    Mutant(
        "reopened-spans",
        OPENTABLE,
        "            spans={agent: list(spans) for agent, spans in interval.agent_spans},\n",
        "            spans={},\n",
        f"{_LATE}: a revision keeps what was vouched for",
        seed=4,
    ),
    Mutant(
        "reopened-discards",
        OPENTABLE,
        "            discards=interval.discards,\n            late_writes=interval.late_writes,\n        )",
        "            late_writes=interval.late_writes,\n        )",
        f"{_LATE}: a revision keeps its discards",
        seed=257,
    ),
    Mutant(
        "reopened-late",
        OPENTABLE,
        "            discards=interval.discards,\n            late_writes=interval.late_writes,\n        )",
        "            discards=interval.discards,\n        )",
        f"{_LATE}: a revision keeps its late writes",
        seed=194,
    ),
    Mutant(
        "fold-counts",
        COUNTS,
        "return None if left is None or right is None else min(left + right, MAX_COUNT)",
        "return (left or 0) + (right or 0)",
        f"{_ROWS}: what a source cannot count is null",
    ),
    Mutant(
        "fold-slots",
        MARKING,
        "    if written_bytes is None or first != last:\n",
        "    if written_bytes is None:\n",
        f"{_ROWS}: bytes over several slots belong to none",
        seed=45,
    ),
    Mutant(
        "extents",
        MARKING,
        "    if not limits:\n",
        "    if True:\n",
        f"{_ROWS}: only a member's extents are taken",
    ),
    Mutant(
        "discards-mark",
        MARKING,
        "    if geometry.discards_mark:\n",
        "    if True:\n",
        f"{_ROWS}: discards set no bit unless the group says so",
        seed=24,
    ),
    Mutant(
        "uncollected-writes",
        FEEDING,
        "        return sound & inside\n",
        "        return sound\n",
        f"{_LIFE}: writes count only while collection is on",
        seed=24,
    ),
]
