"""One base interval while it fills: what accepted messages have put into it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streams.model.entries import Entry, Interval
from streams.model.groups import Geometry, Member
from streams.model.intervals import US, Span, Spans, clip, intersect, union
from streams.model.slots import SlotBytes
from streams.model.state import Version
from streams.model.volumetables import VolumeTable, VolumeTables

__all__ = ["OpenInterval", "slot_of"]


@dataclass(slots=True)
class OpenInterval:
    """A base interval that fills."""

    slots: SlotBytes
    volumes: VolumeTables = field(default_factory=VolumeTables)
    spans: dict[str, Spans] = field(default_factory=dict)
    discards: int = 0
    late_writes: int = 0

    @classmethod
    def empty(cls, geometry: Geometry) -> OpenInterval:
        """An interval that nothing was written to."""
        return cls(SlotBytes(geometry.slots))

    @classmethod
    def reopened(cls, interval: Interval) -> OpenInterval:
        """The content of a closed base interval, to be revised; the closed one stays as it is."""
        content = cls(
            slots=SlotBytes.of(
                interval.written_bytes_by_slot, interval.rung_seconds // interval.slot_seconds
            ),
            spans={agent: list(spans) for agent, spans in interval.agent_spans},
            discards=interval.discards,
            late_writes=interval.late_writes,
        )
        for entry in interval.entries:
            content.volumes.put(entry.volume, VolumeTable(entry.tracks, entry.writes, entry.written_bytes))
        return content

    def vouch(self, agent: str, span: Span) -> None:
        """Notes that the agent saw every write of its volumes in this span."""
        spans = self.spans.setdefault(agent, [])
        if spans and spans[-1][0] <= span[0] <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], span[1]))
        else:
            self.spans[agent] = union([*spans, span])

    def merge(self, other: OpenInterval) -> None:
        """Puts the content of another interval, a late one, on top."""
        self.volumes.merge(other.volumes)
        for agent, spans in other.spans.items():
            self.spans[agent] = union([*self.spans.get(agent, []), *spans])
        self.slots.merge(other.slots)
        self.discards += other.discards
        self.late_writes += other.late_writes

    def closed(
        self, index: int, version: Version, windows: Sequence[Span], revision: int, *, partial: bool
    ) -> Interval:
        """The interval as a value: a row for every volume of the definition, idle ones too.

        `windows` are the parts of the interval in which collection was on: only they can be covered.
        """
        geometry = version.definition.geometry
        covered = _Covered(self.spans, windows)
        tables = self.volumes.by_volume()
        return Interval(
            group=version.definition.group,
            definition_version=version.number,
            rung_seconds=geometry.interval_seconds,
            start_us=index * geometry.interval_us,
            revision=revision,
            partial=partial,
            entries=tuple(
                _entry(
                    member, tables.get(member.id) or VolumeTable(), geometry.track_bytes, covered.of(member)
                )
                for member in version.definition.by_id.values()
            ),
            slot_seconds=geometry.slot_seconds,
            written_bytes_by_slot=self.slots.values(),
            discards=self.discards,
            late_writes=self.late_writes,
            agent_spans=tuple((agent, tuple(self.spans[agent])) for agent in sorted(self.spans)),
        )


class _Covered:
    """What agents vouch for of the volumes of each array, inside the windows of collection."""

    __slots__ = ("_by_source", "_spans", "_windows")

    def __init__(self, spans: Mapping[str, Spans], windows: Sequence[Span]) -> None:
        self._spans = spans
        self._windows = windows
        self._by_source: dict[tuple[str, tuple[str, ...]], Spans] = {}

    def of(self, member: Member) -> Spans:
        """The moments for which all agents that the volume needs vouch, or any of its array's."""
        source = (member.array, member.agents)
        if source not in self._by_source:  # most volumes of an array need no agents of their own
            self._by_source[source] = self._vouched(*source)
        return self._by_source[source]

    def _vouched(self, array: str, agents: tuple[str, ...]) -> Spans:
        of_array = (
            span for agent, spans in self._spans.items() if agent.partition("/")[0] == array for span in spans
        )
        covered = union(of_array)
        for agent in agents:
            covered = intersect(covered, self._spans.get(f"{array}/{agent}", []))
        return union(span for window in self._windows for span in clip(covered, window))


def _entry(member: Member, table: VolumeTable, track_bytes: int, covered: Spans) -> Entry:
    return Entry(
        volume=member.id,
        volume_bytes=member.volume_bytes,
        track_bytes=track_bytes,
        tracks=table.tracks,
        writes=table.writes,
        written_bytes=table.written_bytes,
        covered=covered,
    )


def slot_of(time_us: NDArray[np.int64], start_us: int, slot_seconds: int) -> NDArray[np.int64]:
    """Index of the slot of each time, counted from the interval's start."""
    return (time_us - start_us) // (slot_seconds * US)
