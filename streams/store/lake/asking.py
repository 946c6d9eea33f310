"""What is asked of the bit tables: which groups or volumes, and which time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from streams.errors import MissingData
from streams.model.intervals import US
from streams.store.definitions import GroupVersion
from streams.store.lake.files import LakeFile
from streams.store.lake.known import lake_groups
from streams.store.lake.place import LakeSource

__all__ = ["Ask", "asked_of", "days_of"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: groups, volumes (None: all) and interval starts in `[from_us, to_us)`.

    With `as_group` the volumes are asked for under this name, whichever groups they were measured in.
    """

    groups: Sequence[str]
    volumes: Collection[str] | None
    from_us: int | None
    to_us: int | None
    as_group: str | None = None
    least_seconds: int = 1


def asked_of(
    source: LakeSource,
    groups: Sequence[str],
    from_us: int | None,
    to_us: int | None,
    volumes: frozenset[str] | None,
    known: Mapping[str, Sequence[GroupVersion]] | None = None,
) -> Ask:
    """The question for the groups, or for the one that was defined afterwards; `known` saves another look.

    Raises:
        MissingData: there is no such group.
    """
    if source.defined is not None:
        wanted = frozenset(source.defined.by_id)
        seconds = source.defined.geometry.interval_seconds
        return Ask((), wanted, from_us, to_us, source.defined.group, seconds)
    known = lake_groups(source.lake) if known is None else known
    for group in groups:
        if group not in known:
            there = ", ".join(list(known)[:20]) or "none"
            raise MissingData(f"group {group!r} is not known in {source}; there are: {there}")
    members = {volume for group in groups for version in known[group] for volume in version.definition.by_id}
    return Ask(tuple(groups), members if volumes is None else members & volumes, from_us, to_us)


def days_of(files: Sequence[LakeFile], from_us: int | None, to_us: int | None) -> list[date]:
    """The days of the range that have files."""
    first = None if from_us is None else datetime.fromtimestamp(from_us / US, UTC).date()
    last = None if to_us is None else datetime.fromtimestamp((to_us - 1) / US, UTC).date()
    return [
        day
        for day, _ in groupby(file.day for file in files)
        if day is not None and (first is None or day >= first) and (last is None or day <= last)
    ]
