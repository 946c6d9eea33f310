"""Where benchmarks are run: how large they are, a folder, and one embedded Kafka for all that need it."""

from __future__ import annotations

import itertools
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from streams.broker.layout import TopicLayout
from streams.broker.process import EmbeddedBroker

__all__ = ["FULL", "QUICK", "Site", "Sizes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is to do.

    `messages` bounds a data set of small batches. `sample_writes` are what is measured in this process,
    `folded_writes` what is folded for 10 s; the agent sends `agent_writes`, and `single_writes` one by one.
    `closing_groups` close in memory, `live_groups` on a real worker, `scraped_groups` are on the reporter's
    page; a point of growth has about `growth_writes`, a worker `wide_groups`, and `open_writes` are in open
    intervals when workers change. `every_mix`: all combinations of skew, batch and compression, not only
    those that differ from the first in one of them.
    """

    writes: int = 24_576_000
    messages: int = 12_000
    sample_writes: int = 1 << 21
    folded_writes: int = 10_000_000
    agent_writes: int = 1 << 22
    single_writes: int = 1 << 19
    closing_groups: int = 10_000
    live_groups: tuple[int, ...] = (1_000, 10_000)
    scraped_groups: int = 10_000
    growth_writes: int = 1 << 21
    wide_groups: int = 250
    open_writes: int = 1 << 24
    every_mix: bool = False


FULL = Sizes()
QUICK = Sizes(
    writes=1_228_800,
    messages=1_000,
    sample_writes=1 << 19,
    folded_writes=1_000_000,
    agent_writes=1 << 19,
    single_writes=1 << 16,
    closing_groups=500,
    live_groups=(100,),
    scraped_groups=1_000,
    growth_writes=1 << 17,
    wide_groups=12,
    open_writes=1 << 20,
)


@dataclass(slots=True)
class Site:
    """Sizes, a folder that is emptied first, and a Kafka that starts when it is asked for."""

    folder: Path
    sizes: Sizes = FULL
    _open: ExitStack = field(default_factory=ExitStack)
    _broker: EmbeddedBroker | None = None
    _prefixes: itertools.count[int] = field(default_factory=itertools.count)

    def __enter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
        shutil.rmtree(self.folder / "kafka", ignore_errors=True)

    @property
    def bootstrap(self) -> str:
        """The address of the Kafka."""
        if self._broker is None:
            self._broker = self._open.enter_context(EmbeddedBroker(self.folder / "kafka", 0))
        return self._broker.bootstrap

    def layout(self) -> TopicLayout:
        """Topics that nobody has used, with as many partitions as an operator gets by default."""
        return TopicLayout(prefix=f"bench{next(self._prefixes)}.")
