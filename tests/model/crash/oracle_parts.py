"""What a message gives to intervals, one write, one fold, one span at a time."""

from __future__ import annotations

from tests.model.crash.logs import STEP_US
from tests.model.crash.oracle_base import SECOND_US, Base

__all__ = ["Parts"]


class Parts(Base):
    """The reading of an accepted message."""

    def _apply(self, record, body):
        refused = {}
        for write in body.writes:
            reason = self._write(record, body.origin, write)
            if reason:
                refused.setdefault(reason, []).append(write)
        for reason, writes in refused.items():
            self._dead(record.offset, reason, writes=writes, count=len(writes))
        refused = {}
        for fold in body.folds:
            reason = self._fold(record, body.origin, fold)
            if reason:
                refused.setdefault(reason, []).append(fold)
        for reason, folds in refused.items():
            self._dead(record.offset, reason, folds=folds, count=sum(fold.writes or 0 for fold in folds))
        if not body.origin.lost_writes and body.kind != "redrive":
            self._span(record.offset, body.origin)

    def _write(self, record, origin, write):
        """Why the write is refused, None where it is not."""
        interval = write.time_us // self.length_us
        place = self._write_fault(record, write) or self._place(record.offset, interval)
        if place not in ("open", "late", "nowhere"):
            return place
        member = self._member(interval, origin.array, write.volume)
        if place != "nowhere":
            if member is None:
                return "unknown-volume"
            if member.volume_bytes and write.offset_bytes + write.length_bytes > member.volume_bytes:
                return "beyond-volume"
        taken = None if place == "nowhere" else self._bytes_inside(member, write)
        if taken is None or not self.is_on(write.time_us):
            self.totals["uncollected_writes"] += 1
            return None
        self._take(write, interval, place, member, taken)
        return None

    def _write_fault(self, record, write):
        if write.length_bytes > 1 << 40 or write.offset_bytes + write.length_bytes > 1 << 63:
            return "extent"
        if write.time_us < 0:
            return "before-1970"
        ahead_us = self.geometry.max_clock_ahead_seconds * SECOND_US
        return "ahead-of-clock" if write.time_us > record.append_us + ahead_us else None

    def _take(self, write, interval, place, member, taken):
        tracks = {b // self.geometry.track_bytes for b in self._sample(taken)}
        size = sum(end - start for start, end in taken)
        if write.discard:
            item = ("discard", member.id, tracks if self.geometry.discards_mark else set())
        else:
            slot = write.time_us % self.length_us // (self.geometry.slot_seconds * SECOND_US)
            item = ("write", member.id, tracks, 1, size, slot)
        self._keep(place, interval, item)
        if place == "late" and not write.discard:
            self._keep(place, interval, ("late", 1))

    def _bytes_inside(self, member, write):
        """The pieces of the write inside the member's extents; None where nothing of it is."""
        start, end = write.offset_bytes, write.offset_bytes + write.length_bytes
        if member.extents is None:
            return [(start, end)]
        if start == end:
            return [(start, end)] if any(o <= start < o + n for o, n in member.extents) else None
        pieces = [(max(start, o), min(end, o + n)) for o, n in member.extents]
        return [(s, e) for s, e in pieces if s < e] or None

    def _sample(self, pieces):
        """A byte of every track that the pieces touch."""
        for start, end in pieces:
            yield from range(start, end, 512)
            if end > start:
                yield end - 1

    def _fold(self, record, origin, fold):
        """Why the fold is refused, None where it is not."""
        interval = fold.start_us // self.length_us
        place = self._fold_fault(record, fold, interval) or self._place(record.offset, interval)
        if place not in ("open", "late", "nowhere"):
            return place
        on = all(self.is_on(moment) for moment in range(fold.start_us, fold.end_us, STEP_US))
        if place == "nowhere" or not on:
            self.totals["uncollected_writes"] += fold.writes or 0
            return None
        member = self._member(interval, origin.array, fold.volume)
        if member is None:
            return "unknown-volume"
        if member.volume_bytes and any(t * fold.track_bytes >= member.volume_bytes for t in fold.tracks):
            return "beyond-volume"
        self._keep(place, interval, self._fold_item(fold, member))
        if place == "late":
            self._keep(place, interval, ("late", fold.writes or 0))
        return None

    def _fold_fault(self, record, fold, interval):
        if not 0 <= fold.start_us < fold.end_us <= (interval + 1) * self.length_us:
            return "fold-span"
        if fold.start_us > record.append_us + self.geometry.max_clock_ahead_seconds * SECOND_US:
            return "ahead-of-clock"
        return "fold-track" if self.geometry.track_bytes % fold.track_bytes else None

    def _fold_item(self, fold, member):
        geometry = self.geometry
        tracks = {t * fold.track_bytes // geometry.track_bytes for t in fold.tracks}
        writes, size = fold.writes, fold.written_bytes
        if member.extents is not None:
            inside = {
                t
                for t in tracks
                if any(
                    o < (t + 1) * geometry.track_bytes and t * geometry.track_bytes < o + n
                    for o, n in member.extents
                )
            }
            if inside != tracks:
                tracks, writes, size = inside, None, None
        slot_us = geometry.slot_seconds * SECOND_US
        first, last = ((m % self.length_us) // slot_us for m in (fold.start_us, fold.end_us - 1))
        slot = first if first == last or size == 0 else None
        return ("write", member.id, tracks, writes, size, slot)

    def _span(self, offset, origin):
        reach_us = origin.watermark_us - self.max_gap * self.length_us
        start_us = max(origin.observed_from_us, reach_us, 0)
        by_interval = {}
        for moment in range(start_us // STEP_US, origin.watermark_us // STEP_US):
            by_interval.setdefault(moment * STEP_US // self.length_us, set()).add(moment)
        for interval, moments in by_interval.items():
            place = self._place(offset, interval)
            if place in ("open", "late"):
                agent = f"{origin.array}/{origin.agent}"
                self._keep(place, interval, ("span", agent, moments))

    def _member(self, interval, array, volume):
        for member in self.version_at(interval).definition.members:
            if (member.array, member.volume) == (array, volume):
                return member
        return None

    def _place(self, offset, interval):
        """Where parts in an interval belong: open, late, too-late, or nowhere (nothing was collected)."""
        if not self.is_closed(interval):
            self.touched.add(interval)
            self.fed[offset] = max(interval, interval if self.fed[offset] is None else self.fed[offset])
            return "open"
        if self.is_too_late(interval):
            return "too-late"
        if not self.moments_on(interval):
            return "nowhere"
        self.waiting_for.add(interval)
        return "late"

    def _keep(self, place, interval, item):
        if place == "open":
            self.items.setdefault(interval, []).append(item)
        else:
            self.waiting.append((interval, item))
