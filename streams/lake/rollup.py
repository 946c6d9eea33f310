"""Old bit tables in longer intervals: the OR of their tracks, with SUM, counters and covered spans kept.

Whatever is asked over ranges that begin and end where the longer intervals do has the same answer before and
after: the OR of ORs is the OR, sums are carried, spans are united. Here is which rows become part of a longer
interval; `rungrows` makes it of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from streams.lake.damage import damaged_rows, places_of
from streams.lake.rungrows import Rung, rung_rows
from streams.lake.unique import unique_rows
from streams.model.intervals import US
from streams.wire.lake_tables import TRACKS

__all__ = ["rolled_up"]

_AT_ONCE_ROWS: Final = 1 << 14
_GROUPS: Final = "data_groups"

Volume = tuple[str, str]


def rolled_up(
    rows: pa.Table,
    rung_seconds: int,
    apart: Collection[str] = (),
    on_damaged: Callable[[Sequence[str]], None] = lambda _: None,
) -> pa.Table:
    """The rows with all intervals that `rung_seconds` is a multiple of put together to intervals so long.

    Superseded revisions of them are left out. Rows that cannot be put together stay as they are: all that a
    group has in a rung where one of its intervals does not divide it, or where it had been made before they
    came, for nobody knows whether it has them; and all that a volume has where one is quarantined, or its
    bitmap is not what it says, for nobody knows its tracks.

    Args:
        rows: of `interval_tracks`, all that there are of the rungs that begin in them.
        rung_seconds: length of the longer intervals; it divides a day.
        apart: arrays whose rows stay, for some are elsewhere.
        on_damaged: is told the names of the rows whose bitmap is not what they say, where there are any.
    """
    damaged = damaged_rows(rows)
    if damaged.any():
        on_damaged(places_of(rows, damaged))
    is_quarantined = pc.is_valid(rows.column("quarantine_reason")).to_numpy()
    plan = _plan(rows, (damaged | is_quarantined).tolist(), rung_seconds, apart)
    if not any(plan.taken):
        return rows
    kept = rows.filter(pa.array([bool(groups) for groups in plan.kept]))
    groups = pa.array([groups for groups in plan.kept if groups], kept.schema.field(_GROUPS).type)
    kept = kept.set_column(kept.schema.get_field_index(_GROUPS), kept.schema.field(_GROUPS), groups)
    return unique_rows(pa.concat_tables([kept, *_made(rows, rung_seconds, plan)]), TRACKS)


class _Plan(NamedTuple):
    """Of each row the groups whose longer intervals take it, and those that keep it.

    A row of neither is superseded. `revisions` are those of the longer intervals, by group and number.
    """

    taken: Sequence[Sequence[str]]
    kept: Sequence[Sequence[str]]
    revisions: Mapping[tuple[str, int], int]


class _Single(NamedTuple):
    """A row as one of its groups has it."""

    row: int
    group: str
    volume: Volume
    start_us: int
    seconds: int
    revision: int
    is_unreadable: bool

    def rungs(self, rung_us: int) -> range:
        """The numbers of the rungs that it reaches into."""
        return range(self.start_us // rung_us, (self.start_us + self.seconds * US - 1) // rung_us + 1)


def _plan(rows: pa.Table, unreadable: Sequence[bool], rung_seconds: int, apart: Collection[str]) -> _Plan:
    rung_us = rung_seconds * US
    singles = list(_singles(rows, unreadable))
    whole = {
        (each.group, rung)
        for each in singles
        if each.seconds >= rung_seconds or rung_seconds % each.seconds
        for rung in each.rungs(rung_us)
    }
    newest: dict[tuple[str, Volume, int, int], int] = {}
    intervals: dict[tuple[str, int, int], int] = {}
    for each in singles:
        of_volume = each.group, each.volume, each.start_us, each.seconds
        newest[of_volume] = max(newest.get(of_volume, 0), each.revision)
        interval = each.group, each.start_us, each.seconds
        intervals[interval] = max(intervals.get(interval, 0), each.revision)
    # A volume that joined within the rung has the revision of all others.
    revisions: Counter[tuple[str, int]] = Counter()
    for (group, start_us, _), revision in intervals.items():
        revisions[group, start_us // rung_us] += revision + 1

    def is_newest(each: _Single) -> bool:
        return each.revision == newest[each.group, each.volume, each.start_us, each.seconds]

    unknown = {
        (each.group, each.volume, each.start_us // rung_us)
        for each in singles
        if each.is_unreadable and is_newest(each)
    }
    taken: list[list[str]] = [[] for _ in range(rows.num_rows)]
    kept: list[list[str]] = [[] for _ in range(rows.num_rows)]
    for each in singles:
        rung = each.start_us // rung_us
        stays = (
            each.volume[0] in apart
            or not whole.isdisjoint((each.group, rung) for rung in each.rungs(rung_us))
            or (each.group, each.volume, rung) in unknown
        )
        if stays:
            kept[each.row].append(each.group)
        elif is_newest(each):
            taken[each.row].append(each.group)
    return _Plan(taken, kept, revisions)


def _singles(rows: pa.Table, unreadable: Sequence[bool]) -> Iterator[_Single]:
    columns = zip(
        rows.column(_GROUPS).to_pylist(),
        zip(rows.column("array").to_pylist(), rows.column("volume").to_pylist(), strict=True),
        rows.column("interval_start").cast(pa.int64()).to_pylist(),
        rows.column("interval_seconds").to_pylist(),
        rows.column("revision").to_pylist(),
        unreadable,
        strict=True,
    )
    for row, (groups, *same) in enumerate(columns):
        for group in groups:
            yield _Single(row, group, *same)


def _made(rows: pa.Table, rung_seconds: int, plan: _Plan) -> Iterator[pa.Table]:
    """The rows of the longer intervals, a few volumes at a time: as objects they take much more memory."""
    for places in _portions(rows, plan.taken):
        wide = rows.take(pa.array(places)).to_pylist()
        singles = [
            (group, row["array"], row["volume"], Rung.number_of(row, rung_seconds), at)
            for at, row in enumerate(wide)
            for group in plan.taken[places[at]]
        ]
        made = []
        for (group, _, _, number), same in groupby(sorted(singles), lambda each: each[:4]):
            rung = Rung(number, rung_seconds, plan.revisions[group, number])
            own = [wide[at] for *_, at in same]
            made += [{**row, _GROUPS: [group]} for row in rung_rows(own, rung)]
        yield pa.Table.from_pylist(made, schema=TRACKS.schema)


def _portions(rows: pa.Table, taken: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """The places of the rows that are taken; those of a volume are never apart."""
    arrays, volumes = (rows.column(name).to_pylist() for name in ("array", "volume"))
    places = sorted(
        (at for at, groups in enumerate(taken) if groups), key=lambda at: (arrays[at], volumes[at])
    )
    portion: list[int] = []
    for _, same in groupby(places, lambda at: (arrays[at], volumes[at])):
        portion += same
        if len(portion) >= _AT_ONCE_ROWS:
            yield portion
            portion = []
    if portion:
        yield portion
