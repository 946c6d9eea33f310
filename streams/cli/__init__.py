"""The command `linkgauge`: one module for each sub-command, which registers itself here.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a check did not hold.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from streams import __version__
from streams.cli import (
    agent,
    config,
    dead_letters,
    doctor,
    entries,
    groups,
    lake,
    measure,
    plan,
    report,
    services,
    topics,
    up,
)
from streams.cli.anywhere import OptionsAnywhere
from streams.cli.output import complain
from streams.cli.session import Session
from streams.cli.usage import not_empty
from streams.errors import LinkgaugeError

__all__ = ["app", "main"]

_COMMANDS = (
    up,
    agent,
    groups,
    entries,
    measure,
    report,
    plan,
    services,
    lake,
    topics,
    dead_letters,
    config,
    doctor,
)
"""Modules of the sub-commands, in the order in which the help lists them; each has `register(app)`."""

app = typer.Typer(
    name="linkgauge",
    cls=OptionsAnywhere,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001  # the signature is typer's
    if asked:
        typer.echo(f"linkgauge {__version__}")
        raise typer.Exit


@app.callback(epilog="--config and --bootstrap may stand anywhere, also behind the sub-command.")
def _linkgauge(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings file; else LINKGAUGE_CONFIG, else ./linkgauge.toml.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    bootstrap: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Kafka to use; else the embedded one's address.", callback=not_empty
        ),
    ] = None,
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version and end.")
    ] = False,
) -> None:
    """Measures how wide a storage replication link must be."""
    del version  # its callback has seen to it
    ctx.obj = Session(config, bootstrap)


for _module in _COMMANDS:
    _module.register(app)


def main() -> None:
    """Runs the command; what goes wrong becomes one line on stderr, and exit code 1, or 2 for wrong usage."""
    try:
        code = app(standalone_mode=False)
    except LinkgaugeError as error:
        complain(str(error))
        sys.exit(1)
    except typer.Abort:
        complain("not confirmed, nothing is done")
        sys.exit(1)
    except TyperException as error:
        _explain(error)
        sys.exit(error.exit_code)
    sys.exit(code)


def _explain(error: TyperException) -> None:
    """Says what is wrong with the usage, and where to read on; help that was only wanted is there already."""
    ctx: typer.Context | None = getattr(error, "ctx", None)
    if what := error.format_message():
        complain(f"{what.rstrip('.')}{f'; see `{ctx.command_path} --help`' if ctx else ''}")
