"""What a worker does with outcomes; the simulated one stands for the real one."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

WORKER = "tests/model/crash/worker.py"
WORLD = "tests/model/crash/world.py"
_SHELL = "6.3, 6.6, 6.7: what the shell does with outcomes"

MUTANTS = [
    Mutant(
        "mark-first",
        WORKER,
        "        rows = list(_rows_of(group, outcome))\n",
        "        rows = list(_rows_of(group, outcome))\n"
        "        if outcome.mark is not None and not outcome.mark.intervals:\n"
        "            self.world.put_mark(outcome.mark.state, self._tables_from(outcome.mark.state))\n",
        f"{_SHELL}: letters, versions, gaps before the mark",
    ),
    Mutant(
        "mark-before-last-row",
        WORKER,
        "        for key, value in rows:\n            yield",
        "        if outcome.mark is not None and rows and rows[-1][0][0] != 'table':\n"
        "            self.world.put_mark(outcome.mark.state, 0)\n"
        "        for key, value in rows:\n            yield",
        f"{_SHELL}: all rows before the mark",
    ),
    Mutant(
        "acknowledged-early",
        WORKER,
        '            yield ("mark", offset)\n',
        '            self.partition.acknowledged(group, outcome.mark)\n            yield ("mark", offset)\n',
        f"{_SHELL}: a release only when the mark is acknowledged",
    ),
    Mutant(
        "settled-early",
        WORKER,
        "        rows = list(_rows_of(group, outcome))\n",
        "        rows = list(_rows_of(group, outcome))\n"
        "        if group not in self.partition.groups:\n            self.partition.settled(offset)\n",
        f"{_SHELL}: a release only when the letter is acknowledged",
        seed=36,
    ),
    Mutant(
        "groups-overtake",
        WORKER,
        "        if group not in self.running and self.queues.get(group):\n"
        "            self.running[group] = self._deliver(group, *self.queues[group].popleft())",
        "        if group not in self.running and self.queues.get(group):\n"
        "            self.running[group] = self._deliver(group, *self.queues[group].pop())",
        f"{_SHELL}: the outcomes of one group in order",
        seed=4,
    ),
    Mutant(
        "load-order",
        WORKER,
        "    position = world.committed\n    yield None\n    states = dict(world.states)\n    yield None\n",
        "    states = dict(world.states)\n    yield None\n    position = world.committed\n    yield None\n",
        "6.7: the committed position before the states",
        seed=4,
    ),
    Mutant(
        "tables-from-newest",
        WORKER,
        "        return min(\n            (\n                self.places",
        "        return max(\n            (\n                self.places",
        "6: tables_from is the lowest offset that a revision needs",
    ),
    Mutant(
        "newest-revision",
        WORKER,
        "            rows[interval] = tables[key]\n",
        "            while (*key[:4], key[4] + 1) in tables:\n                key = (*key[:4], key[4] + 1)\n"
        "            rows[interval] = tables[key]\n",
        "5: a late merge starts from exactly the revision that the state names, never the newest",
        seed=17,
    ),
    Mutant(
        "state-keyed-by-group",
        WORLD,
        "        self.states[key] = self.all_states[key] = stored\n",
        "        self.all_states[key] = stored\n"
        "        for other in [k for k in self.states if k[0] == state.group]:\n"
        "            del self.states[other]\n"
        "        self.states[key] = stored\n",
        "6.6: states are keyed by group and T; by group alone, a frozen worker overwrites newer ones",
    ),
    Mutant(
        "removal-first",
        WORKER,
        '            yield ("mark", offset)\n            self.world.put_mark',
        "            for old in self.marks.get(group, []):\n"
        "                self.world.delete_mark(group, old)\n"
        '            yield ("mark", offset)\n            self.world.put_mark',
        "6.3: older marks are removed behind the new one",
    ),
    Mutant(
        "keeps-one-mark",
        WORKER,
        "KEPT_MARKS = 3",
        "KEPT_MARKS = 1",
        "6: three marks are kept",
        redundant="a worker removes only marks older than one that is acknowledged; three guard against a "
        "reader that runs while a compacted topic is cleaned, which the simulated topic does not do",
    ),
]
