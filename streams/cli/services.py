"""`linkgauge worker` and `linkgauge reporter`: one service each, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import Annotated

import typer

from streams.broker.topics import check_topics, cluster_identity
from streams.cli.logs import configure_logs
from streams.cli.session import session_of
from streams.cli.signals import on_hangup, stop_signals
from streams.cli.topics import layout_from
from streams.errors import TopicMismatch
from streams.processor.options import Shell, WorkerOptions
from streams.reporter.reloading import Reloader
from streams.reporter.service import run_reporter
from streams.settings import Settings

__all__ = ["SHELL_HELP", "register", "worker_options"]


def register(app: typer.Typer) -> None:
    """Adds the services to the command."""
    app.command()(worker)
    app.command()(reporter)


SHELL_HELP = "Kafka client to run on, above worker.shell in the settings; all workers have the same one."


def worker(
    ctx: typer.Context, *, shell: Annotated[Shell | None, typer.Option(help=SHELL_HELP)] = None
) -> None:
    """Run a worker: writes in, bit tables and summaries out. Several share the groups."""
    # What Kafka clients need takes a while to import; the other commands do without.
    from streams.processor.worker import run_worker  # noqa: PLC0415

    configure_logs()
    options = worker_options(session_of(ctx).settings)
    run_worker(options if shell is None else replace(options, shell=shell))


def reporter(ctx: typer.Context) -> None:
    """Run the reporter: summaries in, Prometheus metrics out. SIGHUP reads the settings anew."""
    configure_logs()
    session = session_of(ctx)
    reloader = Reloader(session.settings, session.read_settings)
    with stop_signals() as stop, on_hangup(reloader.request):
        run_reporter(session.settings, stop, reloader=reloader)


def worker_options(settings: Settings) -> WorkerOptions:
    """What a worker must be told, from the settings and from the cluster.

    Raises:
        TopicMismatch: the topics are not as they must be; nothing is consumed then.
    """
    broker, layout = settings.broker, layout_from(settings)
    if problems := check_topics(broker.bootstrap, layout, broker.client):
        raise TopicMismatch("; ".join(map(str, problems)))
    identity = cluster_identity(broker.bootstrap, layout, broker.client)
    return WorkerOptions(
        bootstrap=broker.bootstrap,
        name=settings.worker.name or f"{socket.gethostname()}-{os.getpid()}",
        cluster_id=identity.cluster_id,
        topic_id=identity.topic_ids[layout.name("writes")],
        topic_prefix=broker.topic_prefix,
        client=broker.client,
        shell=settings.worker.shell,
        host=settings.worker.host,
        port=settings.worker.port,
    )
