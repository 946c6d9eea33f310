"""`linkgauge lake`: the sink, and what keeps its tables small and healthy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from streams.broker.topics import cluster_identity
from streams.cli.logs import configure_logs
from streams.cli.output import CsvFlag, JsonFlag, layout_of, print_rows, progress_after, say
from streams.cli.session import session_of
from streams.cli.signals import stop_signals
from streams.cli.topics import CHECK_FAILED, layout_from
from streams.cli.traces import (
    ActionOption,
    ArrayOption,
    MappingOption,
    SkipBadFlag,
    StartOption,
    progress_bar,
    trace_from,
    trace_options,
)
from streams.cli.units import bytes_text, count_text
from streams.cli.usage import usage
from streams.errors import LakeError
from streams.lake.backfill import backfill as backfill_trace
from streams.lake.checking import check as checked
from streams.lake.formats.opening import is_installed, open_table
from streams.lake.formats.table import Table
from streams.lake.maintenance import Replaced
from streams.lake.maintenance import compact as compacted
from streams.lake.maintenance import expire as expired
from streams.lake.progress import LogId
from streams.model.groups import Geometry
from streams.settings import Lake, Settings
from streams.store.lake.files import has_table
from streams.store.lake.known import lake_groups
from streams.wire.lake_rows import Origin
from streams.wire.lake_tables import SUMMARY, TABLES, TRACKS, LakeTable

__all__ = ["register"]

_HELP = "Run the sink that writes a data lake, or look after its tables."
_NAMED = 5
_SUFFIXES = ("groups", "tables", "intervals")

Report = Callable[[int, int], None]


def register(app: typer.Typer) -> None:
    """Adds `lake` to the command."""
    lake = typer.Typer(help=_HELP)
    lake.callback(invoke_without_command=True)(run)
    for command in (compact, expire, vacuum, check, backfill, adopt):
        lake.command()(command)
    app.add_typer(lake, name="lake")


def run(ctx: typer.Context) -> None:
    """Without a sub-command: run the sink. Summaries and bit tables in, tables of a data lake out."""
    if ctx.invoked_subcommand is not None:
        return
    # What Kafka clients need takes a while to import; the other commands do without.
    from streams.lake.service import run_lake  # noqa: PLC0415

    configure_logs()
    settings = session_of(ctx).settings
    with stop_signals() as stop:
        run_lake(settings, _logs(settings), stop)


def compact(ctx: typer.Context, *, csv: CsvFlag = False, json: JsonFlag = False) -> None:
    """Give each day one file with each row once, and old bit tables longer intervals."""
    layout = layout_of(csv=csv, json=json)
    lake = session_of(ctx).settings.lake
    damaged: dict[str, None] = {}  # once, though a folder be read again, in order
    with _reporting("compacting") as report:
        done = [
            each
            for spec in TABLES.values()
            for each in compacted(
                lake,
                spec,
                _existing(lake, spec),
                _today(),
                report(spec.name),
                lambda places: damaged.update(dict.fromkeys(places)),
            )
        ]
    print_rows(*_replaced(done), layout)
    if damaged:
        say(_of_damaged(list(damaged)))
    say(f"{count_text(len(done), 'folder')} written anew; `linkgauge lake vacuum` removes the old files")


def expire(ctx: typer.Context, *, csv: CsvFlag = False, json: JsonFlag = False) -> None:
    """Remove the days that lake.tracks_days and lake.summary_days do not keep."""
    layout = layout_of(csv=csv, json=json)
    lake = session_of(ctx).settings.lake
    if lake.tracks_days is None and lake.summary_days is None:
        say("nothing expires: lake.tracks_days and lake.summary_days are not set")
    with _reporting("expiring") as report:
        done = [
            each
            for spec in (SUMMARY, TRACKS)
            for each in expired(lake, spec, _existing(lake, spec), _today(), report(spec.name))
        ]
    print_rows(*_replaced(done), layout)


def vacuum(
    ctx: typer.Context,
    hours: Annotated[
        float, typer.Option(min=0, help="Files that a reader of the last so many hours may need stay.")
    ] = 168.0,
) -> None:
    """Remove files that no commit of the last hours needs."""
    lake = session_of(ctx).settings.lake
    for spec in TABLES.values():
        removed = _existing(lake, spec).vacuum(hours)
        kind = "snapshot" if lake.format == "iceberg" else "file"
        typer.echo(f"{spec.name}: {count_text(removed, kind)} removed")


def check(ctx: typer.Context, *, csv: CsvFlag = False, json: JsonFlag = False) -> None:
    """Read everything and say what cannot be true; exit code 3 where figures may suffer."""
    layout = layout_of(csv=csv, json=json)
    lake = session_of(ctx).settings.lake
    with _reporting("checking") as report:
        found = list(checked(_existing(lake, TRACKS), _existing(lake, SUMMARY), report("days")))
    print_rows(("kind", "place", "detail"), ((each.kind, each.place, each.detail) for each in found), layout)
    wrong = sum(each.is_wrong for each in found)
    say(f"{count_text(wrong, 'finding')} by which figures may suffer, {len(found) - wrong} harmless")
    if wrong:
        raise typer.Exit(CHECK_FAILED)


def backfill(  # noqa: PLR0913  # one parameter for each option
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE...]",
            help="Trace files, together one trace; none: what the topics hold.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    *,
    trace_format: Annotated[
        str, typer.Option("--format", help="What the files hold, as for `measure`.")
    ] = "",
    group: Annotated[str, typer.Option(help="The group that the trace becomes.")] = "",
    track: Annotated[int, typer.Option(metavar="BYTES", help="Size of a track.")] = 65_536,
    interval: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="Length of an interval.")] = 300,
    array: ArrayOption = None,
    start: StartOption = None,
    action: ActionOption = "Q",
    mapping: MappingOption = None,
    skip_bad: SkipBadFlag = False,
) -> None:
    """Put a trace into the lake as a group, or all that the topics hold, and end."""
    settings = session_of(ctx).settings
    if not files:
        _backfill_topics(settings)
        return
    if not group or not trace_format:
        raise typer.BadParameter("a trace needs --group and --format")
    with usage():
        geometry = Geometry.for_interval(interval, track)
        options = trace_options(trace_format, array, start, action, mapping, skip_bad=skip_bad)
    with progress_bar() as report:
        trace = trace_from(files, options, report)
    tables = {name: open_table(settings.lake, spec) for name, spec in TABLES.items()}
    origin = Origin(f"trace:{files[0].name}", None, None, time.time_ns() // 1000)
    versions = lake_groups(settings.lake).get(group)
    existing = versions[-1] if versions else None
    added, known = backfill_trace(tables, trace.writes, group, geometry, origin, existing)
    typer.echo(f"group {group}: {count_text(added, 'interval')} added, {known} there already")


def adopt(ctx: typer.Context) -> None:
    """Take the topics of this cluster as the lake's source, to be read from their beginning. Rows stay."""
    settings = session_of(ctx).settings
    logs = _logs(settings)
    for spec in TABLES.values():
        table, log = open_table(settings.lake, spec), logs[spec.topic]
        table.adopt(log)
        typer.echo(f"{spec.name}: fed by {log} from now on")


def _backfill_topics(settings: Settings) -> None:
    from streams.lake.service import catch_up  # noqa: PLC0415  # as for `run`

    with progress_after("lake") as show:
        rows = catch_up(settings, _logs(settings), lambda done, total: show("topics", done, total))
    typer.echo(f"{count_text(rows, 'row')} added; the lake has all that the topics hold")


def _existing(lake: Lake, spec: LakeTable) -> Table:
    """A table that is there: what looks after tables makes none where a path is misspelt."""
    if is_installed(lake) and not has_table(lake, spec):
        raise LakeError(
            f"{lake.table_uri(spec.name)}: there is no {lake.format} table of linkgauge; lake.path and "
            "lake.format say where it is, and `linkgauge lake` writes it"
        )
    return open_table(lake, spec)


def _of_damaged(places: Sequence[str]) -> str:
    more = len(places) - _NAMED
    named = "; ".join(places[:_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return (
        f"{count_text(len(places), 'row')} with a bitmap that is not what the row says, so the volume keeps "
        f"its intervals there: {named}; `linkgauge lake check` says what is wrong"
    )


def _logs(settings: Settings) -> dict[str, LogId]:
    broker, layout = settings.broker, layout_from(settings)
    identity = cluster_identity(broker.bootstrap, layout, broker.client)
    return {
        suffix: LogId(identity.cluster_id, layout.name(suffix), identity.topic_ids[layout.name(suffix)])
        for suffix in _SUFFIXES
    }


def _replaced(done: Iterable[Replaced]) -> tuple[tuple[str, ...], Iterator[tuple[str | int | None, ...]]]:
    columns = ("table", "folder", "files", "size", "rows_before", "rows_after", "interval_seconds")
    rows = (
        (
            each.table,
            str(each.before),
            each.before.files,
            bytes_text(each.before.size_bytes),
            each.before.rows,
            each.rows,
            each.rung_seconds,
        )
        for each in done
    )
    return columns, rows


@contextmanager
def _reporting(title: str) -> Iterator[Callable[[str], Report]]:
    with progress_after(title) as show:
        yield lambda stage: lambda done, total: show(stage, done, total)


def _today() -> date:
    return datetime.now(UTC).date()
