"""What the sink says of itself at `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final, NamedTuple

from streams import __version__
from streams.lake.feed import Counts, Feed
from streams.telemetry.family import Family, Reading, by_name, line_of, page_of

__all__ = ["FAMILIES", "Own", "metrics_page"]

_TABLE: Final = ("table",)
_COUNTERS: Final = {
    "messages": "Messages read.",
    "refused_messages": "Messages that could not be understood; the log names the place of each.",
    "incomplete_intervals": "Intervals of which retention had removed a part before it was read.",
    "missed_messages": "Offsets that retention had removed before they were read.",
    "rows": "Rows committed.",
    "quarantined_rows": "Rows whose bitmap could not be read: they are in the table without a count.",
    "commits": "Commits.",
    "failed_commits": "Commits that the storage did not take, or did not confirm; they are tried again.",
    "moved_commits": "Commits given up because another sink had these partitions meanwhile.",
}

FAMILIES: Final = by_name(
    (
        *(
            Family(f"lake_{field.name}_total", "counter", _TABLE, _COUNTERS[field.name])
            for field in fields(Counts)
            if field.name in _COUNTERS
        ),
        Family("lake_waiting_bytes", "gauge", _TABLE, "About what the rows take that no commit has yet."),
        Family("lake_last_commit_timestamp_seconds", "gauge", _TABLE, "When the last commit was made."),
        Family("lake_lag_messages", "gauge", (), "Messages on the topics that no commit has yet."),
        Family("lake_kafka_errors_total", "counter", (), "Errors of Kafka that the sink goes on after."),
        Family("lake_ready", "gauge", (), "1 while partitions are read and the last commits went through."),
        Family("build_info", "info", ("version",), "What runs here."),
    )
)
"""All families by name, in the order in which they are served."""


class Own(NamedTuple):
    """What the sink says of itself, beside its tables."""

    lag_messages: int
    kafka_errors: int
    is_ready: bool


def metrics_page(feeds: Mapping[str, Feed], own: Own, *, open_metrics: bool) -> Iterator[str]:
    """The text of `/metrics`."""
    lines: dict[str, list[str]] = {}
    for reading in _readings(feeds, own):
        lines.setdefault(reading.family, []).append(line_of(FAMILIES[reading.family], reading))
    return page_of(FAMILIES, lines, open_metrics=open_metrics)


def _readings(feeds: Mapping[str, Feed], own: Own) -> Iterator[Reading]:
    for feed in feeds.values():
        label = (feed.source.table.name,)
        for name in _COUNTERS:
            yield Reading(f"lake_{name}_total", label, getattr(feed.counts, name))
        yield Reading("lake_waiting_bytes", label, feed.waiting_bytes)
        if feed.counts.last_commit_seconds:
            yield Reading("lake_last_commit_timestamp_seconds", label, feed.counts.last_commit_seconds)
    yield Reading("lake_lag_messages", (), own.lag_messages)
    yield Reading("lake_kafka_errors_total", (), own.kafka_errors)
    yield Reading("lake_ready", (), own.is_ready)
    yield Reading("build_info", (__version__,), 1)
