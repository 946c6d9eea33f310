"""What is asked of the bit tables: which groups or volumes, and which time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Final

from streams.errors import MissingData
from streams.model.intervals import US
from streams.store.lake.afterwards import Later
from streams.store.lake.files import LakeFile
from streams.store.lake.known import lake_groups
from streams.store.lake.place import LakeSource

__all__ = ["Ask", "asks_of", "days_of"]

_VOLUMES_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: groups, volumes (None: all) and interval starts in `[from_us, to_us)`.

    With `later` the volumes are asked for as this group, whichever groups they were measured in.
    """

    groups: Sequence[str]
    volumes: Collection[str] | None
    from_us: int | None
    to_us: int | None
    later: Later | None = None


def asks_of(
    source: LakeSource,
    groups: Sequence[str],
    times: tuple[int | None, int | None],
    volumes: frozenset[str] | None,
) -> Iterator[Ask]:
    """What to ask for the groups, or for the one that was defined afterwards.

    Groups come in portions, so that what is known of the rows of a day has room, however many there are.
    Rows are sorted by array and volume, so a portion of neighbours reads little that others read too.

    Raises:
        MissingData: there is no such group.
    """
    known = lake_groups(source.lake)
    if source.defined is not None:
        yield Ask((), frozenset(source.defined.by_id), *times, Later(source.defined, known))
        return
    for group in groups:
        if group not in known:
            there = ", ".join(list(known)[:20]) or "none"
            raise MissingData(f"group {group!r} is not known in {source}; there are: {there}")
    some: list[str] = []
    count = 0
    every = list(dict.fromkeys(groups))
    for group in every:
        some.append(group)
        count += len(known[group][-1].definition.members)
        if count >= _VOLUMES_AT_ONCE or group == every[-1]:
            members = {
                volume for each in some for version in known[each] for volume in version.definition.by_id
            }
            yield Ask(tuple(some), members if volumes is None else members & volumes, *times)
            some, count = [], 0


def days_of(files: Sequence[LakeFile], from_us: int | None, to_us: int | None) -> list[date]:
    """The days of the range that have files."""
    first = None if from_us is None else datetime.fromtimestamp(from_us / US, UTC).date()
    last = None if to_us is None else datetime.fromtimestamp((to_us - 1) / US, UTC).date()
    return [
        day
        for day, _ in groupby(file.day for file in files)
        if day is not None and (first is None or day >= first) and (last is None or day <= last)
    ]
