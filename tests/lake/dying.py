"""A sink that is killed at a chosen step: `steps` wraps everything that changes what is stored.

`python -m tests.lake.dying FORMAT PATH` runs one over the story to its end, for who kills it from outside.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.io.pyarrow import PyArrowFile

from streams.lake.formats.delta import DeltaLakeTable
from streams.lake.formats.iceberg import IcebergTable
from streams.lake.formats.objects import Objects
from streams.lake.formats.parquet import ParquetTable
from streams.settings import Lake
from tests.lake.logs import feeds_of, run, story

STEPS: tuple[tuple[type, str], ...] = (
    (DeltaLakeTable, "write"),
    (ParquetTable, "append"),
    (IcebergTable, "append"),
    (Objects, "put"),
    (Objects, "create"),
    (Objects, "move"),
    (Objects, "delete"),
    (PyArrowFile, "create"),
    (SqlCatalog, "commit_table"),
)
"""What changes the storage, and what is around it."""


@contextmanager
def steps(reach: Callable[[str], None]) -> Iterator[None]:
    """Calls `reach` before and after each step with its name."""

    def around(owner: type, name: str) -> Any:
        original = getattr(owner, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            reach(f"before {owner.__name__}.{name}")
            result = original(*args, **options)
            reach(f"after {owner.__name__}.{name}")
            return result

        return patch.object(owner, name, wrapped)

    patches = [around(*step) for step in STEPS]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def names_of_steps(lake: Lake) -> list[str]:
    """The steps of a whole run."""
    names: list[str] = []
    with steps(names.append):
        sink(lake)
    return names


def sink(lake: Lake) -> None:
    """Takes the story in, each table by one commit."""
    logs = story()
    run(feeds_of(lake, logs), logs, at_once=1000)


def killed_at(lake: Lake, number: int) -> bool:
    """Runs a sink in a process of its own that kills itself at a step; False where it ended before."""
    process = _PROCESSES.Process(target=_until, args=(lake, number))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def _until(lake: Lake, number: int) -> None:
    left = number

    def reach(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    with steps(reach):
        sink(lake)


# A server that has imported everything and started no thread: each process costs a fork.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])

if __name__ == "__main__":
    sink(Lake(format=sys.argv[1], path=sys.argv[2]))  # type: ignore[arg-type]  # the caller names a format
