"""What a replay did, in words, and how much of it the group had already."""

from __future__ import annotations

from streams.agents.replay import ReplayResult
from streams.cli.units import count_text
from streams.model.state import State

__all__ = ["known_messages", "refusal", "told"]


def known_messages(before: State | None, result: ReplayResult) -> int:
    """How many of the messages the group had taken before, by its newest state of that time.

    It is a lower bound: what a worker took after that state was written is not in it. A replay is named after
    what it sends, so what its agents sent before are these same messages.
    """
    if before is None or result.was_new:
        return 0
    agents = [agent for name, agent in before.agents.items() if name.endswith(f"/{result.agent}")]
    return sum(agent.high - agent.floor - sum(hole > agent.floor for hole in agent.holes) for agent in agents)


def told(result: ReplayResult, known: int, *, waited: bool) -> list[str]:
    """Lines that say under which definition how much was sent, and whether it was anything new."""
    definition = result.definition
    geometry = definition.geometry
    sent = f"{count_text(result.writes, 'write')} sent in {count_text(result.messages, 'message')}"
    end = "and its last interval is published" if waited else "and not waited for"
    about = f"tracks of {geometry.track_bytes} B, intervals of {geometry.interval_seconds} s"
    volumes = count_text(len(definition.members), "volume")
    lines = [
        f"group {definition.group}, {'new' if result.was_new else 'as it was defined'}: {about}, {volumes}",
        f"{sent} as agent {result.agent}, {end}",
    ]
    if known >= result.messages:
        lines.append(
            "this replay was there already: every message was a duplicate, which changes nothing "
            "(linkgauge_duplicate_messages_total counts them)"
        )
    elif known:
        lines.append(
            f"at least {known} of these {count_text(result.messages, 'message')} "
            f"{'was' if known == 1 else 'were'} there already, from a run before: duplicates, which change "
            "nothing (linkgauge_duplicate_messages_total counts them)"
        )
    return lines


def refusal(result: ReplayResult) -> str | None:
    """What the group refused while the replay went on, and how to look at it; None where nothing was."""
    if not result.dead_letters:
        return None
    letters = count_text(result.dead_letters, "dead letter")
    what = f"{count_text(result.refused_writes, 'write')} ({letters})" if result.refused_writes else letters
    return (
        f"group {result.definition.group} refused {what} meanwhile: they are not in its figures; see "
        f"`linkgauge dead-letters list --group {result.definition.group}`"
    )
