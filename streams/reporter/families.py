"""The metric families as data; the page of them: `python -m streams.reporter.families > docs/metrics.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

from streams.model.entries import Totals

__all__ = ["FAMILIES", "PREFIX", "Family", "metrics_page"]

PREFIX = "linkgauge_"

Kind = Literal["counter", "gauge", "info"]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric family; `name` is that of its samples, without the prefix."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


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
_LINK = ("link",)
_MODE = ("link", "mode")

FAMILIES = {
    family.name: family
    for family in (
        *(Family(f"{f.name}_total", "counter", _GROUP, _COUNTERS[f.name]) for f in fields(Totals)),
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
        Family(
            "watermark_timestamp_seconds", "gauge", _GROUP, "Up to when all agents of the group were heard."
        ),
        Family(
            "data_group_info",
            "info",
            ("data_group", "definition_version", "interval_seconds", "track_bytes"),
            "The newest definition of the group.",
        ),
        Family(
            "link_required_bytes_per_second",
            "gauge",
            ("link", "mode", "range_seconds"),
            "Payload that the link must carry to resynchronise the changes of the range in time.",
        ),
        Family("link_usable_bytes_per_second", "gauge", _LINK, "Payload that all paths together may carry."),
        Family("link_path_usable_bytes_per_second", "gauge", _LINK, "Payload that one path may carry."),
        Family(
            "link_headroom_ratio",
            "gauge",
            _MODE,
            "Share of the link that is left, below 0 when it is too narrow, without growth or safety.",
        ),
        Family(
            "link_paths_required", "gauge", _MODE, "Paths that carry what is required, +Inf where none do."
        ),
        Family("link_paths_installed", "gauge", _LINK, "Paths that the settings say are there."),
        Family("link_resync_seconds", "gauge", _LINK, "Time that the installed paths take for the changes."),
        Family("link_coverage_ratio", "gauge", _LINK, "The lowest coverage of its groups over the range."),
        Family(
            "link_interval_end_timestamp_seconds",
            "gauge",
            _LINK,
            "The earliest end of the intervals that the link's figures rest on.",
        ),
        Family("link_members_missing", "gauge", _LINK, "Groups without a figure: then the link has none."),
        Family(
            "link_bound_info",
            "info",
            ("link", "bound"),
            "What limits a path: line, window, loss or measured.",
        ),
        Family("link_member_info", "info", ("link", "data_group"), "A group that the link carries."),
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
        Family("reporter_ready", "gauge", (), "1 once all that stood on the topics at the start is read."),
        Family("reporter_lag_messages", "gauge", (), "Messages on the topics that are not read yet."),
        Family("reporter_rows_total", "counter", (), "Rows read from the topics."),
        Family("reporter_refused_rows_total", "counter", (), "Rows that could not be understood."),
        Family("build_info", "info", ("version",), "What runs here."),
    )
}
"""All families by name, in the order in which they are served."""

_HEAD = """\
# Metrics

`linkgauge reporter` serves these at `/metrics`, each name with the prefix `linkgauge_`, and the usual
`process_*` of the process itself. `/readyz` says 200 once everything that stood on the topics at the start is
read, but for the dead letters; before that no group and no link is shown, so that no counter seems to begin
anew. `/healthz` says 200 while the reporter works.

Units are seconds, bytes and bytes per second; a ratio of 1 is all of it. Counters never step back, also over
restarts of any service, and two reporters show the same; only those of the reporter itself (`reporter_*`,
`process_*`) begin with its process. Gauges show the newest closed interval of a group: after a replay of old
data that interval is as old as the data, and nothing walks through history. What is not known is absent,
never 0. A group is shown while its definition stands on the groups topic; a deleted one vanishes. Defined
again, its counters go on, and its gauges begin anew.

`window_seconds` is the length of an interval: the group's base interval or one of its rungs. `mode` is
`resync` here: the changes (OR) of the link's groups over `range_seconds` are shipped within the link's
`resync_seconds` (see settings.md). Without `range_seconds` in the settings it is the longest length that all
of the link's groups have, so it grows while the first rungs close.

## Counters of a group

They come from one source, the totals that the group's worker keeps in its marks on the state topic; every
summary repeats them. A mark is written whenever an interval closes, and while a message waits to be released
and no agent of the group speaks, at the next tick (`tick_seconds`, 10 s by default). So an idle group's
duplicates and dead letters show after about a tick, those of a busy one at the latest when its interval
closes. The state topic keeps the newest mark for good: the counters survive the retention of all others.

## Dead letters

`dead_letters_total` counts by group, within its totals. A message that names no known group belongs to no
totals, so two families count on the dead-letters topic itself, for all groups together: never add them to the
first. Why they are two is told in [decision 8](decisions/0008-dead-letters-in-metrics.md).

- `dead_letters_written_total` is the topic's end offset. It counts at once and for good. A letter that a
  worker wrote twice around a crash counts twice.
- `dead_letters_kept` is how many of them the topic has now, by reason; a reason that this release does not
  give is `other`. It falls when retention (30 days by default) removes letters, so it is a gauge. Letters can
  be large: they are read behind everything else.

To be told of refused messages, ask for `increase(linkgauge_dead_letters_written_total[1h]) > 0`. The reason
`unknown-group` says that agents send what nobody defined; `linkgauge dead-letters list` names each message.

## All families

| name | type | labels | meaning |
| --- | --- | --- | --- |
"""


def metrics_page() -> str:
    """docs/metrics.md."""
    return _HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for family in FAMILIES.values():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{PREFIX}{family.name}` | {family.kind} | {labels} | {family.help} |\n"


if __name__ == "__main__":
    print(metrics_page(), end="")  # noqa: T201  # the page is the output
