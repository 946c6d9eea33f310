"""`linkgauge report`: what changed and what it asks of a link, over any stored range."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from streams.cli.output import CsvFlag, JsonFlag, Layout, layout_of, progress_after
from streams.cli.reports.asking import asked, unknown
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.changed import Asked, changed_report
from streams.cli.reports.claims import Question
from streams.cli.reports.document import Report
from streams.cli.reports.finding import extents_of, known_groups
from streams.cli.reports.gathered import Choice, gather
from streams.cli.reports.linkreport import link_report
from streams.cli.reports.page import html_page
from streams.cli.reports.showing import show
from streams.cli.session import session_of
from streams.cli.usage import group_name, not_empty, time_range
from streams.model.sizing.attainment import PERCENTS
from streams.model.sizing.basis import Mode
from streams.model.sizing.cautions import LEAST_COVERAGE
from streams.model.sizing.profiles import require_profile
from streams.settings import require_consistent_links

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds `report` to the command."""
    report = typer.Typer(no_args_is_help=True)
    for command in (volume, controller, group, dataset, link):
        report.command(command.__name__)(command)
    app.add_typer(report, name="report", help="Bandwidth, paths and time from what was measured.")


def _positive(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value:g} is not more than zero")
    return value


def _number(unit: str, help_text: str) -> Any:
    return typer.Option(metavar=unit, callback=_positive, help=help_text)


def _one_of_modes(mode: str | None) -> str | None:
    if mode is not None and mode not in get_args(Mode):
        raise typer.BadParameter(f"{mode!r}: choose one of {', '.join(get_args(Mode))}")
    return mode


def _profile(name: str | None) -> str | None:
    if name is not None:
        with asked():
            require_profile(name)
    return name


From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="First interval, RFC 3339; else the oldest.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="End of the range, exclusive; else the newest.")
]
HoursOption = Annotated[
    str | None, typer.Option("--hours", metavar="FROM-TO", help="Only these hours of a day, such as 8-18.")
]
WeekdaysOption = Annotated[
    str | None, typer.Option("--weekdays", metavar="DAYS", help="Only these days, such as mon-fri.")
]
ZoneOption = Annotated[str, typer.Option("--zone", metavar="ZONE", help="Whose hours and days they are.")]
Least = Annotated[
    float,
    typer.Option(
        "--least-coverage",
        metavar="SHARE",
        min=0,
        max=1,
        help="No figures where less of the asked time was measured.",
    ),
]
TableOption = Annotated[
    str | None, typer.Option("--table", metavar="NAME", help="With --csv: another table of the report.")
]
HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write a page with the charts.", dir_okay=False),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GROUP", help="Only of these groups, repeated; else of all."),
]
Resync = Annotated[float, _number("SECONDS", "Time to ship the changes in.")]
PathRate = Annotated[float | None, _number("RATE", "How many paths of this rate?")]
Paths = Annotated[int | None, typer.Option(min=1, help="What rate on each of so many paths?")]
Rate = Annotated[float | None, _number("RATE", "How long at this rate in total?")]
Cycle = Annotated[float, _number("SECONDS", "Cycle that advice on volumes is for.")]
Outage = Annotated[float, _number("SECONDS", "Outage behind which the resynchronisation is replayed.")]
OwnSeconds = Annotated[float | None, _number("SECONDS", "Instead of the link's own.")]
OwnRate = Annotated[float | None, _number("RATE", "Instead of the link's own.")]
OwnNumber = Annotated[int | None, typer.Option(min=1, help="Instead of the link's own.")]


def volume(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="ARRAY/VOLUME")] = None,
    *,
    groups: Groups = None,
    start: From = None,
    end: To = None,
    hours: HoursOption = None,
    weekdays: WeekdaysOption = None,
    zone: ZoneOption = "UTC",
    resync_seconds: Resync = 3600,
    path_bits_per_second: PathRate = None,
    paths: Paths = None,
    bits_per_second: Rate = None,
    cycle_seconds: Cycle = 900,
    outage_seconds: Outage = 3600,
    least_coverage: Least = LEAST_COVERAGE,
    csv: CsvFlag = False,
    table: TableOption = None,
    json: JsonFlag = False,
    html: HtmlOption = None,
) -> None:
    """Report what each logical volume changed, SUM and OR; without names, all volumes."""
    output = _Output(csv=csv, json=json, table=table, html=html)
    question = Question(resync_seconds, path_bits_per_second, paths, bits_per_second)
    choice = _choice(start, end, (hours, weekdays, zone), least_coverage)
    known = known_groups(session_of(ctx).source, groups)
    wanted = None if not names else known.require_volumes(names)
    about = Asked("volume", ", ".join(names or ["all"]), question, cycle_seconds, outage_seconds)
    _changed(ctx, about, known.holding(wanted), choice.of(volumes=wanted), output)


def controller(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="ARRAY")] = None,
    *,
    groups: Groups = None,
    start: From = None,
    end: To = None,
    hours: HoursOption = None,
    weekdays: WeekdaysOption = None,
    zone: ZoneOption = "UTC",
    resync_seconds: Resync = 3600,
    path_bits_per_second: PathRate = None,
    paths: Paths = None,
    bits_per_second: Rate = None,
    cycle_seconds: Cycle = 900,
    outage_seconds: Outage = 3600,
    least_coverage: Least = LEAST_COVERAGE,
    csv: CsvFlag = False,
    table: TableOption = None,
    json: JsonFlag = False,
    html: HtmlOption = None,
) -> None:
    """Report what the volumes of each controller changed together; without names, of all controllers."""
    output = _Output(csv=csv, json=json, table=table, html=html)
    question = Question(resync_seconds, path_bits_per_second, paths, bits_per_second)
    choice = _choice(start, end, (hours, weekdays, zone), least_coverage)
    known = known_groups(session_of(ctx).source, groups)
    wanted = None if not names else known.require_controllers(names)
    about = Asked("controller", ", ".join(names or ["all"]), question, cycle_seconds, outage_seconds)
    _changed(ctx, about, known.holding(wanted), choice.of(volumes=wanted), output)


def group(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The data group.", callback=group_name)],
    *,
    start: From = None,
    end: To = None,
    hours: HoursOption = None,
    weekdays: WeekdaysOption = None,
    zone: ZoneOption = "UTC",
    resync_seconds: Resync = 3600,
    path_bits_per_second: PathRate = None,
    paths: Paths = None,
    bits_per_second: Rate = None,
    cycle_seconds: Cycle = 900,
    outage_seconds: Outage = 3600,
    least_coverage: Least = LEAST_COVERAGE,
    csv: CsvFlag = False,
    table: TableOption = None,
    json: JsonFlag = False,
    html: HtmlOption = None,
) -> None:
    """Report what a group changed, and the bandwidth, paths and time that it takes to ship it.

    Of rate and number of paths either may be given, or both: then the time on them is told too, and the
    resynchronisation while writing goes on.
    """
    output = _Output(csv=csv, json=json, table=table, html=html)
    question = Question(resync_seconds, path_bits_per_second, paths, bits_per_second)
    choice = _choice(start, end, (hours, weekdays, zone), least_coverage)
    known = known_groups(session_of(ctx).source, [name])
    about = Asked("group", name, question, cycle_seconds, outage_seconds)
    _changed(ctx, about, list(known.definitions), choice, output)


def dataset(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the data set is called.", callback=not_empty)],
    *,
    extent: Annotated[
        list[str] | None,
        typer.Option(
            "--extent",
            metavar="ARRAY/VOLUME[:OFFSET+LENGTH]",
            help="A part of the data set, in bytes, repeated; without a range the whole volume.",
        ),
    ] = None,
    extents: Annotated[
        Path | None,
        typer.Option(
            "--extents",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Parts as CSV: volume,offset_bytes,length_bytes.",
        ),
    ] = None,
    groups: Groups = None,
    start: From = None,
    end: To = None,
    hours: HoursOption = None,
    weekdays: WeekdaysOption = None,
    zone: ZoneOption = "UTC",
    resync_seconds: Resync = 3600,
    path_bits_per_second: PathRate = None,
    paths: Paths = None,
    bits_per_second: Rate = None,
    cycle_seconds: Cycle = 900,
    outage_seconds: Outage = 3600,
    least_coverage: Least = LEAST_COVERAGE,
    csv: CsvFlag = False,
    table: TableOption = None,
    json: JsonFlag = False,
    html: HtmlOption = None,
) -> None:
    """Report what one data set, a list of extents, changed: its tables are those of its tracks alone."""
    output = _Output(csv=csv, json=json, table=table, html=html)
    question = Question(resync_seconds, path_bits_per_second, paths, bits_per_second)
    choice = _choice(start, end, (hours, weekdays, zone), least_coverage)
    parts = extents_of(extent or [], extents)
    known = known_groups(session_of(ctx).source, groups)
    wanted = known.require_volumes(list(parts))
    about = Asked("dataset", name, question, cycle_seconds, outage_seconds)
    _changed(ctx, about, known.holding(wanted), choice.of(extents=parts), output)


def link(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The link, as named in the settings.", callback=not_empty)],
    *,
    start: From = None,
    end: To = None,
    hours: HoursOption = None,
    weekdays: WeekdaysOption = None,
    zone: ZoneOption = "UTC",
    mode: Annotated[
        str | None,
        typer.Option(metavar="MODE", callback=_one_of_modes, help="How the replicator works."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", callback=_profile, help="A common replicator.")
    ] = None,
    rpo_seconds: OwnSeconds = None,
    cycle_seconds: OwnNumber = None,
    apply_seconds: OwnSeconds = None,
    block_bytes: OwnNumber = None,
    percent: Annotated[
        list[float] | None,
        typer.Option(metavar="PERCENT", help="Keep the RPO for this share of time and bytes, repeated."),
    ] = None,
    outage_seconds: Outage = 3600,
    resync_seconds: OwnSeconds = None,
    path_bits_per_second: OwnRate = None,
    paths: OwnNumber = None,
    least_coverage: Least = LEAST_COVERAGE,
    csv: CsvFlag = False,
    table: TableOption = None,
    json: JsonFlag = False,
    html: HtmlOption = None,
) -> None:
    """Report what a link must carry in its mode of replication, and whether it is wide enough for it."""
    output = _Output(csv=csv, json=json, table=table, html=html)
    choice = _choice(start, end, (hours, weekdays, zone), least_coverage)
    session = session_of(ctx)
    links = session.settings.links
    if name not in links:
        raise unknown("link", name, links, "give the settings a section [links.NAME]")
    chosen = {
        "mode": mode,
        "profile": profile,
        "rpo_seconds": rpo_seconds,
        "cycle_seconds": cycle_seconds,
        "apply_seconds": apply_seconds,
        "block_bytes": block_bytes,
        "resync_seconds": resync_seconds,
        "path_bits_per_second": path_bits_per_second,
        "paths": paths,
    }
    terms = links[name].model_copy(update={key: value for key, value in chosen.items() if value is not None})
    known = known_groups(session.source, terms.groups)
    with asked():
        require_consistent_links({name: terms}, known.definitions)
    with progress_after(f"link {name}") as progress, asked():
        gathered = gather(session.source, terms.groups, choice, progress)
        report = link_report(name, terms, gathered, outage_seconds, percent or PERCENTS, progress)
    output.show(report)


class _Output:
    """Where a report goes."""

    def __init__(self, *, csv: bool, json: bool, table: str | None, html: Path | None) -> None:
        self._layout = layout_of(csv=csv, json=json)
        self._table = table
        self._html = html
        if table is not None and self._layout is not Layout.CSV:
            raise typer.BadParameter("--table chooses what --csv prints; give --csv as well")
        if html is not None and not html.parent.is_dir():
            raise typer.BadParameter(f"--html {html}: there is no folder {html.parent}; make it first")

    def show(self, report: Report) -> None:
        """Prints it, and writes its page."""
        if self._html is not None:
            page = html_page(report)
            try:
                self._html.write_text(page, "utf-8")
            except OSError as error:
                raise typer.BadParameter(
                    f"--html {self._html}: {error.strerror}; name a file that can be written"
                ) from error
        show(report, self._layout, self._table)


def _choice(
    start: str | None, end: str | None, calendar: tuple[str | None, str | None, str], least_coverage: float
) -> Choice:
    from_us, to_us = time_range(start, end)
    return Choice(from_us, to_us, calendar_of(*calendar), least_coverage)


def _changed(
    ctx: typer.Context, about: Asked, groups: Sequence[str], choice: Choice, output: _Output
) -> None:
    source = session_of(ctx).source
    with progress_after(f"{about.kind} {about.name}") as progress, asked():
        gathered = gather(source, groups, choice, progress)
        report = changed_report(gathered, about, progress)
    output.show(report)
