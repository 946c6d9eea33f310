"""What comes for the first time: identity, sequence, refusals, spans."""

from __future__ import annotations

from tests.model.crash.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

FEEDING = "streams/model/feeding.py"
STATE = "streams/model/state.py"
SCREENING = "streams/model/screening.py"
SEQUENCE = "streams/model/sequence.py"
_FRESH = "6.2 and section 5: what comes for the first time"
_TIME = "5: event time, agents, silence"
_LIFE = "4 and 5: definitions and commands"

MUTANTS = [
    Mutant(
        "stale-epoch",
        FEEDING,
        "if agent is not None and origin.epoch < agent.epoch:",
        "if agent is not None and origin.epoch < 0:",
        f"{_FRESH}: an older epoch is a dead letter",
        seed=16,
    ),
    Mutant(
        "new-epoch",
        FEEDING,
        "if agent is None or origin.epoch > agent.epoch:",
        "if agent is None:",
        f"{_FRESH}: a new epoch counts from zero and brings an agent back",
    ),
    Mutant(
        "epoch-forgets-watermark",
        FEEDING,
        "watermark_us=before.watermark_us if before else None,",
        "watermark_us=None,",
        f"{_TIME}: an agent's watermark outlives its epoch",
        seed=8,
    ),
    Mutant(
        "epoch-hears",
        FEEDING,
        "heard=before.heard if before else state.ticks,",
        "heard=state.ticks,",
        f"{_TIME}: heard is who had a message accepted, not who began an epoch",
        seed=171,
    ),
    Mutant(
        "watermark-ahead",
        FEEDING,
        "if origin.watermark_us > message.append_us + geometry",
        "if origin.watermark_us < 0 * message.append_us + 0 * geometry",
        f"{_FRESH}: a watermark ahead of the clock refuses the message",
    ),
    Mutant(
        "refused-is-heard",
        FEEDING,
        '        return "watermark-ahead"\n',
        '        agent.heard = state.ticks\n        return "watermark-ahead"\n',
        f"{_TIME}: a refused message is not heard",
        seed=61,
    ),
    Mutant(
        "inverted-span",
        FEEDING,
        "if origin.observed_from_us > origin.watermark_us:",
        "if origin.observed_from_us > origin.watermark_us + 10**12:",
        f"{_FRESH}: a span that ends before it begins refuses the message",
        seed=6,
    ),
    Mutant(
        "deleted-accepts",
        FEEDING,
        '    if state.deleted:\n        return "group-deleted"\n',
        "",
        f"{_LIFE}: a deleted group accepts nothing",
    ),
    Mutant(
        "floor",
        SEQUENCE,
        "if sequence <= agent.floor:",
        "if sequence < -1:",
        f"{_FRESH}: at or below the floor a message is forgotten, never a duplicate",
    ),
    Mutant(
        "holes",
        SEQUENCE,
        "        _open_holes(agent, agent.high + 1, sequence)\n",
        "",
        f"{_FRESH}: a missing number is no duplicate when it comes",
    ),
    Mutant(
        "hole-stays",
        SEQUENCE,
        "        del agent.holes[place]\n",
        "",
        f"{_FRESH}: a hole is filled once",
    ),
    Mutant(
        "heard-never",
        FEEDING,
        "    agent.heard = state.ticks\n",
        "",
        f"{_TIME}: silence counts from the last accepted message",
    ),
    Mutant(
        "watermark-steps-back",
        FEEDING,
        "    agent.watermark_us = max(origin.watermark_us, before_us)\n",
        "    agent.watermark_us = origin.watermark_us\n",
        f"{_TIME}: a late message does not turn a watermark back",
        seed=4,
    ),
    Mutant(
        "lost-uncounted",
        FEEDING,
        "    state.totals = state.totals.plus(lost_writes=origin.lost_writes)\n",
        "",
        f"{_FRESH}: lost writes are counted",
    ),
    Mutant(
        "redrive-is-heard",
        FEEDING,
        "        _Feeder(group, message, body, again=False).run()",
        "        state.last_us = message.append_us\n        _Feeder(group, message, body, again=False).run()",
        f"{_TIME}: append time passes since the last message of an agent, not of a redriven letter",
        seed=5,
    ),
    Mutant(
        "redrive-gates",
        FEEDING,
        "        return _take_redriven(state, origin)\n",
        "        state.agents.setdefault(origin.id, AgentState(0, watermark_us=0, heard=state.ticks))\n"
        "        return _take_redriven(state, origin)\n",
        f"{_TIME}: a redriven letter holds nothing open",
        seed=4,
    ),
    Mutant(
        "redrive-twice",
        FEEDING,
        '    if origin.sequence in taken:\n        return "duplicate"\n',
        "",
        f"{_FRESH}: a letter that was redriven before is a duplicate",
        seed=4,
    ),
    Mutant(
        "redriven-forgotten",
        STATE,
        "            redriven={name: taken.copy() for name, taken in self.redriven.items()},\n",
        "            redriven={},\n",
        f"{_FRESH}: redriven is forgotten by the state",
        seed=4,
        rows_only=True,
    ),
    Mutant(
        "bye-stays",
        FEEDING,
        'if body.kind == "bye":',
        'if body.kind == "never":',
        f"{_TIME}: an agent that said bye holds nobody back",
    ),
    Mutant(
        "quiet-forever",
        FEEDING,
        "    if len(state.agents) > max(MAX_AGENTS, _expected(state)):\n",
        "    if not state.agents:\n",
        f"{_FRESH}: of too many agents, the one not heard for longest is forgotten",
        seed=59,
    ),
    Mutant(
        "left-forever",
        FEEDING,
        "in left[: -max(MAX_LEFT_AGENTS, _expected(state))]:",
        "in left[:0]:",
        f"{_FRESH}: of agents that left, the newest are remembered",
        seed=40,
    ),
    Mutant(
        "lost-vouches",
        FEEDING,
        'if origin.lost_writes or self._body.kind == "redrive":',
        'if self._body.kind == "redrive":',
        f"{_FRESH}: a span with lost writes vouches for nothing",
    ),
    Mutant(
        "redrive-vouches",
        FEEDING,
        'if origin.lost_writes or self._body.kind == "redrive":',
        "if origin.lost_writes:",
        f"{_FRESH}: a redriven letter vouches for nothing",
        seed=5,
    ),
    Mutant(
        "heartbeat-vouches-not",
        FEEDING,
        'if origin.lost_writes or self._body.kind == "redrive":',
        'if origin.lost_writes or self._body.kind in ("redrive", "heartbeat"):',
        f"{_FRESH}: a heartbeat feeds what it vouches for",
    ),
    Mutant(
        "span-unclipped",
        FEEDING,
        "earliest = max(0, origin.watermark_us - longest_us)",
        "earliest = 0",
        f"{_FRESH}: observed_from is clipped to the longest run that is shown",
    ),
    Mutant(
        "ahead-of-clock",
        SCREENING,
        'screen.refuse(writes.time_us > limit_us, "ahead-of-clock")',
        "pass",
        f"{_FRESH}: a write ahead of the clock is a dead letter",
        seed=8,
    ),
    Mutant(
        "fold-ahead",
        SCREENING,
        '        return "ahead-of-clock"\n',
        "        pass\n",
        f"{_FRESH}: a fold ahead of the clock is a dead letter",
        seed=83,
    ),
    Mutant(
        "unknown-volume",
        SCREENING,
        'faults = {"unknown-volume": limits == 0, ',
        "faults = {",
        f"{_FRESH}: nothing is dropped in silence",
    ),
    Mutant(
        "beyond-volume",
        SCREENING,
        '"beyond-volume": (ends > limits) & (limits > 0)',
        "",
        f"{_FRESH}: an extent beyond the volume is a dead letter",
    ),
    Mutant(
        "touch-accepted-only",
        FEEDING,
        "            if not belonging.any():\n",
        "            held = table.volumes.by_volume() or table.spans or table.discards\n"
        "            if not (belonging.any() or held):\n"
        "                self._group.open.pop(interval, None)\n"
        "            if not belonging.any():\n",
        "5: an interval that a message touches is open, even if all that came is refused",
    ),
]
