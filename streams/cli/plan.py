"""`linkgauge plan`: what-if over bandwidth, paths, time and everything that lies between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.output import CsvFlag, JsonFlag, layout_of, progress_after
from streams.cli.places import kept_from, place_of, tell
from streams.cli.plans.claim import ClaimPlan, claim_object, claim_plan, print_claim
from streams.cli.plans.data import measured_stored, measured_trace
from streams.cli.plans.diff import changes, print_changes, require_shape
from streams.cli.plans.facts import matrix_object
from streams.cli.plans.knobs import BARE, DATA, DEFAULTS, KNOBS
from streams.cli.plans.matrix import MatrixPlan, matrix_plan
from streams.cli.plans.parameters import (
    Parameters,
    asked_of_file,
    printed_plan,
    read_options,
    terms_of_link,
    with_options,
)
from streams.cli.plans.table import print_matrix
from streams.cli.reports.asking import unknown
from streams.cli.reports.finding import known_groups
from streams.cli.session import Session, session_of
from streams.cli.usage import time_range
from streams.errors import DefinitionError, MissingData, SettingsError
from streams.model.groups import Definition
from streams.settings import Link, require_consistent_links
from streams.store import Place

__all__ = ["register"]

_UNANSWERED = 3
_EITHER = "A plan printed with --json, or parameters as TOML."


def register(app: typer.Typer) -> None:
    """Adds `plan` to the command."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(with_options(plan))
    group.command("diff")(diff)
    app.add_typer(group, name="plan")


def plan(
    ctx: typer.Context,
    *,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Parameters as TOML, or what a plan printed with --json; options go before it.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="No overhead, no ceiling, no safety, no growth, unless asked for.")
    ] = False,
    csv: CsvFlag = False,
    json: JsonFlag = False,
    **texts: Any,
) -> None:
    """Plan a link: of changed bytes, paths, bandwidth and time the one that is left out.

    Sizes are written 1TiB or 100GB, rates 155.52Mbit/s, 20MB/s or OC-3, times 15min or 1h30min, shares 70%.
    Exit code 3: nothing is enough.
    """
    values = read_options(texts)
    if ctx.invoked_subcommand is not None:
        if values or file or bare or csv or json:
            raise typer.BadParameter(
                f"options of a plan do not go before {ctx.invoked_subcommand}; --csv and --json go behind it"
            )
        return
    layout = layout_of(csv=csv, json=json)
    session = session_of(ctx)
    asked = parameters_of({**(asked_of_file(file) if file else {}), **values}, session, bare=bare)
    answer = _answer(asked, session)
    with _answering():
        if isinstance(answer, MatrixPlan):
            print_matrix(answer, layout)
            return
        print_claim(answer, layout)
    if not answer.is_answered:
        raise typer.Exit(_UNANSWERED)


def diff(
    ctx: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="A", exists=True, dir_okay=False, help=_EITHER)],
    b: Annotated[Path, typer.Argument(metavar="B", exists=True, dir_okay=False, help=_EITHER)],
    *,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """Show what two plans were asked differently, and what follows from it: paths, time, bandwidth, cost.

    Parameter files are planned first, on today's data where they name some.
    """
    layout = layout_of(csv=csv, json=json)
    printed = [_printed(file, session_of(ctx)) for file in (a, b)]
    with _answering():
        found = changes(*printed)
        print_changes(found, (str(a), str(b)), layout)


def _printed(file: Path, session: Session) -> Mapping[str, Any]:
    """A plan as it was printed with --json, or the answer to a parameter file."""
    if (printed := printed_plan(file)) is not None:
        with _answering():
            require_shape(printed, str(file))
        return printed
    answer = _answer(parameters_of(asked_of_file(file), session), session)
    with _answering():
        return matrix_object(answer) if isinstance(answer, MatrixPlan) else claim_object(answer)


def parameters_of(
    values: Mapping[str, Any], session: Session | None = None, *, bare: bool = False
) -> Parameters:
    """The parameters, with what holds by default.

    Raises:
        BadParameter: they contradict each other, or need measured data.
    """
    sources = [key for key in ("group", "link", "trace") if key in values]
    if len(sources) > 1:
        raise typer.BadParameter(f"--{' and --'.join(sources)} exclude each other; name one source of data")
    alone = [knob.option for knob in KNOBS if knob.key in values and knob.key in DATA]
    if alone and not sources:
        raise typer.BadParameter(
            f"{', '.join(alone)}: only with measured data; add --group, --link or --trace"
        )
    terms: Mapping[str, Any] = {}
    if session is not None and "link" in values:
        terms = terms_of_link(_link(values["link"], session))
    try:
        return Parameters.of({**DEFAULTS, **terms, **(BARE if bare else {}), **values})
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _answer(asked: Parameters, session: Session) -> ClaimPlan | MatrixPlan:
    if not asked.has_data:
        with _answering():
            return claim_plan(asked)
    with _answering():
        place, definitions = _stored(asked, session)
    with progress_after("plan") as report, _answering():
        if definitions:
            measured = measured_stored(place, definitions, asked, report)
        else:
            measured = measured_trace(asked, report)
        plan = matrix_plan(asked, measured, report)
    tell(place)
    return plan


def _stored(asked: Parameters, session: Session) -> tuple[Place, Mapping[str, Definition]]:
    """The groups whose stored data are planned from, and where they are; none for a trace.

    Raises:
        BadParameter: a group or link is not known, or those of a link share an extent.
    """
    names = [asked.group] if asked.group else list(_link(asked.link, session).groups) if asked.link else []
    if not names:
        return session.source, {}
    if asked.definition is not None and asked.link:
        raise typer.BadParameter("--definition is of a --group; a link has those of the settings")
    from_us, _ = time_range(asked.from_, asked.to)
    file = None if asked.definition is None else Path(asked.definition)
    if file is not None and not file.is_file():
        raise typer.BadParameter(f"--definition: there is no file {file}")
    place = place_of(session, kept_from(asked.source), names, from_us, file)
    known = known_groups(place, names)
    if asked.link:
        require_consistent_links({asked.link: _link(asked.link, session)}, known.definitions)
    return place, known.definitions


def _link(name: str, session: Session) -> Link:
    links = session.settings.links
    if name not in links:
        raise unknown("link", name, links, "give the settings a section [links.NAME]")
    return links[name]


@contextmanager
def _answering() -> Iterator[None]:
    """A question that has no answer is wrong usage: the sentence names the field and the remedy."""
    try:
        yield
    except (ValueError, SettingsError, DefinitionError, MissingData) as error:
        raise typer.BadParameter(str(error)) from error
    except OverflowError as error:
        raise typer.BadParameter(
            "the amounts lie so far apart that no figure holds what follows; "
            "give larger --time, --path, --efficiency and --ceiling, or less --changed and --growth"
        ) from error
