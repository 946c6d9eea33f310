"""What a worker published against the brute force. The topic is read once, however many groups there are."""

from __future__ import annotations

from collections import defaultdict

from bench.data import Shape, answers
from bench.sums import compare, of_intervals, of_rows
from streams.model.entries import Interval
from streams.store import Source
from streams.store.reading import read_topic
from streams.wire.keys import parse_table_key
from streams.wire.tables import decode_tables

__all__ = ["check_worker"]


def check_worker(source: Source, shape: Shape) -> None:
    """Compares all base intervals of all groups.

    Raises:
        WrongAnswer: names the first place that differs.
    """
    found = _base_intervals(source, shape.interval_seconds)
    for group, rows in answers(shape).items():
        compare(of_intervals(found[group]), of_rows(rows), f"group {group}")


def _base_intervals(source: Source, seconds: int) -> defaultdict[str, list[Interval]]:
    """By group, its intervals of this length, each in its newest revision."""
    parts: defaultdict[tuple[str, int], defaultdict[int, dict[int, bytes]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for row in read_topic(source, "tables"):
        key = parse_table_key(row.key)
        if row.value is not None and key.rung_seconds == seconds:
            parts[key.group, key.start_us][key.revision][key.part] = row.value
    found: defaultdict[str, list[Interval]] = defaultdict(list)
    for (group, _), revisions in parts.items():
        found[group].append(decode_tables(list(revisions[max(revisions)].values())))
    return found
