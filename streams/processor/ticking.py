"""When the owner of a partition must say that append time goes on."""

from __future__ import annotations

from collections.abc import Iterator

from streams.model.collector import needs_ticks
from streams.processor.place import Place

__all__ = ["due"]


def due(place: Place, now: float) -> Iterator[str]:
    """Groups that need a tick at the monotonic time `now`, in seconds; each is noted as ticked.

    A group whose agents all spoke within its tick length closes by their watermarks and needs none.
    """
    for name, group in place.partition.groups.items():
        pause = group.geometry.tick_seconds
        if now - place.ticked.get(name, -pause) < pause:
            continue
        recent = {
            agent
            for agent in group.state.agents
            if now - place.heard.get((name, agent), float("-inf")) < pause
        }
        if needs_ticks(group, recent):
            place.ticked[name] = now
            yield name
