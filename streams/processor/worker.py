"""A worker on the Kafka client of its options, from start to end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from streams.errors import LinkgaugeError
from streams.model.kernel import fastest
from streams.processor.core import AroundSend
from streams.processor.options import WorkerOptions
from streams.telemetry.web import Answers, application, serving

__all__ = ["run_worker"]

_YOUNG_OBJECTS = 20_000
"""Python looks for cycles whenever so many more objects are there. A closing group makes hundreds, which go
by themselves; to look at all that is open for them took a tenth of a worker's time."""

_log = structlog.get_logger()


def run_worker(options: WorkerOptions, around_send: AroundSend | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT.

    Raises:
        SettingsError: its metrics cannot be served where they should be.
        LinkgaugeError: the worker stopped because of its own failure; nothing is lost, start it again.
    """
    with _telling(options):
        failure = _run(options, around_send)
    if isinstance(failure, LinkgaugeError):
        raise failure
    if failure is not None:
        raise LinkgaugeError(f"the worker stopped: {failure!r}; start it again") from failure


@contextmanager
def _telling(options: WorkerOptions) -> Iterator[None]:
    """Serves the worker's metrics meanwhile, if it shall."""
    if options.port is None:
        yield
        return
    vitals = options.vitals
    answers = Answers(
        "worker",
        page=vitals.page,
        is_alive=lambda: vitals.is_alive,
        is_ready=lambda: vitals.ready,
        not_ready="loading partitions, or none is its own",
    )
    with serving(application(answers), options.host, options.port, "worker") as port:
        _log.info("worker_listening", url=f"http://{options.host}:{port}/metrics")
        yield


def _run(options: WorkerOptions, around_send: AroundSend | None) -> BaseException | None:
    """Imports no more than the one shell: Faust takes half a second."""
    _log.info("marking", kernel=fastest().name)  # it is loaded before writes wait for it
    if options.shell == "confluent":
        from streams.processor.confluent_shell import run_confluent as run  # noqa: PLC0415
    else:
        from streams.processor.faust_shell import run_faust as run  # noqa: PLC0415
    gc.freeze()  # what is imported stays
    gc.set_threshold(_YOUNG_OBJECTS)
    return run(options, around_send)
