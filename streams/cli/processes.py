"""One piece of work in several processes: each takes a share, all report how far they are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from typing import Any, TypeVar

__all__ = ["cores", "spread"]

_PAUSE_SECONDS = 0.1

_Share = TypeVar("_Share")
_Result = TypeVar("_Result")

_done: Any = None  # in a process of a pool: how much all of them have done


def cores() -> int:
    """How many processes may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spread(
    work: Callable[[_Share, Callable[[], None]], _Result],
    shares: Sequence[_Share],
    progress: Callable[[int], None],
) -> list[_Result]:
    """What `work` makes of each share, in their order, each in a process of its own.

    Args:
        work: a function of a module; it calls its second argument once for every step that it has done.
        shares: what can be sent to another process.
        progress: called from time to time with the steps that all have done.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of Kafka's threads
    counter = context.Value("q", 0)
    with ProcessPoolExecutor(len(shares), context, _begin, (counter,)) as pool:
        try:
            running = [pool.submit(_run, work, share) for share in shares]
            while wait(running, _PAUSE_SECONDS).not_done:
                progress(counter.value)
            return [each.result() for each in running]
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _begin(counter: Any) -> None:
    global _done  # noqa: PLW0603  # what a process of a pool is given once
    _done = counter
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command itself ends its processes
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _run(work: Callable[[_Share, Callable[[], None]], _Result], share: _Share) -> _Result:
    return work(share, _step)


def _step() -> None:
    with _done.get_lock():
        _done.value += 1
