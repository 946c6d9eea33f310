"""`linkgauge report group` and `report link`: SUM and OR side by side, and what they ask of a link."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from streams.cli.measured import measured_groups
from streams.cli.output import CsvFlag, JsonFlag, layout_of
from streams.cli.report_group import Question, group_report
from streams.cli.report_link import link_report
from streams.cli.session import session_of
from streams.cli.usage import group_name, not_empty, time_range
from streams.errors import SettingsError
from streams.settings import require_consistent_links
from streams.store import groups

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds `report` to the command."""
    report = typer.Typer(no_args_is_help=True)
    report.command("group")(group)
    report.command("link")(link)
    app.add_typer(report, name="report", help="Bandwidth, paths and time from what was measured.")


def _positive(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value:g} is not more than zero")
    return value


def _number(unit: str, help_text: str) -> Any:
    return typer.Option(metavar=unit, callback=_positive, help=help_text)


From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="First interval, RFC 3339; else the oldest.")
]
To = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="End of the range, exclusive; else the newest.")
]
OwnSeconds = Annotated[float | None, _number("SECONDS", "Instead of the link's own.")]
OwnRate = Annotated[float | None, _number("RATE", "Instead of the link's own.")]
OwnPaths = Annotated[int | None, typer.Option(min=1, help="Instead of the link's own.")]


def group(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The data group.", callback=group_name)],
    *,
    start: From = None,
    end: To = None,
    resync_seconds: Annotated[float, _number("SECONDS", "Time to ship the changes in.")] = 3600,
    path_bits_per_second: Annotated[float | None, _number("RATE", "How many paths of this rate?")] = None,
    paths: Annotated[int | None, typer.Option(min=1, help="What rate on each of so many paths?")] = None,
    bits_per_second: Annotated[float | None, _number("RATE", "How long at this rate in total?")] = None,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """Report what a group changed, and the bandwidth, paths and time that it takes to ship it.

    Of rate and number of paths either may be given, or both: then the time on them is told too.
    """
    layout = layout_of(csv=csv, json=json)
    question = Question(resync_seconds, path_bits_per_second, paths, bits_per_second)
    from_us, to_us = time_range(start, end)
    measured = measured_groups(session_of(ctx).source, [name], from_us, to_us)
    group_report(name, measured[name], question, layout)


def link(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The link, as named in the settings.", callback=not_empty)],
    *,
    start: From = None,
    end: To = None,
    resync_seconds: OwnSeconds = None,
    path_bits_per_second: OwnRate = None,
    paths: OwnPaths = None,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """Report what the groups of a link changed together, and whether the link is wide enough for it."""
    layout = layout_of(csv=csv, json=json)
    from_us, to_us = time_range(start, end)
    session = session_of(ctx)
    links = session.settings.links
    if name not in links:
        known = ", ".join(sorted(links)) or "none"
        raise SettingsError(f"links.{name}: there is no such link in the settings; there are: {known}")
    chosen = {
        "resync_seconds": resync_seconds,
        "path_bits_per_second": path_bits_per_second,
        "paths": paths,
    }
    terms = links[name].model_copy(update={key: value for key, value in chosen.items() if value is not None})
    definitions = {group: found[-1].definition for group, found in groups(session.source).items()}
    require_consistent_links({name: terms}, definitions)
    measured = measured_groups(session.source, terms.groups, from_us, to_us)
    link_report(name, terms, measured, layout)
