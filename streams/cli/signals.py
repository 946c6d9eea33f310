"""Ending on SIGTERM and Ctrl-C: noted by services that look, or interrupting a command that only waits."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

__all__ = ["on_hangup", "stop_signals", "until_interrupted"]

_NUMBERS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_signals() -> Iterator[Event]:
    """An event that SIGTERM or Ctrl-C sets, the second time as well: stopping is never cut short half-way."""
    stop = Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, note) for number in _NUMBERS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def on_hangup(note: Callable[[], None]) -> Iterator[None]:
    """A block in which SIGHUP calls `note` and ends nothing."""
    before = signal.signal(signal.SIGHUP, lambda _number, _frame: note())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def until_interrupted(clean_up: Callable[[], None]) -> Iterator[None]:
    """A block that SIGTERM or Ctrl-C ends, whatever it does; `clean_up` then runs undisturbed by either."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in _NUMBERS}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number in _NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        try:
            clean_up()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
