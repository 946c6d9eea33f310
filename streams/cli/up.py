"""`linkgauge up`: Kafka, worker, reporter and lake in one supervised group; `--demo` adds a fleet."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from streams.broker.config import DEFAULT_PORT
from streams.cli.demo import demo_environment, example_query, run_demo
from streams.cli.output import say
from streams.cli.services import SHELL_HELP
from streams.cli.session import session_of
from streams.cli.signals import until_interrupted
from streams.cli.stack import Stack
from streams.cli.topics import CHECK_FAILED
from streams.processor.options import Shell

__all__ = ["register"]

_CHECK_SECONDS = 0.2


def register(app: typer.Typer) -> None:
    """Adds `up` to the command."""
    app.command()(up)


def up(
    ctx: typer.Context,
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where Kafka and the lake keep their data, and the logs; ./data by default."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port of the embedded Kafka; 0 picks a free one.")
    ] = DEFAULT_PORT,
    demo: Annotated[
        bool, typer.Option("--demo", help="Measure a synthetic day whose answer is known; data is temporary.")
    ] = False,
    shell: Annotated[Shell | None, typer.Option(help=SHELL_HELP)] = None,
    end: Annotated[
        bool, typer.Option("--exit", help="End after the demo's report; code 3 where a figure is wrong.")
    ] = False,
) -> None:
    """Run everything on this machine until Ctrl-C: Kafka, a worker, the reporter, the lake.

    A service that ends by itself is started again, each time after a longer pause of up to 30 s.

    No Kafka is started where --bootstrap, the environment or the settings file names one.
    """
    if end and not demo:
        raise typer.BadParameter("--exit belongs to --demo")
    agrees = None
    with ExitStack() as leftovers:
        if data is None and demo:
            data = Path(tempfile.mkdtemp(prefix="linkgauge-demo-"))
            leftovers.callback(shutil.rmtree, data, ignore_errors=True)
        environment = demo_environment() if demo else {}
        if shell is not None:
            environment["LINKGAUGE_WORKER__SHELL"] = shell
        stack = Stack(session_of(ctx), data or Path("data"), port, environment)
        with until_interrupted(stack.stop):
            stack.start()
            if demo:
                agrees = run_demo(stack.source, stack.url, stack.require_running)
            typer.echo(f"\n{stack.description()}")
            if demo and stack.lake:
                typer.echo(f"\n{example_query(stack.lake)}")
            if not end:
                _stay(stack)
        say("everything is stopped")
    if end and not agrees:
        raise typer.Exit(1 if agrees is None else CHECK_FAILED)


def _stay(stack: Stack) -> None:
    say("Ctrl-C ends it")
    while True:
        stack.check()
        time.sleep(_CHECK_SECONDS)
