"""The parts of interval tables of some groups as they stand on the topic: where stored ranges come from.

This is all that a report needs of a place where tables are kept. Another place serves as well when it gives
such parts, in any order, a newer revision of an interval among older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import orjson

from streams.model.intervals import US, Span
from streams.store.definitions import group_versions
from streams.store.reading import Tail, partition_count
from streams.store.source import Source
from streams.store.summaries import in_range
from streams.wire.keys import parse_table_key, writes_key
from streams.wire.partitions import partition_of
from streams.wire.table_columns import TableColumns, read_table_columns

__all__ = ["Progress", "oldest_start", "read_table_parts"]

Progress = Callable[[str, int, int], None]

_AT_ONCE = 32  # messages of up to a megabyte


def read_table_parts(
    source: Source,
    groups: Collection[str],
    from_us: int | None,
    to_us: int | None,
    progress: Progress,
    stored: dict[str, Span] | None = None,
) -> Iterator[TableColumns]:
    """The parts of all intervals of the groups that start in the range. Each partition is read once.

    `stored` is told from when to when each group has tables, in the range or not.

    Raises:
        MissingData: there is no such group.
    """
    unheard = set(groups)
    with source.consumer() as consumer:
        count = partition_count(source, consumer, "tables")
        partitions = sorted({partition_of(writes_key(group), count) for group in groups})
        tails = [Tail(source, consumer, "tables", number, _AT_ONCE) for number in partitions]
        total, before = sum(tail.end() for tail in tails), 0
        for tail in tails:
            for message in tail.up_to_now():
                progress("reading", before + (message.offset() or 0), total)
                if (group := _group_of(message.key())) not in groups:
                    continue
                unheard.discard(str(group))
                value = message.value()
                if value is None:
                    continue
                key = parse_table_key(message.key())
                if stored is not None:
                    start_us, end_us = stored.get(key.group, (key.start_us, 0))
                    end_us = max(end_us, key.start_us + key.rung_seconds * US)
                    stored[key.group] = min(start_us, key.start_us), end_us
                if in_range(key.start_us, from_us, to_us):
                    yield read_table_columns(value)
            before += tail.end()
        progress("reading", total, total)
    for group in sorted(unheard):
        group_versions(source, group)


def oldest_start(source: Source, groups: Collection[str]) -> int | None:
    """The start of the first tables that the topic holds of these groups, None where one has none."""
    unheard, oldest_us = set(groups), None
    with source.consumer() as consumer:
        count = partition_count(source, consumer, "tables")
        for number in sorted({partition_of(writes_key(group), count) for group in groups}):
            own = {group for group in unheard if partition_of(writes_key(group), count) == number}
            for message in Tail(source, consumer, "tables", number, _AT_ONCE).up_to_now():
                if (group := _group_of(message.key())) in own and message.value() is not None:
                    start_us = parse_table_key(message.key()).start_us
                    oldest_us = start_us if oldest_us is None else max(oldest_us, start_us)
                    own.discard(str(group))
                if not own:
                    break
            if own:
                return None
    return oldest_us


def _group_of(key: bytes | None) -> object:
    """The group that a key, a JSON array, begins with; None where it is no such key."""
    try:
        return orjson.loads(key or b"")[0]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return None
