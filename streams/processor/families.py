"""The worker's metric families as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.telemetry.family import Family, by_name

__all__ = ["FAMILIES"]

_PARTITION = ("partition",)

FAMILIES: Final[Mapping[str, Family]] = by_name(
    (
        Family(
            "worker_lag_messages",
            "gauge",
            _PARTITION,
            "Messages of the writes topic that the worker has not taken yet.",
        ),
        Family(
            "worker_held_messages",
            "gauge",
            _PARTITION,
            "Messages taken and not committed, for they feed intervals that are open.",
        ),
        Family("worker_groups", "gauge", _PARTITION, "Groups of the partition in memory."),
        Family(
            "worker_open_intervals", "gauge", _PARTITION, "Intervals of these groups that writes still fill."
        ),
        Family(
            "worker_kept_intervals",
            "gauge",
            _PARTITION,
            "Closed intervals in memory, for late writes and rungs.",
        ),
        Family(
            "worker_unacknowledged_bytes", "gauge", (), "Rows on their way to Kafka, as they were weighed."
        ),
        Family("worker_messages_total", "counter", (), "Messages of the writes topic taken."),
        Family("worker_intervals_closed_total", "counter", (), "Base intervals closed and acknowledged."),
        Family(
            "worker_close_delay_seconds_total",
            "counter",
            (),
            "Time from the end of each of them to the message that closed it; a replay adds its age.",
        ),
        Family("worker_partitions_loaded_total", "counter", (), "Partitions taken over and read back."),
        Family(
            "worker_seeks_total", "counter", (), "Times that the client skipped messages and was sent back."
        ),
        Family("worker_kafka_errors_total", "counter", (), "Errors of Kafka that the worker goes on after."),
        Family(
            "worker_expired_messages_total",
            "counter",
            (),
            "Messages that the writes topic let go of before they were finished with; coverage shows it.",
        ),
        Family("worker_ready", "gauge", (), "1 while all of its partitions are loaded."),
        Family("build_info", "info", ("version",), "What runs here."),
    )
)
"""All families by name, in the order in which they are served."""
