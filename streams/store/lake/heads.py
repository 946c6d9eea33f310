"""What summaries say of a day's intervals: the heads of the parts of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from streams.model.intervals import US
from streams.settings import Lake
from streams.store.lake.files import LakeFile
from streams.store.lake.rows import Row, rows_of, us_of
from streams.wire.lake_tables import SUMMARY
from streams.wire.tables import TableHead

__all__ = ["Heads", "heads_of_day"]

_HEAD = (
    *("data_group", "interval_start", "interval_seconds", "revision", "definition_version", "is_gap"),
    *("partial", "slot_seconds", "written_bytes_by_slot", "discards", "late_writes"),
)


@dataclass(frozen=True, slots=True)
class Heads:
    """What summaries say of intervals, by group, start in microseconds and length: revisions, newest last."""

    rows: Mapping[tuple[str, int], Mapping[int, Sequence[Row]]]

    @staticmethod
    def none() -> Heads:
        """Nothing is known: of a group that nobody measured as such."""
        return Heads({})

    def head(
        self, group: str, seconds: int, start_us: int, revision: int, part: int, parts: int
    ) -> TableHead:
        """The head of a part. Its slots are those of the base intervals in it, where all are known."""
        own = self._of(group, seconds, start_us, revision)
        slots, slot_seconds = self._slots(group, seconds, start_us, revision)
        return TableHead(
            group=group,
            definition_version=1 if own is None else own["definition_version"],
            rung_seconds=seconds,
            start_us=start_us,
            revision=revision,
            partial=own is None or bool(own["partial"]),
            part=part,
            parts=parts,
            slot_seconds=slot_seconds,
            discards=0 if own is None else own["discards"] or 0,
            late_writes=0 if own is None else own["late_writes"] or 0,
            agent_spans=(),
            slots=slots if part == 0 else None,
        )

    def _of(self, group: str, seconds: int, start_us: int, revision: int | None) -> Row | None:
        """The summary of this revision, else the newest one."""
        found = self.rows.get((group, start_us), {}).get(seconds, ())
        exact = [row for row in found if row["revision"] == revision]
        return exact[-1] if exact else (found[-1] if found else None)

    def _slots(
        self, group: str, seconds: int, start_us: int, revision: int
    ) -> tuple[tuple[int | None, ...] | None, int]:
        joined: list[int | None] = []
        slot_seconds, at = seconds, start_us
        while at < start_us + seconds * US:
            lengths = self.rows.get((group, at), {})
            if not lengths:
                return None, slot_seconds
            length = min(lengths)
            row = self._of(group, length, at, revision if length == seconds else None)
            if row is None or row["written_bytes_by_slot"] is None or not row["slot_seconds"]:
                return None, seconds if row is None else row["slot_seconds"] or seconds
            slot_seconds = row["slot_seconds"]
            joined += row["written_bytes_by_slot"]
            at += length * US
        fits = len(joined) * slot_seconds == seconds
        return (tuple(joined), slot_seconds) if fits else (None, slot_seconds)


def heads_of_day(lake: Lake, files: Sequence[LakeFile], day: date, groups: Sequence[str]) -> Heads:
    """What the summaries of a day say of the intervals of the groups."""
    wanted = frozenset(groups)
    found: dict[tuple[str, int], dict[int, list[Row]]] = {}
    for row in rows_of(lake, SUMMARY, _HEAD, [each for each in files if each.day == day], wanted):
        if not row["is_gap"]:
            place = found.setdefault((row["data_group"], us_of(row)), {})
            place.setdefault(row["interval_seconds"], []).append(row)
    for lengths in found.values():
        for rows in lengths.values():
            rows.sort(key=lambda row: row["revision"])
    return Heads(found)
