"""Rows, each computed anew from all that was ever accepted for its intervals."""

from __future__ import annotations

from tests.model.crash.logs import STEP_US
from tests.model.crash.oracle_base import SECOND_US, Base

__all__ = ["Rows"]


class Rows(Base):
    """The content of base intervals and rungs."""

    def _publish(self, interval, partial, watermark_us):
        before = self.row_of.get(interval)
        revision = self.revision[interval] = self.revision.get(interval, -1) + 1
        partial = self.first_partial.setdefault(interval, partial)
        row = self._compute([interval], revision, partial, self.geometry.interval_seconds)
        self.row_of[interval] = row
        for name, count in row["counts"].items():
            old = before["counts"][name] if before else 0
            self.totals[name] += max(0, count - old)
        self.totals["intervals_closed"] += before is None
        key = (self.name, self.geometry.interval_seconds, interval * self.length_us, revision)
        self._row(("table", *key), row["table"])
        tracks, size = row["counts"]["changed_tracks"], row["counts"]["changed_bytes"]
        self._row(("summary", *key), self._summary(row, tracks, size, watermark_us))

    def _compute(self, intervals, revision, partial, seconds):
        """A row over base intervals, from everything that was accepted for them."""
        volumes = {}
        for interval in intervals:
            for member in self.version_at(interval).definition.members:
                entry = volumes.setdefault(member.id, {"size": None, "covered": set()})
                entry["size"] = member.volume_bytes
                entry["covered"] |= self._covered(interval, member)
        items = [item for interval in intervals for item in self.items.get(interval, [])]
        table = {}
        for volume, entry in volumes.items():
            mine = [i for i in items if i[0] in ("write", "discard") and i[1] == volume]
            counted = [i for i in mine if i[0] == "write"]
            table[volume] = (
                entry["size"],
                frozenset(t for i in mine for t in i[2]),
                None if any(i[3] is None for i in counted) else sum(i[3] for i in counted),
                None if any(i[4] is None for i in counted) else sum(i[4] for i in counted),
                frozenset(entry["covered"]),
            )
        discards = sum(i[0] == "discard" for i in items)
        late = sum(i[1] for i in items if i[0] == "late")
        counts = {
            "changed_tracks": sum(len(e[1]) for e in table.values()),
            "changed_bytes": sum(self._true_bytes(e[1], e[0]) for e in table.values()),
            "writes": sum(e[2] or 0 for e in table.values()),
            "written_bytes": sum(e[3] or 0 for e in table.values()),
            "discards": discards,
            "late_writes": late,
        }
        head = (
            self.version_at(intervals[-1]).number,
            revision,
            partial,
            self._slots(intervals, seconds),
            discards,
            late,
        )
        return {"table": (head, table), "counts": counts, "seconds": seconds}

    def _covered(self, interval, member):
        spans = [i for i in self.items.get(interval, []) if i[0] == "span"]
        covered = {m for _, agent, moments in spans if agent.split("/")[0] == member.array for m in moments}
        for name in member.agents:
            one = f"{member.array}/{name}"
            covered &= {m for _, agent, moments in spans if agent == one for m in moments}
        return covered & self.moments_on(interval)

    def _slots(self, intervals, seconds):
        """Bytes by slot of every base interval in turn; None where there is no row, or for all of them."""
        per_interval = self.geometry.interval_seconds // self.geometry.slot_seconds
        size = seconds // self.geometry.interval_seconds
        first = intervals[0] // size * size
        slots = []
        for interval in range(first, first + size):
            if interval not in intervals:
                slots += [None] * per_interval
                continue
            counts = [0] * per_interval
            for item in self.items.get(interval, []):
                if item[0] == "write" and (item[4] is None or (item[5] is None and item[4])):
                    return None
                if item[0] == "write" and item[4]:
                    counts[item[5]] += item[4]
            slots += counts
        return tuple(slots)

    def _true_bytes(self, tracks, size):
        track = self.geometry.track_bytes
        short = [t for t in tracks if size is not None and t * track < size < (t + 1) * track]
        return len(tracks) * track - sum((t + 1) * track - size for t in short)

    def _summary(self, row, tracks_sum, bytes_sum, watermark_us):
        head, table = row["table"]
        moments = row["seconds"] * SECOND_US // STEP_US
        coverage = sum(len(e[4]) for e in table.values()) / (moments * len(table))
        unknown = any(e[2] is None for e in table.values()), any(e[3] is None for e in table.values())
        counts = row["counts"]
        return {
            "head": head,
            "coverage": round(coverage, 12),
            "volumes": len(table),
            "tracks": (counts["changed_tracks"], tracks_sum),
            "bytes": (counts["changed_bytes"], bytes_sum),
            "writes": None if unknown[0] else counts["writes"],
            "written_bytes": None if unknown[1] else counts["written_bytes"],
            "watermark_us": watermark_us,
            "totals": dict(self.totals),
        }
