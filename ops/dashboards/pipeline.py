"""Whether the pipeline itself is well: workers, what is refused, the reporter."""

from __future__ import annotations

from ops.dashboards.panels import Board, Panel, Query

__all__ = ["PIPELINE"]

_CLOSED = "sum(rate(linkgauge_worker_intervals_closed_total[1h]))"
_DELAY = "sum(rate(linkgauge_worker_close_delay_seconds_total[1h]))"

PIPELINE = Board(
    "pipeline",
    "linkgauge: pipeline",
    "Workers and reporter: lag, what is held, what is refused, memory.",
    (),
    (
        Panel(
            "stat",
            "Workers ready",
            "Workers that have loaded all of their partitions.",
            "none",
            (Query("sum(linkgauge_worker_ready)"),),
            width=5,
            red_below=1,
        ),
        Panel(
            "stat",
            "Reporters ready",
            "Reporters that have read all that stood on the topics.",
            "none",
            (Query("sum(linkgauge_reporter_ready)"),),
            width=5,
            red_below=1,
        ),
        Panel(
            "stat",
            "Lag",
            "Messages that workers have not taken; what they hold for open intervals is none of it.",
            "none",
            (Query("sum(job:linkgauge_worker_lag_messages:sum)"),),
            width=5,
        ),
        Panel(
            "stat",
            "Settings in force",
            "0 where a reporter refused a mistake and keeps the settings before.",
            "none",
            (Query("min(linkgauge_reporter_settings_reload_successful)"),),
            width=5,
            red_below=1,
        ),
        Panel(
            "stat",
            "Series",
            "Series of groups, volumes and links at one reporter.",
            "none",
            (Query("max(linkgauge_reporter_series)"),),
            width=4,
        ),
        Panel(
            "time",
            "Lag by worker",
            "Lag that only grows asks for another worker, or for larger batches.",
            "none",
            (Query("sum by (instance) (linkgauge_worker_lag_messages)", "{{instance}}"),),
        ),
        Panel(
            "time",
            "Messages taken",
            "Messages of the writes topic by worker.",
            "cps",
            (Query("sum by (instance) (rate(linkgauge_worker_messages_total[5m]))", "{{instance}}"),),
        ),
        Panel(
            "time",
            "Delay of closing",
            "From the end of an interval to the message that closed it, over all intervals that were closed.",
            "s",
            (Query(f"{_DELAY} / ({_CLOSED} > 0)", "delay"),),
        ),
        Panel(
            "time",
            "Intervals in memory",
            "Open ones, and closed ones that late writes and rungs still need.",
            "none",
            (
                Query("sum(linkgauge_worker_open_intervals)", "open"),
                Query("sum(linkgauge_worker_kept_intervals)", "kept"),
            ),
        ),
        Panel(
            "time",
            "Messages held",
            "Taken and not committed, for they feed open intervals: what a successor reads again.",
            "none",
            (Query("sum by (instance) (linkgauge_worker_held_messages)", "{{instance}}"),),
        ),
        Panel(
            "time",
            "Rows under way",
            "Bytes of rows that Kafka has not acknowledged.",
            "bytes",
            (Query("sum by (instance) (linkgauge_worker_unacknowledged_bytes)", "{{instance}}"),),
        ),
        Panel(
            "time",
            "Hand-over and skips",
            "In an hour: partitions taken over, and times that a client skipped messages and was sent back.",
            "none",
            (
                Query("sum(increase(linkgauge_worker_partitions_loaded_total[1h]))", "partitions loaded"),
                Query("sum(increase(linkgauge_worker_seeks_total[1h]))", "sent back"),
            ),
        ),
        Panel(
            "bar",
            "Dead letters by reason",
            "What the topic has now.",
            "none",
            (Query("sort_desc(max by (reason) (linkgauge_dead_letters_kept))", "{{reason}}"),),
            red_from=1,
        ),
        Panel(
            "time",
            "Reporter",
            "In an hour: rows not understood, times that Kafka or a mode of a link failed; and its lag.",
            "none",
            (
                Query("sum(increase(linkgauge_reporter_refused_rows_total[1h]))", "refused rows"),
                Query("sum(increase(linkgauge_reporter_broker_errors_total[1h]))", "Kafka failed"),
                Query("sum(increase(linkgauge_reporter_link_errors_total[1h]))", "link not worked out"),
                Query("max(linkgauge_reporter_lag_messages)", "rows not read"),
            ),
        ),
        Panel(
            "time",
            "Memory",
            "Resident memory of every process of linkgauge.",
            "bytes",
            (
                Query(
                    "process_resident_memory_bytes * on (instance, job) group_left ()"
                    " max by (instance, job) (linkgauge_build_info)",
                    "{{instance}}",
                ),
            ),
        ),
    ),
)
