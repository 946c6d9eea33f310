"""The reference of all metrics: `python -m streams.cli.metrics_page > docs/metrics.md`."""

from __future__ import annotations

from collections.abc import Iterator

from streams.agents.telemetry import FAMILIES as AGENT
from streams.lake.readings import FAMILIES as LAKE
from streams.processor.families import FAMILIES as WORKER
from streams.reporter.families import ESSENTIAL, FAMILIES, USUAL
from streams.telemetry.family import PREFIX, rows_of_page

__all__ = ["metrics_page"]

_HEAD = """\
# Metrics

`linkgauge reporter` serves these at `/metrics`, each name with the prefix `linkgauge_`, and the usual
`process_*` of the process itself. `/readyz` says 200 once everything that stood on the topics at the start
is read, but for dead letters and the past of trends; before that no group and no link is shown and
`linkgauge_reporter_ready` is 0, so that no counter seems to begin anew. `/healthz` says 200 while the
reporter works.

Units are seconds, bytes and bytes per second; a ratio of 1 is all of it. Counters never step back, also
over restarts of any service, and two reporters show the same; only those of a service itself (`reporter_*`,
`worker_*`, `agent_*`, `process_*`) begin with its process. What is not known is absent, never 0: a group
that nobody vouches for has `coverage_ratio` 0 and no bytes. A group is shown while its definition stands on
the groups topic; a deleted one vanishes. Defined again, its counters go on, and its gauges begin anew.

Gauges show the newest closed interval of a group. While old intervals come one after the other, in a replay
or when agents catch up after an outage, its gauges wait until none came for 5 s: they go straight to the
newest and never walk through history. Counters do not wait.

Why these families and no others: [decision 13](decisions/0013-what-a-scrape-shows.md).

## How many series

A group shows about 30 series, so thousands of groups would be too many for one scrape. While all groups
together stay below `reporter.series_limit` (50,000), they show every family; above it the essential ones,
of which the last three only where they are not as usual (0, 0 and 300 s):

{essential}

Besides these, a group has one `link_member_info` for each link that carries it. `reporter.group_detail`
chooses one or the other for good, and `linkgauge_reporter_detail_info` says which is in force. Volumes are
shown of groups that `reporter.volumes_of` names, at most `reporter.volume_limit` of each: those that
changed most in the newest interval.

An array's changes are those of its groups; there is no counter of an array, for a group may span several
and change its members. Ask `sum by (array) (rate(linkgauge_changed_bytes_total[15m]) * on (data_group)
group_right () linkgauge_data_group_array_info)`, which counts a group at each of its arrays; the recording
rule `array:linkgauge_changed_bytes:rate` does. A group's counters rise once in a base interval, so a rate
must be taken over two of them at least.

## Links

Every link has figures for `bitmap_resync`: what changed (OR) in the link's groups over `range_seconds` is
shipped within its `resync_seconds` (see settings.md). Without `range_seconds` in the settings it is the
longest length that all of its groups have, so it grows while the first rungs close.

Where the settings name another mode or a profile, and for links without either whose groups count written
bytes (`continuous`), there are figures for that mode too, over `reporter.history_seconds`, up to where the
group that is furthest behind has closed:

- `continuous` needs the least rate that keeps the RPO for 95, 99 and 100 % of the time, from written bytes
  by slot; attainment and exposure are of every moment, the backlog taken as empty when the range begins.
- `synchronous` needs the rate of the busiest slot; attainment is the share of slots that the paths carry.
- `cycle_single` and `cycle_multi` need what ships the largest cycle before the next one ends and within the
  RPO; attainment and exposure are of cycles replayed on the installed paths.

`link_mode_info` names what the figures are of: `written` bytes; `unique` bytes; `aligned`, unique bytes of
cycles that begin at multiples of their length (at another phase the largest cycle may hold as much as two
neighbours, and `linkgauge report link` replays every phase); or `lower` where the replicator's blocks are
coarser than the captured tracks, so that it ships more than the figure says. Cycles are only measured where
every group has intervals of their length (`rungs_seconds`); a mode that was not captured has no figures,
`reporter_link_errors_total` counts it and the log names the reason. Figures over ranges with gaps are lower
bounds: `link_coverage_ratio` says how much was seen.

A group that nobody vouches for over the range, that lies in a gap, or that is behind the others by more than
a quarter of the range (and two of its intervals) is missing: `link_members_missing` counts it and
`link_coverage_ratio` is 0. The link then shows what the other groups need, which is never more than it truly
needs: `link_required_bytes_per_second` (for all of the time), `link_paths_required`, `link_resync_seconds`,
`link_backlog_bytes` and `link_exposure_seconds` are lower bounds (the last two not for `cycle_single`). So a
link that is too narrow for the others alone has its negative `link_headroom_ratio` and its alert. What could
be falsely good is absent until the group is back: headroom of 0 and more, attainment, and exhaustion.

`link_exhaustion_timestamp_seconds` follows the trend of each day's need (each week's, from four weeks on)
over `reporter.trend_days`; the past is read behind everything else after a start. Where the range of the
trend includes no growth, it is absent.

## Settings that change

SIGHUP or `POST /-/reload` reads the settings anew. What is shown goes on until everything that the new ones
need is read, and `POST` answers then: 200, or 202 where that takes longer than 20 s. A mistake is refused
with 400: the old settings stay in force, and the answer and the log name the place.
`reporter_settings_reload_successful` is 1 only while the settings in force are those that were read last.
Address, port and Kafka cannot change without a restart.

## Counters of a group

They come from one source, the totals that the group's worker keeps in its marks on the state topic; every
summary repeats them. A mark is written whenever an interval closes, and while a message waits to be
released and no agent of the group speaks, at the next tick (`tick_seconds`, 10 s by default). So an idle
group's duplicates and dead letters show after about a tick, those of a busy one at the latest when its
interval closes. The state topic keeps the newest mark for good: the counters survive the retention of all
others. `agents_silent` and `data_group_ended` come from the same mark.

## Dead letters

`dead_letters_total` counts by group, within its totals. A message that names no known group belongs to no
totals, so two families count on the dead-letters topic itself, for all groups together: never add them to
the first. Why they are two is told in [decision 8](decisions/0008-dead-letters-in-metrics.md).

- `dead_letters_written_total` is the topic's end offset. It counts at once and for good. A letter that a
  worker wrote twice around a crash counts twice.
- `dead_letters_kept` is how many of them the topic has now, by reason; a reason that this release does not
  give is `other`. It falls when retention (30 days by default) removes letters, so it is a gauge. Letters
  can be large: they are read behind everything else.
- `dead_letters_newest_timestamp_seconds` is when the newest of them was written, by reason. It is the same
  after a restart, so an alert on it tells news from what was there before.

To be told of refused messages, ask for `increase(linkgauge_dead_letters_written_total[1h]) > 0`. The reason
`unknown-group` says that agents send what nobody defined; `linkgauge dead-letters list` names each message.

## Families of the reporter

"""


_WORKER = """
## Families of a worker

`linkgauge worker` serves these where `worker.port` says so, for itself alone: sum them over all workers.
Lag is what it has not taken; what it holds is no lag, for the messages of an open interval are committed when
it closes. `/readyz` says 200 while all partitions that it was given are loaded.

"""

_LAKE = """
## Families of the lake

`linkgauge lake` serves these at `lake.port`, most of them for each of its tables ([lake.md](lake.md)).
`/readyz` says 200 while partitions are read and the last commits went through.

"""

_AGENT = """
## Families of an agent

A program that embeds the `Publisher` serves these with `streams.agents.telemetry.serving_metrics`
([agents.md](agents.md)). An agent that has failed sends nothing any more: `/healthz` says 503 then.

"""


def metrics_page() -> str:
    """docs/metrics.md."""
    return (
        _HEAD.replace("{essential}", "\n".join(_essential()))
        + "".join(rows_of_page(FAMILIES))
        + _WORKER
        + "".join(rows_of_page(WORKER))
        + _LAKE
        + "".join(rows_of_page(LAKE))
        + _AGENT
        + "".join(rows_of_page(AGENT))
    )


def _essential() -> Iterator[str]:
    ordered = sorted(ESSENTIAL, key=lambda name: (name in USUAL, name))
    yield ", ".join(f"`{PREFIX}{name}`" for name in ordered) + "."


if __name__ == "__main__":
    print(metrics_page(), end="")  # noqa: T201  # the page is the output
