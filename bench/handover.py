"""Workers that change under load: seconds until all partitions are at the head of the log again.

Two workers hold open intervals, and writes come at the rate that filled them in half an interval. Then a
third worker joins, or one of the two is killed. A canary in each partition shows how far its worker is: a
group with intervals of one second, which a heartbeat closes every half second. The head is reached again
when the last canary has its summary that waited longer than a second; the time runs from the start of the
third process, or from the kill. In the end every group closes, and what was found must be right.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

from confluent_kafka.admin import AdminClient

from bench.canaries import Canaries
from bench.checking import check_worker
from bench.data import Shape, answers, records
from bench.marks import await_last_marks, members_with_partitions
from bench.process import SHELLS, WorkerProcess, running_worker
from bench.running import Benchmark, Comparison, Figures, Measure
from bench.site import Site
from bench.topics import Log, connect, drop, fill, put
from streams.processor.options import Shell
from streams.store import Source
from streams.wire.record import Record

__all__ = ["benchmark"]

_GROUPS = 96
_BATCH = 4_096
_OPEN_SECONDS = 150  # half an interval: what is open on average
_CALM_SECONDS = 3.0
_LEAST_SECONDS = 15.0  # by then a start or a session that timed out has had its consequences
_PATIENCE_SECONDS = 120.0


Change = Callable[["_Stage"], None]


def benchmark(site: Site) -> Benchmark:
    """A worker more, and a worker less."""
    writes = site.sizes.open_writes
    comparison = Comparison(f"{_GROUPS} groups, {writes / 1e6:.1f} M writes open", partial(_contenders, site))
    return Benchmark("hand-over", "Hand-over under load: seconds back to the head of the log", [comparison])


@dataclass(slots=True)
class _Stage:
    """Workers by name on a log, and the messages that are still to come."""

    site: Site
    log: Log
    shell: Shell
    open: ExitStack
    workers: dict[str, WorkerProcess]
    coming: Iterator[Record]
    messages_per_second: float

    def start(self, name: str) -> None:
        """Starts a worker."""
        worker = running_worker(self.log.bootstrap, self.log.layout, self.site.folder, name, self.shell)
        self.workers[name] = self.open.enter_context(worker)

    def kill(self, name: str) -> None:
        """Kills a worker."""
        self.workers.pop(name).kill()

    def check_members(self) -> None:
        """Raises unless just the workers that run have partitions: else nothing was handed over."""
        admin = AdminClient({"bootstrap.servers": self.log.bootstrap})
        members = members_with_partitions(admin, self.log.layout.prefix + "worker")
        if members != len(self.workers):
            raise RuntimeError(f"{members} workers have partitions, and {len(self.workers)} run")

    def load(self, canaries: Canaries, until: Callable[[], bool]) -> None:
        """Sends messages and canaries at their pace until the condition holds, and looks at the canaries."""
        producer = connect(self.log.bootstrap)
        begin, sent, deadline = time.monotonic(), 0, time.monotonic() + _PATIENCE_SECONDS
        while not until():
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(f"after {_PATIENCE_SECONDS:g} s: {canaries.waiting()} canaries wait")
            due = int((now - begin) * self.messages_per_second) - sent
            put(self.log, islice(self.coming, due), producer=producer)
            sent += due
            put(self.log, canaries.due(), producer=producer)
            canaries.look()
            for worker in self.workers.values():
                worker.check()


@contextmanager
def _contenders(site: Site) -> Iterator[Mapping[str, Measure]]:
    writes = site.sizes.open_writes
    shape = Shape(
        writes=2 * writes, groups=_GROUPS, batch=_BATCH, volumes=10, writes_per_second=writes // _OPEN_SECONDS
    )
    answers(shape)
    changes: dict[str, Change] = {
        "a third worker joins two": lambda stage: stage.start("three"),
        "one of two workers dies": lambda stage: stage.kill("two"),
    }
    yield {
        f"{name}, {shell} shell": partial(_measure, site, shape, change, shell)
        for name, change in changes.items()
        for shell in SHELLS
    }


def _measure(site: Site, shape: Shape, change: Change, shell: Shell) -> Figures:
    coming = records(shape)
    opened = _GROUPS + shape.messages // 2
    log = fill(site.bootstrap, site.layout(), islice(coming, opened))
    with ExitStack() as stack:
        canaries = stack.enter_context(Canaries(log))
        put(log, canaries.definitions())
        stage = _Stage(site, log, shell, stack, {}, coming, shape.writes_per_second / _BATCH)
        stage.start("one")
        stage.start("two")
        stage.load(canaries, lambda: canaries.at_head_for(_CALM_SECONDS))
        begin = time.time()
        change(stage)
        stage.load(canaries, lambda: _is_over(canaries, begin))
        stage.check_members()
        figures = canaries.since(begin)
        put(log, coming)
        await_last_marks(log, next(iter(stage.workers.values())))
    check_worker(Source(log.bootstrap, log.layout.prefix), shape)
    drop(log)
    return figures


def _is_over(canaries: Canaries, begin: float) -> bool:
    return time.time() - begin > _LEAST_SECONDS and canaries.at_head_for(_CALM_SECONDS)
