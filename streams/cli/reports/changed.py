"""The reports of what changed: of a group, of volumes, of controllers, of a data set (claims 13 to 25)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.cli.reports.charts import changed_charts
from streams.cli.reports.claims import Question, claims, claims_section
from streams.cli.reports.common import Changed, about, gap_section, group_section, remarks, replay_remarks
from streams.cli.reports.document import Column, Report, Section, Unit, Value, listing
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.resync import resync_of, resync_section
from streams.cli.reports.sets import Shipped, sets_of
from streams.cli.reports.setsections import advice_section, block_section, fold_section, overlap_section
from streams.cli.reports.totals import Totals
from streams.cli.units import seconds_text
from streams.model.sizing.outagesets import outage_intervals
from streams.model.sizing.ranges import fold_ratio
from streams.model.sizing.rollups import Changes, by_controller, total

__all__ = ["Asked", "Kind", "changed_report", "totals_report"]

Kind = Literal["group", "volume", "controller", "dataset"]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report of changes is about, and what it is to answer; `totals`: SUM and OR alone."""

    kind: Kind
    name: str
    question: Question
    cycle_seconds: float
    outage_seconds: float
    totals: bool = False


def changed_report(gathered: Gathered, asked: Asked, progress: Progress) -> Report:
    """SUM and OR side by side with the claims on them, and all that follows from the tables.

    Raises:
        ValueError: a question that cannot be answered; the message names the field.
    """
    rate = asked.question.total_bits_per_second
    outage = outage_intervals(gathered.grid, asked.outage_seconds)
    shipped = Shipped() if rate is None else Shipped([outage])
    cycle = asked.cycle_seconds if asked.kind == "group" else None
    sets = sets_of(gathered, progress, shipped, cycle)
    whole = total(sets.volumes)
    sections = [
        about(asked.kind, gathered, sets, [(asked.kind, asked.kind, Unit.TEXT, asked.name)]),
        _parts(asked, gathered, sets),
        claims_section(whole, asked.question),
        fold_section(sets),
        block_section(sets),
        overlap_section(sets),
    ]
    if asked.kind == "group":
        sections.append(advice_section(sets))
    if rate is not None:
        resync = resync_of(sets.changes, asked.outage_seconds, rate)
        sections.append(resync_section(resync, asked.outage_seconds, rate))
    sections += [group_section(gathered, sets)] if len(gathered.groups) > 1 else []
    sections.append(gap_section(gathered))
    return Report(
        title=f"{asked.kind} {asked.name}",
        sections=sections,
        main=_main(asked.kind),
        remarks=[*remarks(gathered, sets), *(() if rate is None else replay_remarks(sets.changes))],
        charts=changed_charts(gathered, sets),
    )


def totals_report(gathered: Gathered, totals: Totals, asked: Asked) -> Report:
    """SUM and OR side by side with the claims on them, and nothing that needs the tables one by one."""
    named = [(asked.kind, asked.kind, Unit.TEXT, asked.name)]
    sections = [
        about(asked.kind, gathered, totals, named),
        _parts(asked, gathered, totals),
        claims_section(total(totals.volumes), asked.question),
    ]
    sections += [group_section(gathered, totals)] if len(gathered.groups) > 1 else []
    sections.append(gap_section(gathered))
    return Report(
        title=f"{asked.kind} {asked.name}",
        sections=sections,
        main=_main(asked.kind),
        remarks=list(remarks(gathered, totals)),
    )


def _main(kind: Kind) -> str:
    return {"volume": "by_volume", "controller": "by_controller"}.get(kind, "claims")


@dataclass(frozen=True, slots=True)
class _Part:
    """A volume or a controller: what changed, and the share of the asked time that was measured of it."""

    name: str
    changes: Changes
    coverage: float


def _parts(asked: Asked, gathered: Gathered, sets: Changed) -> Section:
    covered = list(_by_volume(gathered, sets))
    if asked.kind != "controller":
        parts = sorted(covered, key=lambda each: each.name)
        return _changes_section("by_volume", "Volumes", "volume", parts, asked.question)
    shares: dict[str, list[float]] = {}
    for each in covered:
        shares.setdefault(each.name.partition("/")[0], []).append(each.coverage)
    arrays = [
        _Part(array, changes, sum(shares[array]) / len(shares[array]))
        for array, changes in by_controller(sets.volumes).items()
    ]
    return _changes_section("by_controller", "Controllers", "controller", arrays, asked.question)


def _by_volume(gathered: Gathered, sets: Changed) -> Iterator[_Part]:
    for group, counts in zip(gathered.groups, sets.groups, strict=True):
        asked_us = int(group.time.asked.sum()) * group.time.slot_us
        for each in counts.volumes:
            yield _Part(each.volume, each.changes, min(each.vouched_us / asked_us, 1.0) if asked_us else 0.0)


def _changes_section(key: str, title: str, kind: str, parts: Iterable[_Part], question: Question) -> Section:
    rate = f"bandwidth for OR in {seconds_text(question.resync_seconds)}"
    columns = [
        Column(kind, kind),
        Column("volumes", "volumes", Unit.COUNT),
        Column("coverage", "coverage", Unit.SHARE),
        Column("changed_tracks_sum", "tracks SUM", Unit.COUNT),
        Column("changed_tracks_or", "tracks OR", Unit.COUNT),
        Column("changed_bytes_sum", "SUM", Unit.BYTES),
        Column("changed_bytes_or", "OR", Unit.BYTES),
        Column("fold_ratio", "SUM/OR", Unit.FACTOR),
        Column("writes", "writes", Unit.COUNT),
        Column("written_bytes", "written", Unit.BYTES),
        Column("required_bits_per_second", rate, Unit.RATE),
    ]
    if question.path_bits_per_second is not None:
        columns.append(Column("paths", "paths", Unit.COUNT))
    filled = [_row(part, question, len(columns)) for part in parts]
    return listing(key, title, columns, filled)


def _row(part: _Part, question: Question, width: int) -> Sequence[Value]:
    changes = part.changes
    union = claims(changes.changed_tracks_or, changes.changed_bytes_or, question)
    return (
        part.name,
        changes.volumes,
        part.coverage,
        changes.changed_tracks_sum,
        changes.changed_tracks_or,
        changes.changed_bytes_sum,
        changes.changed_bytes_or,
        fold_ratio(changes.changed_bytes_sum, changes.changed_bytes_or),
        changes.writes,
        changes.written_bytes,
        union.required_bits_per_second,
        union.paths,
    )[:width]
