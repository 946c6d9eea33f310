"""What comes again after a crash."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

FEEDING = "streams/model/feeding.py"
COLLECTOR = "streams/model/collector.py"
_AGAIN = "6.1: what comes again"

MUTANTS = [
    Mutant(
        "redo-any",
        FEEDING,
        "if message.offset in group.redo and isinstance(",
        "if isinstance(",
        f"{_AGAIN}: only what is listed in redo",
        seed=3,
    ),
    Mutant(
        "redo-none",
        FEEDING,
        "if message.offset in group.redo and isinstance(",
        "if message.offset < 0 and isinstance(",
        f"{_AGAIN}: it is applied to what was open",
    ),
    Mutant(
        "redo-closed",
        FEEDING,
        "        if closed is not None and interval <= closed:\n            return None\n"
        "        self._touched",
        "        if closed is not None and interval <= closed and not self._again:\n            return None\n"
        "        self._touched",
        f"{_AGAIN}: only parts after closed",
        redundant="what is put into a closed interval is never published, it only takes memory",
    ),
    Mutant(
        "redo-unscreened",
        FEEDING,
        "return self._message.append_us, self._body",
        "return self._message.append_us + self._again * 10**12, self._body",
        f"{_AGAIN}: stateless checks again",
        seed=16,
    ),
    Mutant(
        "redo-late-writes",
        FEEDING,
        "        if self._again:\n            return\n        late = self._late_table(interval)",
        "        late = self._late_table(interval)",
        f"{_AGAIN}: never late merges (writes)",
        seed=8,
    ),
    Mutant(
        "redo-late-spans",
        FEEDING,
        "if table is None and not self._again and not self._too_late(interval):",
        "if table is None and not self._too_late(interval):",
        f"{_AGAIN}: never late merges (spans)",
    ),
    Mutant(
        "redo-late-folds",
        FEEDING,
        "            if self._again:\n                return\n            table = self._late_table(interval)",
        "            table = self._late_table(interval)",
        f"{_AGAIN}: never late merges (folds)",
        seed=6,
    ),
    Mutant(
        "redo-letters",
        FEEDING,
        "        if self._again:\n            return\n        detail = ",
        "        detail = ",
        f"{_AGAIN}: never dead letters",
    ),
    Mutant(
        "redo-uncollected",
        FEEDING,
        "if writes and not self._again:",
        "if writes:",
        f"{_AGAIN}: never totals",
        seed=8,
    ),
    Mutant(
        "redo-agents",
        FEEDING,
        "        _Feeder(group, message, message.body, again=True).run()",
        "        if message.body.origin.id in group.state.agents:\n"
        "            _note_heard(group.state, message, message.body)\n"
        "        _Feeder(group, message, message.body, again=True).run()",
        f"{_AGAIN}: never agents",
    ),
    Mutant(
        "redo-ticks",
        COLLECTOR,
        "        again(group, message)\n",
        "        again(group, message)\n"
        "        if isinstance(message.body, Tick):\n"
        "            count_tick(group.state, message.append_us)\n",
        f"{_AGAIN}: never ticks",
        seed=209,
    ),
    Mutant(
        "redo-definitions",
        COLLECTOR,
        "        again(group, message)\n",
        "        again(group, message)\n"
        "        if isinstance(message.body, Define):\n"
        "            define(group, message, message.body.definition)\n",
        f"{_AGAIN}: never definitions",
        seed=22,
    ),
    Mutant(
        "redo-commands",
        COLLECTOR,
        "        again(group, message)\n",
        "        again(group, message)\n"
        "        if isinstance(message.body, Command):\n"
        "            command(group, message, message.body)\n",
        f"{_AGAIN}: never commands",
        seed=6,
    ),
    Mutant(
        "redo-closes",
        COLLECTOR,
        "        again(group, message)\n        return Outcome()\n",
        "        again(group, message)\n        return Outcome(mark=close(group, message, forced=False))\n",
        f"{_AGAIN}: it closes nothing",
        redundant="all that the agents let close was closed at T, and what comes again changes no agent",
    ),
]
