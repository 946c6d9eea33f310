"""A worker on the Kafka client of its options, from start to end."""

from __future__ import annotations

from streams.errors import LinkgaugeError
from streams.processor.core import AroundSend
from streams.processor.options import WorkerOptions

__all__ = ["run_worker"]


def run_worker(options: WorkerOptions, around_send: AroundSend | None = None) -> None:
    """Runs a worker until SIGTERM or SIGINT.

    Raises:
        LinkgaugeError: the worker stopped because of its own failure; nothing is lost, start it again.
    """
    failure = _run(options, around_send)
    if isinstance(failure, LinkgaugeError):
        raise failure
    if failure is not None:
        raise LinkgaugeError(f"the worker stopped: {failure!r}; start it again") from failure


def _run(options: WorkerOptions, around_send: AroundSend | None) -> BaseException | None:
    """Imports no more than the one shell: Faust takes half a second."""
    if options.shell == "confluent":
        from streams.processor.confluent_shell import run_confluent  # noqa: PLC0415

        return run_confluent(options, around_send)
    from streams.processor.faust_shell import run_faust  # noqa: PLC0415

    return run_faust(options, around_send)
