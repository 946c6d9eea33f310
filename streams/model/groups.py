"""Data-group definitions: which volumes and extents belong, and how their changes are measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streams.errors import DefinitionError
from streams.model.intervals import US
from streams.model.runs import merged_runs
from streams.model.tracks import track_spans
from streams.model.writes import volume_id

__all__ = [
    "MAX_DEFINITION_BYTES",
    "MAX_INTERVALS",
    "Definition",
    "Geometry",
    "Member",
    "default_rungs",
    "default_slot",
    "require_disjoint",
]

MAX_INTERVALS = 4096
"""No group keeps more base intervals than this open to late writes or shows them one by one when idle."""

MAX_DEFINITION_BYTES = 600_000
"""What the members of one definition may take in a message of at most 1 MB."""

_MAX_SLOTS = 8640
_MEMBER_BYTES = 60  # names of its fields
_DAY_SECONDS = 86_400
_YEAR_SECONDS = 366 * _DAY_SECONDS
_MAX_GAP_SECONDS = 1 << 31  # 68 years


def default_slot(interval_seconds: int) -> int:
    """The longest slot of at most 10 s that divides the base interval; longer where that makes too many.

    Raises:
        DefinitionError: no group may have such an interval.
    """
    _require_interval(interval_seconds)
    slot = max(s for s in range(1, 11) if interval_seconds % s == 0)
    while interval_seconds % slot or interval_seconds // slot > _MAX_SLOTS:
        slot += 1
    return slot


def default_rungs(interval_seconds: int) -> tuple[int, ...]:
    """15 minutes and 1 hour, where they are multiples of the base interval and longer than it.

    Raises:
        DefinitionError: no group may have such an interval.
    """
    _require_interval(interval_seconds)
    return tuple(r for r in (900, 3600) if r > interval_seconds and r % interval_seconds == 0)


@dataclass(frozen=True, slots=True)
class Geometry:
    """What shapes a group's stored rows. It is fixed for the life of the group.

    `slot_seconds` divides `interval_seconds`; `rungs_seconds` are multiples of it. `late_window_seconds`
    behind what is closed, writes still count. An unfed run longer than `max_gap_seconds` gets one gap row. A
    write more than `max_clock_ahead_seconds` after its message's append time is refused.
    """

    track_bytes: int = 65_536
    interval_seconds: int = 300
    slot_seconds: int = 10
    rungs_seconds: tuple[int, ...] = (900, 3600)
    late_window_seconds: int = 3600
    max_gap_seconds: int = 86_400
    max_clock_ahead_seconds: int = 300
    tick_seconds: int = 10
    silent_after_seconds: int = 120
    discards_mark: bool = False

    @classmethod
    def for_interval(cls, interval_seconds: int, track_bytes: int = 65_536) -> Geometry:
        """The default geometry around a base interval.

        Raises:
            DefinitionError: an interval or a track that no group may have.
        """
        return cls(
            track_bytes=track_bytes,
            interval_seconds=interval_seconds,
            slot_seconds=default_slot(interval_seconds),
            rungs_seconds=default_rungs(interval_seconds),
        )

    def __post_init__(self) -> None:
        """Refuses what cannot be measured; the message names the field."""
        _require(512 <= self.track_bytes <= 1 << 20, f"track_bytes {self.track_bytes}: 512 to 1048576")
        _require_interval(self.interval_seconds)
        _require(
            self.slot_seconds >= 1 and self.interval_seconds % self.slot_seconds == 0,
            f"slot_seconds {self.slot_seconds}: must divide the interval of {self.interval_seconds} s",
        )
        _require(self.slots <= _MAX_SLOTS, f"slot_seconds {self.slot_seconds}: more than {_MAX_SLOTS} slots")
        for rung in self.rungs_seconds:
            _require(
                rung > self.interval_seconds and rung % self.interval_seconds == 0,
                f"rungs_seconds {rung}: must be a multiple of the interval of {self.interval_seconds} s",
            )
            _require(
                rung <= MAX_INTERVALS * self.interval_seconds,
                f"rungs_seconds {rung}: at most {MAX_INTERVALS} intervals",
            )
        _require(
            len(set(self.rungs_seconds)) == len(self.rungs_seconds), "rungs_seconds: one rung is listed twice"
        )
        _require(
            0 <= self.late_window_seconds <= MAX_INTERVALS * self.interval_seconds,
            f"late_window_seconds {self.late_window_seconds}: at most {MAX_INTERVALS} intervals",
        )
        _require(
            self.max_gap_seconds >= self.late_window_seconds,
            f"max_gap_seconds {self.max_gap_seconds}: at least late_window_seconds",
        )
        _require(
            self.max_gap_seconds <= _MAX_GAP_SECONDS,
            f"max_gap_seconds {self.max_gap_seconds}: at most {_MAX_GAP_SECONDS}",
        )
        _require(
            0 <= self.max_clock_ahead_seconds <= _DAY_SECONDS,
            f"max_clock_ahead_seconds {self.max_clock_ahead_seconds}: 0 to a day",
        )
        _require(1 <= self.tick_seconds <= _DAY_SECONDS, f"tick_seconds {self.tick_seconds}: 1 to a day")
        _require(
            self.tick_seconds <= self.silent_after_seconds <= _YEAR_SECONDS,
            f"silent_after_seconds {self.silent_after_seconds}: tick_seconds to a year",
        )

    @property
    def interval_us(self) -> int:
        """Length of a base interval in microseconds."""
        return self.interval_seconds * US

    @property
    def slots(self) -> int:
        """Slots in a base interval."""
        return self.interval_seconds // self.slot_seconds

    @property
    def late_intervals(self) -> int:
        """How many closed base intervals late writes may still revise."""
        return -(-self.late_window_seconds // self.interval_seconds)

    @property
    def max_gap_intervals(self) -> int:
        """The longest run of unfed intervals that is shown one by one."""
        return max(self.late_intervals, min(self.max_gap_seconds // self.interval_seconds, MAX_INTERVALS), 1)

    @property
    def silent_ticks(self) -> int:
        """Counted ticks without an accepted message after which an agent counts as silent."""
        return -(-self.silent_after_seconds // self.tick_seconds)


@dataclass(frozen=True, slots=True)
class Member:
    """A volume of a group: whole, or some of its extents.

    `volume_bytes`: its size, None where unknown. `extents`: `(offset_bytes, length_bytes)`, aligned to
    tracks; None takes the whole volume. `agents`: names of agents all of which must vouch for it; none
    named: any agent of its array does.
    """

    array: str
    volume: str
    volume_bytes: int | None = None
    extents: tuple[tuple[int, int], ...] | None = None
    agents: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`array/volume`."""
        return volume_id(self.array, self.volume)


@dataclass(frozen=True)
class Definition:
    """One version of a data group.

    `expected_agents`: how many agents must be heard before anything closes; `agent_names`, as `array/agent`,
    says which, and then their number counts.

    Raises:
        DefinitionError: empty, overlapping or unaligned; the message names the volume and the range.
    """

    group: str
    members: tuple[Member, ...]
    geometry: Geometry = field(default_factory=Geometry)
    expected_agents: int = 1
    agent_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks every member."""
        _require(bool(self.group), "group: a name is needed")
        _require(bool(self.members), f"group {self.group}: it has no volume; list at least one member")
        _require(self.expected_agents >= 0, f"group {self.group}: expected_agents is negative")
        seen: set[str] = set()
        for member in self.members:
            _require(
                bool(member.array) and "/" not in member.array,
                f"group {self.group}: array name {member.array!r} is empty or has a slash",
            )
            _require(
                member.id not in seen,
                f"group {self.group}: volume {member.id} is listed twice; give one member several extents",
            )
            seen.add(member.id)
            _check_member(self.group, member, self.geometry.track_bytes)
        _require(
            self.stored_bytes <= MAX_DEFINITION_BYTES,
            f"group {self.group}: its {len(self.members)} volumes take {self.stored_bytes} bytes, at most"
            f" {MAX_DEFINITION_BYTES} are possible; divide them among several groups",
        )

    @cached_property
    def stored_bytes(self) -> int:
        """About what the members take where definitions are stored, rounded up."""
        return sum(
            len(json.dumps([m.array, m.volume, m.volume_bytes, m.extents, m.agents]).encode()) + _MEMBER_BYTES
            for m in self.members
        )

    @cached_property
    def by_id(self) -> dict[str, Member]:
        """Members by `array/volume`, in the order of their names."""
        return {m.id: m for m in sorted(self.members, key=lambda m: m.id)}

    @cached_property
    def tracks_taken(self) -> dict[str, tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
        """Of each volume with extents the runs of tracks that they touch, first and last, inclusive."""
        return {
            member.id: merged_runs(*track_spans(*_columns(member.extents), self.geometry.track_bytes))
            for member in self.members
            if member.extents is not None
        }


def require_disjoint(definitions: Iterable[Definition]) -> None:
    """Refuses groups of one link that share an extent, naming both groups, the volume and the range.

    Raises:
        DefinitionError: two of the groups overlap.
    """
    ranges: dict[str, list[tuple[int, int, str]]] = {}
    for definition in definitions:
        for member in definition.members:
            for offset, length in member.extents or ((0, member.volume_bytes or 1 << 63),):
                ranges.setdefault(member.id, []).append((offset, offset + length, definition.group))
    for volume, taken in ranges.items():
        for (_, end, one), (start, other_end, other) in pairwise(sorted(taken)):
            _require(
                start >= end,
                f"groups {one} and {other} overlap on {volume}, bytes {start} to {min(end, other_end)}",
            )


def _require_interval(interval_seconds: int) -> None:
    _require(1 <= interval_seconds <= _DAY_SECONDS, f"interval_seconds {interval_seconds}: 1 to 86400")


def _check_member(group: str, member: Member, track_bytes: int) -> None:
    where = f"group {group}: volume {member.id}"
    _require(bool(member.volume), f"{where}: a volume name is needed")
    if member.volume_bytes is not None:
        _require(0 < member.volume_bytes < 1 << 63, f"{where}: volume_bytes {member.volume_bytes}")
    if member.extents is None:
        return
    _require(bool(member.extents), f"{where}: an empty list of extents; leave it out for the whole volume")
    for offset, length in member.extents:
        end = offset + length
        place = f"{where}: extent at {offset}, length {length}"
        _require(offset >= 0 and length > 0, f"{place}: it is empty or negative")
        _require(end <= (member.volume_bytes or 1 << 63), f"{place}: it ends beyond the volume")
        _require(
            offset % track_bytes == 0 and (end % track_bytes == 0 or end == member.volume_bytes),
            f"{place}: not aligned to tracks of {track_bytes} bytes",
        )
    for (start, length), (next_start, next_length) in pairwise(sorted(member.extents)):
        end = min(start + length, next_start + next_length)
        _require(next_start >= start + length, f"{where}: extents overlap in bytes {next_start} to {end}")


def _columns(extents: Sequence[tuple[int, int]]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    offset_bytes, length_bytes = np.array(extents, np.uint64).reshape(-1, 2).T
    return offset_bytes, length_bytes


def _require(holds: bool, message: str) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    if not holds:
        raise DefinitionError(message)
