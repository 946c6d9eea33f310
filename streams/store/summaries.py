"""Summaries and gaps of a group: the public result, small enough to read whole."""

from __future__ import annotations

from collections.abc import Iterator

from streams.model.entries import Gap, Summary
from streams.store.definitions import group_versions
from streams.store.reading import read_topic
from streams.store.source import Source
from streams.wire.keys import GapKey, SummaryKey, parse_interval_key
from streams.wire.record import Received
from streams.wire.summaries import decode_interval_row

__all__ = ["in_range", "read_gaps", "read_summaries"]


def in_range(start_us: int, from_us: int | None, to_us: int | None) -> bool:
    """Whether an interval belongs to the range `[from_us, to_us)`: its start decides."""
    return (from_us is None or start_us >= from_us) and (to_us is None or start_us < to_us)


def read_summaries(
    source: Source,
    group: str,
    from_us: int | None = None,
    to_us: int | None = None,
    rung_seconds: int | None = None,
) -> list[Summary]:
    """The newest revision of every interval of the group that starts in the range.

    Args:
        source: where the topics are.
        group: the data group.
        from_us: start of the range; None is unbounded.
        to_us: end of the range, exclusive; None is unbounded.
        rung_seconds: only intervals of this length; None takes base intervals and all rungs.

    Returns:
        Summaries ordered by start, then length. None for a known group that nothing was measured of.

    Raises:
        MissingData: there is no such group.
    """
    newest: dict[tuple[int, int], tuple[int, bytes]] = {}
    for row, key in _known_rows(source, group):
        if not isinstance(key, SummaryKey) or not in_range(key.start_us, from_us, to_us):
            continue
        place = (key.start_us, key.rung_seconds)
        if rung_seconds not in (None, key.rung_seconds) or key.revision < newest.get(place, (0, b""))[0]:
            continue
        newest[place] = (key.revision, row.value or b"")
    decoded = (decode_interval_row(newest[place][1]) for place in sorted(newest))
    return [summary for summary in decoded if isinstance(summary, Summary)]


def read_gaps(source: Source, group: str, from_us: int | None = None, to_us: int | None = None) -> list[Gap]:
    """Runs of intervals that no message fed and that touch the range, ordered by start.

    Raises:
        MissingData: there is no such group.
    """
    rows = _known_rows(source, group)
    values = {key.start_us: row.value for row, key in rows if isinstance(key, GapKey)}
    decoded = (decode_interval_row(values[start] or b"") for start in sorted(values))
    return [
        gap
        for gap in decoded
        if isinstance(gap, Gap)
        and (from_us is None or gap.end_us > from_us)
        and (to_us is None or gap.start_us < to_us)
    ]


def _known_rows(source: Source, group: str) -> Iterator[tuple[Received, SummaryKey | GapKey]]:
    """Rows of a group; where there is none, the group must at least be defined."""
    is_known = False
    for row in read_topic(source, "intervals", group=group):
        if row.value is not None:
            is_known = True
            yield row, parse_interval_key(row.key)
    if not is_known:
        group_versions(source, group)
