"""Definitions and commands."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

CLOSING = "streams/model/closing.py"
COLLECTOR = "streams/model/collector.py"
LIFECYCLE = "streams/model/lifecycle.py"
OPENGROUP = "streams/model/opengroup.py"
_TIME = "5: event time, agents, silence"
_LIFE = "4 and 5: definitions and commands"

MUTANTS = [
    Mutant(
        "redriven-for-ever",
        LIFECYCLE,
        "    state.redriven = {}\n",
        "",
        f"{_LIFE}: a new life knows no redriven letters",
    ),
    Mutant(
        "define-inside-open",
        OPENGROUP,
        "        taken = list(self.open)\n",
        "        taken: list[int] = []\n",
        f"{_LIFE}: a definition takes effect after the open intervals",
    ),
    Mutant(
        "define-inside-earlier",
        OPENGROUP,
        "        taken += [version.first - 1 for version in self.state.versions "
        "if version.first is not None]\n",
        "",
        f"{_LIFE}: a definition takes effect after earlier starts",
        redundant="what is open is closed later, so the highest of both never falls below an earlier start",
    ),
    Mutant(
        "define-inside-closed",
        OPENGROUP,
        "            taken.append(self.state.closed)\n",
        "            pass\n",
        f"{_LIFE}: a definition takes effect after what is closed",
        seed=4,
    ),
    Mutant(
        "define-equal",
        LIFECYCLE,
        "    if definition == newest.definition:\n        return ()\n",
        "",
        f"{_LIFE}: an equal definition is no new version",
    ),
    Mutant(
        "define-geometry",
        LIFECYCLE,
        "    if definition.geometry != newest.definition.geometry:\n",
        "    if not definition.geometry:\n",
        f"{_LIFE}: a definition may not change what shapes rows",
        seed=33,
    ),
    Mutant(
        "define-silence",
        LIFECYCLE,
        "Version(newest.number + 1, first, group.state.ticks, definition)",
        "Version(newest.number + 1, first, 0, definition)",
        f"{_TIME}: silence of one never heard counts from the definition",
    ),
    Mutant(
        "define-marks-not",
        COLLECTOR,
        "return define(group, message, body.definition), True",
        "return define(group, message, body.definition), False",
        f"{_LIFE}: a definition writes a mark",
        rows_only=True,
        seed=22,
    ),
    Mutant(
        "command-marks-not",
        COLLECTOR,
        "            command(group, message, body)\n            return (), True\n",
        "            command(group, message, body)\n            return (), False\n",
        f"{_LIFE}: a command writes a mark",
        rows_only=True,
        seed=45,
    ),
    Mutant(
        "deleted-marks-not",
        COLLECTOR,
        "    return (), group.state.deleted\n",
        "    return (), False\n",
        f"{_LIFE}: what a deleted group refuses is marked at once",
        rows_only=True,
        redundant="a tick marks it a little later: a deleted group that holds something is ticked",
    ),
    Mutant(
        "command-at-once",
        LIFECYCLE,
        "    return start_us if at_us is None else max(at_us, start_us)\n",
        "    return start_us if at_us is None else at_us\n",
        f"{_LIFE}: a command takes effect at the next interval that is not open",
        seed=23,
    ),
    Mutant(
        "command-inside-second",
        LIFECYCLE,
        "    at_us = None if at_us is None else at_us // US * US\n",
        "",
        f"{_LIFE}: on whole seconds",
        seed=8,
    ),
    Mutant(
        "start-endless",
        LIFECYCLE,
        "        end_us = (start_us // length_us + body.intervals) * length_us\n",
        "        end_us = None\n",
        f"{_LIFE}: a number of intervals",
    ),
    Mutant(
        "delete-leaves-open",
        CLOSING,
        "    if state.deleted:\n        return _through_open(fed, agents)\n",
        "",
        f"{_LIFE}: a deleted group closes what is open",
    ),
    Mutant(
        "revive-inside",
        LIFECYCLE,
        "state.born = -(-(state.closed + 1) * old.interval_us // length_us)",
        "state.born = (state.closed + 1) * old.interval_us // length_us",
        f"{_LIFE}: a revived group begins behind all that was closed",
        seed=105,
    ),
    Mutant(
        "revive-agents",
        LIFECYCLE,
        "state.revisions, state.agents, state.windows, state.deleted = {}, {}, [(None, None)], False",
        "state.revisions, state.windows, state.deleted = {}, [(None, None)], False",
        f"{_LIFE}: a revived group knows no agent",
    ),
    Mutant(
        "revive-revisions",
        LIFECYCLE,
        "state.revisions, state.agents, state.windows, state.deleted = {}, {}, [(None, None)], False",
        "state.agents, state.windows, state.deleted = {}, [(None, None)], False",
        f"{_LIFE}: a revived group has no rows",
        seed=6,
    ),
    Mutant(
        "revive-windows",
        LIFECYCLE,
        "state.revisions, state.agents, state.windows, state.deleted = {}, {}, [(None, None)], False",
        "state.revisions, state.agents, state.deleted = {}, {}, False",
        f"{_LIFE}: a revived group collects",
        seed=22,
    ),
    Mutant(
        "revive-version",
        LIFECYCLE,
        "version = Version(state.versions[-1].number + 1, None, state.ticks, definition)",
        "version = Version(1, None, state.ticks, definition)",
        f"{_LIFE}: versions are counted on",
    ),
    Mutant(
        "revive-silence",
        LIFECYCLE,
        "version = Version(state.versions[-1].number + 1, None, state.ticks, definition)",
        "version = Version(state.versions[-1].number + 1, None, 0, definition)",
        f"{_TIME}: silence of one never heard counts from the definition",
    ),
]
