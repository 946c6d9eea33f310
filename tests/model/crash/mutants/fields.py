"""The state row, one field forgotten at a time."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

COLLECTOR = "streams/model/collector.py"
_STATE = "6: the state row"


_SEEDS = {"born": 22, "tick_us": 20, "version-ticks": 30, "epoch": 16, "holes": 24}


def _forgets(name, statement):
    return Mutant(
        f"state-without-{name}",
        COLLECTOR,
        "    return OpenGroup(state.copy(), dict(rows), frozenset(state.redo))\n",
        f"    state = state.copy()\n    {statement}\n"
        "    return OpenGroup(state, dict(rows), frozenset(state.redo))\n",
        f"{_STATE} has {name}",
        rows_only=True,
        seed=_SEEDS.get(name, 0),
    )


def _agents_forget(name, value):
    return _forgets(name, f"for agent in state.agents.values(): agent.{name} = {value}")


def _versions_forget(name, value):
    return _forgets(
        f"version-{name}",
        "from dataclasses import replace\n    "
        f"state.versions = [replace(version, {name}={value}) for version in state.versions]",
    )


MUTANTS = [
    _forgets("closed", "state.closed = None"),
    _forgets("born", "state.born = None"),
    _forgets("redo", "state.redo = ()"),
    _forgets("ticks", "state.ticks = 0"),
    _forgets("tick_us", "state.tick_us = None"),
    _forgets("last_us", "state.last_us = None"),
    _forgets("revisions", "state.revisions = {}"),
    _forgets("totals", "state.totals = type(state.totals)()"),
    _forgets("agents", "state.agents = {}"),
    _forgets("redriven", "state.redriven = {}"),
    _forgets("windows", "state.windows = [(None, None)]"),
    _forgets("deleted", "state.deleted = False"),
    _forgets("versions", "state.versions = state.versions[-1:]"),
    _versions_forget("number", 1),
    _versions_forget("first", None),
    _versions_forget("ticks", 0),
    _agents_forget("epoch", 0),
    _agents_forget("high", -1),
    _agents_forget("holes", "[]"),
    _agents_forget("floor", -1),
    _agents_forget("watermark_us", None),
    _agents_forget("heard", 0),
    _agents_forget("left_at", None),
]
