"""The same questions to either place: the topics, or the lake."""

from __future__ import annotations

from collections.abc import Collection

from streams.errors import MissingData
from streams.model.entries import Gap, Interval, Summary
from streams.model.intervals import Span
from streams.store import definitions, intervals, summaries
from streams.store.collecting import Collector
from streams.store.definitions import GroupVersion
from streams.store.lake.intervals import inside_definition, intervals_of_parts
from streams.store.lake.known import lake_gaps, lake_groups, lake_summaries
from streams.store.lake.parts import lake_parts
from streams.store.lake.place import LakeSource
from streams.store.source import Source
from streams.store.stored import StoredRange
from streams.store.tableparts import Progress, read_table_parts

__all__ = [
    "Place",
    "group_versions",
    "groups",
    "read_gaps",
    "read_intervals",
    "read_stored",
    "read_summaries",
]

Place = Source | LakeSource


def groups(source: Place, group: str | None = None) -> dict[str, list[GroupVersion]]:
    """Versions of all groups, or of one, in order; sorted by the name of the group.

    The lake knows deleted groups too. A group that was defined afterwards is the only one where it is asked
    for.
    """
    if isinstance(source, Source):
        return definitions.groups(source, group)
    if source.defined is not None:
        found = {source.defined.group: [GroupVersion(1, None, source.defined)]}
    else:
        found = lake_groups(source.lake)
    return found if group is None else {name: found[name] for name in found if name == group}


def group_versions(source: Place, group: str) -> list[GroupVersion]:
    """Versions of one group in order.

    Raises:
        MissingData: there is no such group; the message names those that exist.
    """
    if isinstance(source, Source):
        return definitions.group_versions(source, group)
    if not (found := groups(source, group)):
        raise MissingData(f"group {group!r} is not known in {source}; there are: {', '.join(groups(source))}")
    return found[group]


def read_stored(  # noqa: PLR0913  # what to read, and two that are told of it
    source: Place,
    groups: Collection[str],
    from_us: int | None = None,
    to_us: int | None = None,
    *,
    wanted: Collection[str] | None = None,
    progress: Progress = lambda *_: None,
    stored: dict[str, Span] | None = None,
) -> dict[str, StoredRange]:
    """The base intervals of the groups that start in the range, each in its newest complete revision.

    Args:
        source: where the tables are.
        groups: their names.
        from_us: start of the range; None is unbounded.
        to_us: end of the range, exclusive; None is unbounded.
        wanted: rows, and coverage, of these volumes only; None takes all.
        progress: called with a stage, how much of it is done, and how much there is.
        stored: is told from when to when the topics have tables of each group, in the range or not.

    Returns:
        The ranges by group; a known group that nothing was measured of in the range has none.

    Raises:
        MissingData: there is no such group, or no room for a temporary file.
        LakeError: the lake cannot be read.
    """
    if isinstance(source, Source):
        collector = Collector(wanted)
        collector.take(read_table_parts(source, groups, from_us, to_us, progress, stored))
        return collector.ranges()
    collector = Collector(wanted, may_have_rungs=False)
    some = None if wanted is None else frozenset(wanted)
    collector.take(lake_parts(source, list(groups), from_us, to_us, progress, some))
    return collector.ranges()


def read_intervals(
    source: Place,
    group: str,
    from_us: int | None = None,
    to_us: int | None = None,
    volumes: Collection[str] | None = None,
) -> list[Interval]:
    """The base intervals of the group that start in the range; of the lake, longer ones where they are old.

    As `streams.store.intervals.read_intervals`.
    """
    if isinstance(source, Source):
        return intervals.read_intervals(source, group, from_us, to_us, volumes)
    some = None if volumes is None else frozenset(volumes)
    found = intervals_of_parts(lake_parts(source, [group], from_us, to_us, lambda *_: None, some))
    return found if source.defined is None else [inside_definition(each, source.defined) for each in found]


def read_summaries(
    source: Place,
    group: str,
    from_us: int | None = None,
    to_us: int | None = None,
    rung_seconds: int | None = None,
) -> list[Summary]:
    """The newest revision of every interval of the group that starts in the range, ordered by start, length.

    As `streams.store.summaries.read_summaries`; a group that was defined afterwards has none.
    """
    if isinstance(source, Source):
        return summaries.read_summaries(source, group, from_us, to_us, rung_seconds)
    if source.defined is not None:
        return []
    return lake_summaries(source.lake, group, from_us, to_us, rung_seconds)


def read_gaps(source: Place, group: str, from_us: int | None = None, to_us: int | None = None) -> list[Gap]:
    """Runs of intervals that no message fed and that touch the range, ordered by start."""
    if isinstance(source, Source):
        return summaries.read_gaps(source, group, from_us, to_us)
    return [] if source.defined is not None else lake_gaps(source.lake, group, from_us, to_us)
