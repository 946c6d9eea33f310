"""`linkgauge plan`: what-if over bandwidth, paths, time and everything that lies between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.output import CsvFlag, JsonFlag, Layout, layout_of
from streams.cli.plan_claim import claim_plan, print_claim
from streams.cli.plan_data import measured_trace
from streams.cli.plan_knobs import BARE, DATA, DEFAULTS, KNOBS
from streams.cli.plan_matrix import matrix_plan
from streams.cli.plan_parameters import Parameters, asked_of_file, read_options, with_options
from streams.cli.plan_table import print_matrix
from streams.cli.traces import progress_bar
from streams.errors import DefinitionError, MissingData, SettingsError

__all__ = ["register"]

_UNANSWERED = 3


def register(app: typer.Typer) -> None:
    """Adds `plan` to the command."""
    group = typer.Typer()
    group.callback(invoke_without_command=True)(with_options(plan))
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
            raise typer.BadParameter(f"options of a plan do not go before {ctx.invoked_subcommand}")
        return
    layout = layout_of(csv=csv, json=json)
    asked = parameters_of({**(asked_of_file(file) if file else {}), **values}, bare=bare)
    _run(asked, layout)


def parameters_of(values: dict[str, Any], *, bare: bool = False) -> Parameters:
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
    try:
        return Parameters.of({**(BARE if bare else DEFAULTS), **values})
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _run(asked: Parameters, layout: Layout) -> None:
    if asked.has_data:
        with _answering(), progress_bar() as report:
            matrix = matrix_plan(asked, measured_trace(asked, report), report)
        print_matrix(matrix, layout)
        return
    with _answering():
        claim = claim_plan(asked)
    print_claim(claim, layout)
    if not claim.is_answered:
        raise typer.Exit(_UNANSWERED)


@contextmanager
def _answering() -> Iterator[None]:
    """A question that has no answer is wrong usage: the sentence names the field and the remedy."""
    try:
        yield
    except (ValueError, SettingsError, DefinitionError, MissingData) as error:
        raise typer.BadParameter(str(error)) from error
