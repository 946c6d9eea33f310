"""The data groups that exist, and every version of their definitions."""

from __future__ import annotations

from typing import NamedTuple

from streams.errors import MissingData
from streams.model.groups import Definition
from streams.store.reading import of_group, read_topic
from streams.store.source import Source
from streams.wire.definitions import decode_version
from streams.wire.keys import parse_group_key

__all__ = ["GroupVersion", "decoded_version", "group_versions", "groups", "unknown_group"]

_MANY = 20


class GroupVersion(NamedTuple):
    """A version of a definition; None as `effective_from_us`: it holds from the group's beginning."""

    version: int
    effective_from_us: int | None
    definition: Definition


def groups(source: Source, group: str | None = None) -> dict[str, list[GroupVersion]]:
    """Versions of all groups, or of one, in order; sorted by the name of the group."""
    rows: dict[str, dict[int, bytes]] = {}
    keys = (lambda _: True) if group is None else of_group(group)
    for row in read_topic(source, "groups", keys=keys):
        key = parse_group_key(row.key)
        versions = rows.setdefault(key.group, {})
        if row.value is None:
            versions.pop(key.version, None)
        else:
            versions[key.version] = row.value
    return {
        name: [decoded_version(versions[number]) for number in sorted(versions)]
        for name, versions in sorted(rows.items())
        if versions
    }


def group_versions(source: Source, group: str) -> list[GroupVersion]:
    """Versions of one group in order.

    Raises:
        MissingData: there is no such group; the message names those that exist.
    """
    found = groups(source, group).get(group)
    if not found:
        raise unknown_group(source, group)
    return found


def unknown_group(source: Source, group: str) -> MissingData:
    """The error for a group that nobody defined."""
    names = list(groups(source))
    shown = ", ".join(names[:_MANY]) + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")
    return MissingData(
        f"group {group!r} is not known at {source.bootstrap}, topics {source.topic_prefix}*; "
        + (
            f"there are: {shown}"
            if names
            else "there is none yet: `linkgauge groups apply FILE` defines groups"
        )
    )


def decoded_version(value: bytes) -> GroupVersion:
    """A version as it stands on its topic."""
    version = decode_version(value)
    first = version.first
    start_us = None if first is None else first * version.definition.geometry.interval_us
    return GroupVersion(version.number, start_us, version.definition)
