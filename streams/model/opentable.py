"""One base interval while it fills: what accepted messages have put into it so far."""

from __future__ import annotations

from collections.abc import Sequence
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
            content.volumes.table(entry.volume).merge(
                VolumeTable(entry.tracks, entry.writes, entry.written_bytes)
            )
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
        by_array: dict[str, Spans] = {}
        for agent, spans in self.spans.items():
            array = agent.partition("/")[0]
            by_array[array] = union([*by_array.get(array, []), *spans])
        tables = self.volumes.by_volume()
        return Interval(
            group=version.definition.group,
            definition_version=version.number,
            rung_seconds=geometry.interval_seconds,
            start_us=index * geometry.interval_us,
            revision=revision,
            partial=partial,
            entries=tuple(
                self._entry(member, tables.get(member.id), geometry.track_bytes, by_array, windows)
                for member in version.definition.by_id.values()
            ),
            slot_seconds=geometry.slot_seconds,
            written_bytes_by_slot=self.slots.values(),
            discards=self.discards,
            late_writes=self.late_writes,
            agent_spans=tuple((agent, tuple(self.spans[agent])) for agent in sorted(self.spans)),
        )

    def _entry(
        self,
        member: Member,
        table: VolumeTable | None,
        track_bytes: int,
        by_array: dict[str, Spans],
        windows: Sequence[Span],
    ) -> Entry:
        table = table or VolumeTable()
        covered = by_array.get(member.array, [])
        for agent in member.agents:
            covered = intersect(covered, self.spans.get(f"{member.array}/{agent}", []))
        return Entry(
            volume=member.id,
            volume_bytes=member.volume_bytes,
            track_bytes=track_bytes,
            tracks=table.tracks,
            writes=table.writes,
            written_bytes=table.written_bytes,
            covered=union(span for window in windows for span in clip(covered, window)),
        )


def slot_of(time_us: NDArray[np.int64], start_us: int, slot_seconds: int) -> NDArray[np.int64]:
    """Index of the slot of each time, counted from the interval's start."""
    return (time_us - start_us) // (slot_seconds * US)
