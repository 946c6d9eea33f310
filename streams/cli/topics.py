"""`linkgauge topics create / check`: the topics on the Kafka in use."""

from __future__ import annotations

import typer

from streams.broker.topics import TopicLayout, check_topics, create_topics
from streams.cli.output import complain
from streams.cli.session import session_of
from streams.settings import Settings

__all__ = ["CHECK_FAILED", "layout_from", "register"]

CHECK_FAILED = 3
"""Exit code where a check did not hold."""


def register(app: typer.Typer) -> None:
    """Adds `topics` to the command."""
    topics = typer.Typer(no_args_is_help=True)
    topics.command()(create)
    topics.command()(check)
    app.add_typer(topics, name="topics", help="Create the topics, or check how they are set up.")


def layout_from(settings: Settings) -> TopicLayout:
    """How the topics are to be, by the settings."""
    broker = settings.broker
    return TopicLayout(broker.topic_prefix, broker.partitions, broker.replication_factor)


def create(ctx: typer.Context) -> None:
    """Create the topics that are missing; those that exist stay as they are."""
    settings = session_of(ctx).settings
    created = create_topics(settings.broker.bootstrap, layout_from(settings), settings.broker.client)
    for name in created:
        typer.echo(f"created {name}")
    if not created:
        typer.echo("nothing to do: all topics exist")


def check(ctx: typer.Context) -> None:
    """Check that all topics exist and are set up as they must be; exit code 3 where not."""
    settings = session_of(ctx).settings
    layout = layout_from(settings)
    problems = check_topics(settings.broker.bootstrap, layout, settings.broker.client)
    for problem in problems:
        complain(str(problem))
    if problems:
        raise typer.Exit(CHECK_FAILED)
    typer.echo(f"all {len(layout.names())} topics are as they must be")
