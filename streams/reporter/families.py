"""The reporter's metric families as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from streams.model.entries import Totals
from streams.model.groups import Geometry
from streams.telemetry.family import Family, by_name

__all__ = ["ESSENTIAL", "FAMILIES", "USUAL"]

_COUNTERS = {
    "intervals_closed": "Base intervals closed.",
    "changed_tracks": "Tracks changed, added up over base intervals (SUM).",
    "changed_bytes": "Bytes of changed tracks, added up over base intervals (SUM).",
    "writes": "Writes counted.",
    "written_bytes": "Bytes written.",
    "discards": "Discards counted.",
    "late_writes": "Writes that came after their interval had closed and revised it.",
    "duplicate_messages": "Messages that were there already.",
    "lost_writes": "Writes that agents said they had lost.",
    "dead_letters": "Dead letters of the group: one for each message and reason.",
    "refused_writes": "Writes in dead letters; those of a message that could not be read are not known.",
    "uncollected_writes": "Writes outside the group's extents or while collection was off.",
}
_GROUP = ("data_group",)
_WINDOW = ("data_group", "window_seconds")
_VOLUME = ("data_group", "volume")
_LINK = ("link",)
_MODE = ("link", "mode")
_NEED = ("link", "mode", "rpo_seconds", "percentile", "range_seconds")

_COUNTER_FAMILIES = tuple(
    Family(f"{f.name}_total", "counter", _GROUP, _COUNTERS[f.name]) for f in fields(Totals)
)
_GROUP_FAMILIES = (
    Family(
        "window_changed_bytes",
        "gauge",
        _WINDOW,
        "Bytes of tracks changed at least once in the newest closed interval of this length (OR).",
    ),
    Family(
        "window_shipped_bytes",
        "gauge",
        _WINDOW,
        "The same added up over its base intervals (SUM): what shipping every base interval moves.",
    ),
    Family(
        "window_written_bytes", "gauge", _WINDOW, "Bytes written in it; absent where nobody counted them."
    ),
    Family("fold_ratio", "gauge", _WINDOW, "SUM over OR of it; absent where nothing changed."),
    Family(
        "coverage_ratio",
        "gauge",
        _GROUP,
        "Share of the newest base interval's volume-seconds that agents vouch for.",
    ),
    Family("interval_end_timestamp_seconds", "gauge", _GROUP, "End of the newest closed base interval."),
    Family("watermark_timestamp_seconds", "gauge", _GROUP, "Up to when all agents of the group were heard."),
    Family(
        "agents_silent",
        "gauge",
        _GROUP,
        "Expected agents that were never heard, or not for silent_after_seconds, and did not say bye.",
    ),
    Family(
        "data_group_ended",
        "gauge",
        _GROUP,
        "1 where every agent of the group said bye: nothing is to be expected until one starts anew.",
    ),
    Family("interval_seconds", "gauge", _GROUP, "Length of the group's base interval."),
    Family(
        "data_group_info",
        "info",
        ("data_group", "definition_version", "interval_seconds", "track_bytes"),
        "The newest definition of the group.",
    ),
    Family("data_group_array_info", "info", ("data_group", "array"), "An array of the group's volumes."),
)
_VOLUME_FAMILIES = (
    Family(
        "volume_changed_bytes",
        "gauge",
        _VOLUME,
        "Bytes of the volume's tracks changed in the group's newest closed base interval.",
    ),
    Family("volume_written_bytes", "gauge", _VOLUME, "Bytes written; absent where nobody counted them."),
    Family("volume_coverage_ratio", "gauge", _VOLUME, "Share of the interval for which its agents vouch."),
    Family(
        "volumes_left_out",
        "gauge",
        _GROUP,
        "Volumes of a group with volumes that are above the limit: those that changed least.",
    ),
)
_LINK_FAMILIES = (
    Family(
        "link_required_bytes_per_second",
        "gauge",
        _NEED,
        "Payload that the link must carry for its groups' writes in the range.",
    ),
    Family("link_usable_bytes_per_second", "gauge", _LINK, "Payload that all paths together may carry."),
    Family("link_path_usable_bytes_per_second", "gauge", _LINK, "Payload that one path may carry."),
    Family(
        "link_headroom_ratio",
        "gauge",
        _MODE,
        "Share of the link that is left, below 0 when it is too narrow, without growth or safety; "
        "absent where a missing group could take what seems to be left.",
    ),
    Family("link_paths_required", "gauge", _MODE, "Paths that carry what is required, +Inf where none do."),
    Family("link_paths_installed", "gauge", _LINK, "Paths that the settings say are there."),
    Family("link_resync_seconds", "gauge", _LINK, "Time that the installed paths take for the changes."),
    Family("link_resync_target_seconds", "gauge", _LINK, "Time in which a resynchronisation must be done."),
    Family(
        "link_backlog_bytes",
        "gauge",
        _MODE,
        "What would wait to be shipped at the end of the range, were the link empty at its start.",
    ),
    Family(
        "link_exposure_seconds",
        "gauge",
        _MODE,
        "The RPO that the installed paths keep for all of the range: how old the copy was at worst.",
    ),
    Family(
        "link_rpo_attainment_ratio",
        "gauge",
        _MODE,
        "Share of the range's measured time in which the installed paths meet the RPO; absent while a group "
        "is missing.",
    ),
    Family("link_rpo_seconds", "gauge", _LINK, "The recovery point objective of the settings."),
    Family(
        "link_exhaustion_timestamp_seconds",
        "gauge",
        _MODE,
        "When the need reaches what the paths carry, by the trend of its days; absent without growth, and "
        "while a group is missing.",
    ),
    Family(
        "link_exhaustion_earliest_timestamp_seconds",
        "gauge",
        _MODE,
        "The same by the steepest trend that the days allow at 90 % confidence.",
    ),
    Family(
        "link_trend_seconds",
        "gauge",
        _LINK,
        "Length of the whole days that the trend rests on; fewer than four show no exhaustion.",
    ),
    Family(
        "link_coverage_ratio",
        "gauge",
        _LINK,
        "The lowest coverage of its groups over the range; 0 while one is missing.",
    ),
    Family(
        "link_interval_end_timestamp_seconds",
        "gauge",
        _LINK,
        "The earliest end of the intervals that the link's figures rest on.",
    ),
    Family(
        "link_members_missing",
        "gauge",
        _LINK,
        "Groups of which nothing is known now: its figures are lower bounds then, of the others alone.",
    ),
    Family(
        "link_bound_info", "info", ("link", "bound"), "What limits a path: line, window, loss or measured."
    ),
    Family(
        "link_mode_info",
        "info",
        ("link", "mode", "basis"),
        "A mode that figures are given for, and what of: written, unique, aligned or lower.",
    ),
    Family(
        "link_mode_unmeasured",
        "gauge",
        _MODE,
        "1 where the link's mode has no figures, for what it ships was not captured; the log says why.",
    ),
    Family("link_member_info", "info", ("link", "data_group"), "A group that the link carries."),
)
_OWN_FAMILIES = (
    Family(
        "dead_letters_written_total",
        "counter",
        (),
        "Dead letters ever written, whatever group they name; one written twice around a crash is two.",
    ),
    Family(
        "dead_letters_kept",
        "gauge",
        ("reason",),
        "Dead letters that their topic has now; absent until they are read.",
    ),
    Family(
        "dead_letters_newest_timestamp_seconds",
        "gauge",
        ("reason",),
        "When the newest of them was written; absent until they are read.",
    ),
    Family("data_groups", "gauge", (), "Groups that are defined."),
    Family("reporter_ready", "gauge", (), "1 once all that stood on the topics at the start is read."),
    Family("reporter_lag_messages", "gauge", (), "Messages on the topics that are not read yet."),
    Family("reporter_rows_total", "counter", (), "Rows read from the topics."),
    Family("reporter_refused_rows_total", "counter", (), "Rows that could not be understood."),
    Family("reporter_broker_errors_total", "counter", (), "Times that Kafka could not be asked."),
    Family(
        "reporter_link_errors_total",
        "counter",
        (),
        "Times that a mode of a link could not be worked out from what was measured.",
    ),
    Family("reporter_series", "gauge", (), "Series of groups, volumes and links that are shown."),
    Family("reporter_detail_info", "info", ("detail",), "Which families groups have: essential or full."),
    Family(
        "reporter_settings_reload_successful",
        "gauge",
        (),
        "1 where the settings in force are those that were read last; 0: a mistake was refused, or what they "
        "need is still being read.",
    ),
    Family(
        "reporter_settings_reload_timestamp_seconds",
        "gauge",
        (),
        "When the settings in force were read.",
    ),
    Family("build_info", "info", ("version",), "What runs here."),
)

FAMILIES: Final[Mapping[str, Family]] = by_name(
    (*_COUNTER_FAMILIES, *_GROUP_FAMILIES, *_VOLUME_FAMILIES, *_LINK_FAMILIES, *_OWN_FAMILIES)
)
"""All families by name, in the order in which they are served."""

ESSENTIAL: Final = frozenset(
    {
        "changed_bytes_total",
        "coverage_ratio",
        "interval_end_timestamp_seconds",
        "agents_silent",
        "data_group_ended",
        "interval_seconds",
    }
)
"""What a group shows where more would be too many series."""

USUAL: Final[Mapping[str, float]] = {
    "agents_silent": 0,
    "data_group_ended": 0,
    "interval_seconds": Geometry().interval_seconds,
}
"""Of the essential families those that a group then only shows where they are not as usual."""
