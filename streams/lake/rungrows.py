"""One volume of one group in one longer interval: its rows there become those of the longer one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from pyroaring import BitMap

from streams.model.bittable import BitTable
from streams.model.counts import sum_known
from streams.model.intervals import US, union

__all__ = ["Row", "Rung", "rung_rows"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rung:
    """A longer interval: its number from 1970 on, its length, and the revision that its rows have."""

    number: int
    seconds: int
    revision: int

    @staticmethod
    def number_of(row: Row, seconds: int) -> int:
        """Of the interval of this length in which the row's begins."""
        return _micros(row["interval_start"]) // (seconds * US)

    def columns(self) -> Row:
        """What all its rows say alike."""
        start = _EPOCH + timedelta(seconds=self.number * self.seconds)
        return {
            "interval_start": start,
            "interval_end": start + timedelta(seconds=self.seconds),
            "interval_seconds": self.seconds,
            "revision": self.revision,
        }


def rung_rows(rows: Sequence[Row], rung: Rung) -> list[Row]:
    """The rows of the longer interval.

    Tracks of several sizes, of a group that was deleted and made anew, stay apart; chunks are numbered
    through all of them, so that each has a place of its own.

    Args:
        rows: of one volume and group, of shorter intervals in the rung, in the newest revision.
        rung: what they become.
    """
    ordered = sorted(_each_once(rows), key=itemgetter("track_bytes", "interval_start", "chunk"))
    made = [
        row
        for _, same in groupby(ordered, itemgetter("track_bytes"))
        for row in _united([row for stretch in _stretches(list(same)) for row in stretch])
    ]
    alike = {**rung.columns(), "chunks": len(made)}
    return [{**row, **alike, "chunk": chunk} for chunk, row in enumerate(made)]


def _each_once(rows: Sequence[Row]) -> Iterable[Row]:
    """Of copies the one that was taken in last."""
    names = itemgetter("interval_start", "interval_seconds", "track_bytes", "chunk")
    return {names(row): row for row in sorted(rows, key=itemgetter("ingested_at"))}.values()


def _stretches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows by interval, where intervals do not overlap.

    They do where rows came behind an interval that had been made of others. Rows that fill it stand for it.
    Else they are one with it, and nobody knows what was counted, for it may have them or not; its SUM is its
    OR, as readers have it.
    """
    by_interval: dict[tuple[datetime, int], list[Row]] = {}
    for row in rows:
        by_interval.setdefault((row["interval_start"], -row["interval_seconds"]), []).append(row)
    overlapping: list[list[Row]] = []
    end = _EPOCH
    for _, same in sorted(by_interval.items(), key=itemgetter(0)):
        if overlapping and same[0]["interval_start"] >= end:
            yield from _settled(overlapping)
            overlapping = []
        end = max(end, same[0]["interval_end"]) if overlapping else same[0]["interval_end"]
        overlapping.append(same)
    yield from _settled(overlapping)


def _settled(intervals: Sequence[list[Row]]) -> Iterator[list[Row]]:
    """One interval as it is; of several that overlap the first holds the others."""
    longest, *shorter = intervals
    if not shorter:
        yield longest
    elif sum(rows[0]["interval_seconds"] for rows in shorter) == longest[0]["interval_seconds"]:
        yield from shorter
    else:
        yield [
            {
                **row,
                "changed_tracks_sum": row["changed_tracks"],
                "changed_bytes_sum": row["changed_bytes"],
                "writes": None,
                "written_bytes": None,
            }
            for row in _united([row for rows in intervals for row in rows])
        ]


def _united(rows: Sequence[Row]) -> list[Row]:
    """A row for each chunk, by OR; covered spans and counters stand on the first one."""
    last = rows[-1]
    parts: dict[int, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["first_track"], []).append(row)
    bitmaps = {
        first: BitMap.union(*(BitMap.deserialize(row["tracks"]) for row in own))
        for first, own in parts.items()
    }
    spans = union((_micros(span["start"]), _micros(span["end"])) for row in rows for span in row["covered"])
    counts = {name: sum_known(row[name] for row in rows) for name in ("writes", "written_bytes")}
    of_volume = {
        "covered": [{"start": _EPOCH + start * _US, "end": _EPOCH + end * _US} for start, end in spans],
        "covered_seconds": sum(end - start for start, end in spans) / US,
        **counts,
    }
    beside: Row = {
        "covered": [],
        "covered_seconds": 0.0,
        **{name: None if count is None else 0 for name, count in counts.items()},
    }
    kept = sorted(first for first, bits in bitmaps.items() if bits) or [0]
    return [
        {**last, **(beside if number else of_volume), **_chunk(first, bitmaps, parts.get(first, ()), last)}
        for number, first in enumerate(kept)
    ]


def _chunk(first: int, bitmaps: Mapping[int, BitMap], rows: Sequence[Row], last: Row) -> Row:
    """What a row says of its tracks; `last` knows the volume's size best."""
    table = BitTable.from_parts([(first, bitmaps[first].serialize())]) if first in bitmaps else BitTable()
    return {
        "first_track": first,
        "tracks": next((data for _, data in table.parts()), BitMap().serialize()),
        "changed_tracks": len(table),
        "changed_bytes": table.changed_bytes(last["track_bytes"], last["volume_bytes"]),
        "changed_tracks_sum": sum(row["changed_tracks_sum"] for row in rows),
        "changed_bytes_sum": sum(row["changed_bytes_sum"] for row in rows),
    }


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _US
