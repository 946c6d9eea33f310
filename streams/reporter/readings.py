"""Figures as readings of the metric families: what one group or one link shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import NamedTuple

from streams.model.entries import Summary
from streams.model.intervals import US
from streams.model.sizing.ranges import fold_ratio
from streams.reporter.history import GroupHistory
from streams.reporter.letters import LetterLog, Letters
from streams.reporter.links import LinkFigures, Need
from streams.settings import Link

__all__ = ["Reading", "group_readings", "letter_readings", "link_readings"]

_MODE = "resync"


class Reading(NamedTuple):
    """A value of a family, the labels in the family's order."""

    family: str
    labels: tuple[str, ...]
    value: float


def group_readings(name: str, group: GroupHistory) -> Iterator[Reading]:
    """What a group shows: nothing without a definition, no window before its first interval closed."""
    definition = group.definition
    if definition is None:
        return
    geometry = definition.geometry
    about = (name, str(group.version), str(geometry.interval_seconds), str(geometry.track_bytes))
    yield Reading("data_group_info", about, 1)
    if group.totals is not None:
        for counter in fields(group.totals):
            yield Reading(f"{counter.name}_total", (name,), getattr(group.totals, counter.name))
    if group.watermark_us is not None:
        yield Reading("watermark_timestamp_seconds", (name,), group.watermark_us / US)
    newest = {summary.rung_seconds: summary for summary in group.newest()}
    base, gap = newest.get(geometry.interval_seconds), group.newest_gap()
    if base is not None:
        yield Reading("coverage_ratio", (name,), base.coverage)
        yield Reading("interval_end_timestamp_seconds", (name,), base.end_us / US)
    elif gap is not None:
        # Nothing vouches for the newest stretch: there is no figure for it, and that is told.
        yield Reading("coverage_ratio", (name,), 0)
        yield Reading("interval_end_timestamp_seconds", (name,), gap.end_us / US)
    for summary in newest.values():
        yield from _window(name, summary, is_rung=summary.rung_seconds != geometry.interval_seconds)


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


def letter_readings(log: LetterLog, letters: Letters) -> Iterator[Reading]:
    """What the dead letters show: how many there ever were, at once; why, when all of them are read."""
    yield Reading("dead_letters_written_total", (), log.written)
    if log.is_read:
        for reason, rows in sorted(letters.by_reason().items()):
            yield Reading("dead_letters_kept", (reason,), rows)


def link_readings(name: str, link: Link, figures: LinkFigures) -> Iterator[Reading]:
    """What a link shows: what it gives, always; what it needs once all of its groups have a figure."""
    yield Reading("link_usable_bytes_per_second", (name,), figures.link_bytes_per_second)
    yield Reading("link_path_usable_bytes_per_second", (name,), figures.path_bytes_per_second)
    yield Reading("link_paths_installed", (name,), link.paths)
    yield Reading("link_bound_info", (name, figures.binding), 1)
    yield Reading("link_members_missing", (name,), len(figures.missing))
    for group in link.groups:
        yield Reading("link_member_info", (name, group), 1)
    if figures.need is not None:
        yield from _need(name, figures.need)


def _need(name: str, need: Need) -> Iterator[Reading]:
    required = (name, _MODE, str(need.range_seconds))
    yield Reading("link_required_bytes_per_second", required, need.required_bytes_per_second)
    yield Reading("link_headroom_ratio", (name, _MODE), need.headroom_ratio)
    yield Reading("link_paths_required", (name, _MODE), math.inf if need.paths is None else need.paths)
    yield Reading("link_resync_seconds", (name,), need.resync_seconds)
    yield Reading("link_coverage_ratio", (name,), need.coverage)
    yield Reading("link_interval_end_timestamp_seconds", (name,), need.end_us / US)
