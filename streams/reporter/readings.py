"""Figures as readings of the metric families: what one group, one volume or one link shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import fields

from streams.model.entries import Summary
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.sizing.basis import Mode
from streams.model.sizing.ranges import fold_ratio
from streams.reporter.figures import ModeFigures
from streams.reporter.history import GroupHistory
from streams.reporter.letters import LetterLog, Letters
from streams.reporter.links import LinkFigures, Need
from streams.reporter.trend import Outlook
from streams.reporter.volumes import VolumeRow
from streams.settings import Link
from streams.telemetry.family import Reading

__all__ = [
    "RESYNC",
    "count_readings",
    "interval_readings",
    "letter_readings",
    "link_readings",
    "mode_readings",
    "outlook_readings",
    "volume_readings",
]

_DAY_SECONDS = 86_400

RESYNC: Mode = "bitmap_resync"
"""The mode that every link has figures for: what changed is shipped again after an outage."""


def count_readings(name: str, group: GroupHistory) -> Iterator[Reading]:
    """What a group shows at once: its definition, its counters and who is there."""
    definition = group.definition
    if definition is None:
        return
    yield from _definition(name, str(group.version), definition)
    if group.totals is not None:
        for counter in fields(group.totals):
            yield Reading(f"{counter.name}_total", (name,), getattr(group.totals, counter.name))
    if group.mark is not None:
        yield Reading("agents_silent", (name,), group.mark.attendance.silent)
        yield Reading("data_group_ended", (name,), group.mark.attendance.ended)


def _definition(name: str, version: str, definition: Definition) -> Iterator[Reading]:
    geometry = definition.geometry
    about = (name, version, str(geometry.interval_seconds), str(geometry.track_bytes))
    yield Reading("data_group_info", about, 1)
    yield Reading("interval_seconds", (name,), geometry.interval_seconds)
    for array in sorted({member.array for member in definition.members}):
        yield Reading("data_group_array_info", (name, array), 1)


def interval_readings(name: str, group: GroupHistory) -> Iterator[Reading]:
    """What a group shows of its newest closed intervals.

    Before its first one closed that is nothing, but that it is not covered once its agents are silent.
    """
    definition = group.definition
    if definition is None:
        return
    if group.watermark_us is not None:
        yield Reading("watermark_timestamp_seconds", (name,), group.watermark_us / US)
    newest = {summary.rung_seconds: summary for summary in group.newest()}
    base, gap = newest.get(definition.geometry.interval_seconds), group.newest_gap()
    if base is not None:
        yield Reading("coverage_ratio", (name,), base.coverage)
        yield Reading("interval_end_timestamp_seconds", (name,), base.end_us / US)
    elif gap is not None:
        # Nothing vouches for the newest stretch: there is no figure for it, and that is told.
        yield Reading("coverage_ratio", (name,), 0)
        yield Reading("interval_end_timestamp_seconds", (name,), gap.end_us / US)
    elif group.mark is not None and group.mark.attendance.silent:
        yield Reading("coverage_ratio", (name,), 0)
    for summary in newest.values():
        if summary.coverage > 0:  # what nobody vouches for is no zero
            is_rung = summary.rung_seconds != definition.geometry.interval_seconds
            yield from _window(name, summary, is_rung=is_rung)


def _window(name: str, summary: Summary, *, is_rung: bool) -> Iterator[Reading]:
    labels = (name, str(summary.rung_seconds))
    yield Reading("window_changed_bytes", labels, summary.changed_bytes_or)
    if summary.written_bytes is not None:
        yield Reading("window_written_bytes", labels, summary.written_bytes)
    if not is_rung:  # SUM and OR of one base interval are the same
        return
    yield Reading("window_shipped_bytes", labels, summary.changed_bytes_sum)
    if fold := fold_ratio(summary.changed_bytes_sum, summary.changed_bytes_or):
        yield Reading("fold_ratio", labels, fold)


def volume_readings(name: str, rows: Iterable[VolumeRow], left_out: int) -> Iterator[Reading]:
    """Volumes of a group's newest base interval, and how many there were no room for."""
    for row in rows:
        labels = (name, row.volume)
        yield Reading("volume_coverage_ratio", labels, row.coverage)
        if not row.coverage:
            continue
        yield Reading("volume_changed_bytes", labels, row.changed_bytes)
        if row.written_bytes is not None:
            yield Reading("volume_written_bytes", labels, row.written_bytes)
    yield Reading("volumes_left_out", (name,), left_out)


def letter_readings(log: LetterLog, letters: Letters) -> Iterator[Reading]:
    """What the dead letters show: how many there ever were, at once; why, when all of them are read."""
    yield Reading("dead_letters_written_total", (), log.written)
    if log.is_read:
        for reason, rows in sorted(letters.by_reason().items()):
            yield Reading("dead_letters_kept", (reason,), rows)
        for reason, newest_us in sorted(letters.newest_us().items()):
            yield Reading("dead_letters_newest_timestamp_seconds", (reason,), newest_us / US)


def link_readings(name: str, link: Link, figures: LinkFigures) -> Iterator[Reading]:
    """What a link shows: what it gives, always; what it needs of groups that have a figure."""
    yield Reading("link_usable_bytes_per_second", (name,), figures.link_bytes_per_second)
    yield Reading("link_path_usable_bytes_per_second", (name,), figures.path_bytes_per_second)
    yield Reading("link_paths_installed", (name,), link.paths)
    yield Reading("link_resync_target_seconds", (name,), link.resync_seconds)
    yield Reading("link_rpo_seconds", (name,), link.rpo_seconds)
    yield Reading("link_bound_info", (name, figures.binding), 1)
    yield Reading("link_members_missing", (name,), len(figures.missing))
    for group in link.groups:
        yield Reading("link_member_info", (name, group), 1)
    need = figures.need
    yield Reading("link_coverage_ratio", (name,), 0 if need is None else need.coverage)
    if need is not None:
        yield from _resync(name, need)


def _resync(name: str, need: Need) -> Iterator[Reading]:
    yield Reading("link_interval_end_timestamp_seconds", (name,), need.end_us / US)
    required = (name, RESYNC, "", "100", str(need.range_seconds))
    yield Reading("link_required_bytes_per_second", required, need.required_bytes_per_second)
    if need.headroom_ratio is not None:
        yield Reading("link_headroom_ratio", (name, RESYNC), need.headroom_ratio)
    yield Reading("link_paths_required", (name, RESYNC), math.inf if need.paths is None else need.paths)
    yield Reading("link_resync_seconds", (name,), need.resync_seconds)
    yield Reading("link_mode_info", (name, RESYNC, need.basis), 1)


def mode_readings(name: str, link: Link, figures: ModeFigures) -> Iterator[Reading]:
    """What the mode of a link's replicator needs for its RPO, and what the installed paths keep."""
    about = (name, figures.mode)
    yield Reading("link_mode_info", (*about, figures.basis), 1)
    for percent, rate in figures.required_bytes_per_second.items():
        labels = (*about, f"{link.rpo_seconds:g}", str(percent), str(figures.range_seconds))
        yield Reading("link_required_bytes_per_second", labels, rate)
    yield Reading("link_paths_required", about, math.inf if figures.paths is None else figures.paths)
    for family, value in (
        ("link_headroom_ratio", figures.headroom_ratio),
        ("link_backlog_bytes", figures.backlog_bytes),
        ("link_exposure_seconds", figures.exposure_seconds),
        ("link_rpo_attainment_ratio", figures.attainment_ratio),
    ):
        if value is not None:
            yield Reading(family, about, value)


def outlook_readings(name: str, outlook: Outlook) -> Iterator[Reading]:
    """When the link will be too small, where its trend says so."""
    yield Reading("link_trend_seconds", (name,), outlook.days * _DAY_SECONDS)
    about = (name, outlook.mode)
    if outlook.exhaustion_us is not None:
        yield Reading("link_exhaustion_timestamp_seconds", about, outlook.exhaustion_us / US)
    if outlook.earliest_us is not None:
        yield Reading("link_exhaustion_earliest_timestamp_seconds", about, outlook.earliest_us / US)
