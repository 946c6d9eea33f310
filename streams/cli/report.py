"""`linkgauge report`: what changed and what it asks of a link, over any stored range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from streams.cli.bundles import with_bundles
from streams.cli.output import progress_after
from streams.cli.places import DefinitionOption, tell
from streams.cli.reports.asking import asked, unknown
from streams.cli.reports.changed import Asked, Kind, changed_report, totals_report
from streams.cli.reports.choice import Choice
from streams.cli.reports.finding import Known, extents_of, known_groups
from streams.cli.reports.gathered import gather
from streams.cli.reports.linkreport import link_report
from streams.cli.reports.options import Extents, Groups, Output, Questions, Range, Terms
from streams.cli.reports.totals import totals_of
from streams.cli.session import session_of
from streams.cli.usage import group_name, not_empty
from streams.settings import require_consistent_links
from streams.store import Place

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds `report` to the command."""
    report = typer.Typer(no_args_is_help=True)
    for command in (volume, controller, group, dataset, link):
        report.command(command.__name__)(with_bundles(command))
    app.add_typer(report, name="report", help="Bandwidth, paths and time from what was measured.")


def volume(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="ARRAY/VOLUME")] = None,
    *,
    groups: Groups = None,
    asked_range: Range,
    questions: Questions,
    output: Output,
) -> None:
    """Report what each logical volume changed, SUM and OR; without names, all volumes."""
    place, known = _known(ctx, asked_range, groups)
    wanted = known.require_volumes(names) if names else None
    about = _about("volume", ", ".join(names or ["all"]), questions)
    _changed(place, about, known.holding(wanted), asked_range.choice().of(volumes=wanted), output)


def controller(
    ctx: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="ARRAY")] = None,
    *,
    groups: Groups = None,
    asked_range: Range,
    questions: Questions,
    output: Output,
) -> None:
    """Report what the volumes of each controller changed together; without names, of all controllers."""
    place, known = _known(ctx, asked_range, groups)
    wanted = known.require_controllers(names) if names else None
    about = _about("controller", ", ".join(names or ["all"]), questions)
    _changed(place, about, known.holding(wanted), asked_range.choice().of(volumes=wanted), output)


def group(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The data group.", callback=group_name)],
    *,
    definition: DefinitionOption = None,
    asked_range: Range,
    questions: Questions,
    output: Output,
) -> None:
    """Report what a group changed, and the bandwidth, paths and time that it takes to ship it.

    Of rate and number of paths either may be given, or both: then the time on them is told too, and the
    resynchronisation while writing goes on.
    """
    choice = asked_range.choice()
    place = asked_range.place(session_of(ctx), [name], definition)
    known = known_groups(place, [name])
    if definition is not None:
        choice = choice.of_definition(known.definitions[name])
    _changed(place, _about("group", name, questions), list(known.definitions), choice, output)


def dataset(  # noqa: PLR0913  # the options of a command
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the data set is called.", callback=not_empty)],
    *,
    extents: Extents,
    groups: Groups = None,
    asked_range: Range,
    questions: Questions,
    output: Output,
) -> None:
    """Report what one data set, a list of extents, changed: its tables are those of its tracks alone."""
    parts = extents_of(extents.extent or [], extents.extents)
    place, known = _known(ctx, asked_range, groups)
    wanted, choice = known.require_volumes(list(parts)), asked_range.choice().of(extents=parts)
    _changed(place, _about("dataset", name, questions), known.holding(wanted), choice, output)


def link(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The link, as named in the settings.", callback=not_empty)],
    *,
    asked_range: Range,
    terms: Terms,
    output: Output,
) -> None:
    """Report what a link must carry in its mode of replication, and whether it is wide enough for it."""
    choice = asked_range.choice()
    session = session_of(ctx)
    links = session.settings.links
    if name not in links:
        raise unknown("link", name, links, "give the settings a section [links.NAME]")
    chosen = terms.of(links[name])
    place = asked_range.place(session, chosen.groups)
    known = known_groups(place, chosen.groups)
    with asked():
        require_consistent_links({name: chosen}, known.definitions)
    with progress_after(f"link {name}") as progress, asked():
        gathered = gather(place, chosen.groups, choice, progress)
        report = link_report(name, chosen, gathered, terms.outage_seconds, terms.percents, progress)
    tell(place)
    output.show(report)


def _known(ctx: typer.Context, asked_range: Range, groups: list[str] | None) -> tuple[Place, Known]:
    """Where groups, or all, are read from, and which they are; a range that cannot be is refused first."""
    asked_range.choice()
    place = asked_range.place(session_of(ctx), groups)
    return place, known_groups(place, groups)


def _about(kind: Kind, name: str, questions: Questions) -> Asked:
    return Asked(
        kind, name, questions.question(), questions.cycle_seconds, questions.outage_seconds, questions.totals
    )


def _changed(place: Place, about: Asked, groups: Sequence[str], choice: Choice, output: Output) -> None:
    with progress_after(f"{about.kind} {about.name}") as progress, asked():
        if about.totals:
            report = totals_report(*totals_of(place, groups, choice, progress), about)
        else:
            report = changed_report(gather(place, groups, choice, progress), about, progress)
    tell(place)
    output.show(report)
