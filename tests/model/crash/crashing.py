"""One seed: a log, workers that crash after every message and every row, and the comparison at the end."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass

from streams.model import collector, feeding, sequence
from tests.model.crash.logs import make_log
from tests.model.crash.oracle import expect
from tests.model.crash.wire import WireCodec
from tests.model.crash.worker import worker
from tests.model.crash.world import Codec, World

__all__ = ["Ran", "run_seed"]

MAX_ZOMBIES = 4
MAX_RANDOM_CRASHES = 3000


@dataclass(frozen=True, slots=True)
class Ran:
    """What one seed amounted to."""

    messages: int
    crashes: int
    rows: int
    marks: int
    uncommitted: int


def run_seed(seed, *, lax=False, encoded=True):
    """Runs a seed to its end.

    Raises:
        AssertionError: a row, a mark or a commit is not what the rule says.
    """
    limits, log = make_log(seed)
    with _limited(limits):
        expected = expect(log, limits)
        world = World(log, expected, WireCodec() if encoded else Codec(), lax=lax)
        crashes = _Killer(world, random.Random(~seed)).run()
        world.check_end()
        _check_alive(world)
    return Ran(len(log), crashes, len(world.rows), len(world.all_states), len(log) - world.passed)


class _Killer:
    """Lets workers live, kills them, freezes some and wakes them up later."""

    def __init__(self, world, rng):
        self.world = world
        self.rng = rng
        self.everywhere = rng.random() < 0.7
        self.luck = rng.choice([0, 0.01, 0.05])
        self.lag = rng.choice([0.02, 0.3, 1])
        self.seen = set()
        self.zombies = []
        self.crashes = 0

    def run(self):
        live = self._born()
        while True:
            try:
                event = next(live)
            except StopIteration:
                break
            if event is not None and self._kills(event):
                if self.rng.random() < 0.3 and len(self.zombies) < MAX_ZOMBIES:
                    self.zombies.append(live)
                live = self._born()
            if self.zombies and self.rng.random() < 0.1:
                self._wake(self.rng.randrange(1, 25))
        while self.zombies:
            self._wake(self.rng.randrange(60), last=True)
        return self.crashes

    def _born(self):
        return worker(self.world, self.rng, self.lag)

    def _kills(self, event):
        new = self.everywhere and event not in self.seen
        if not new and (self.rng.random() >= self.luck or self.crashes >= MAX_RANDOM_CRASHES):
            return False
        self.seen.add(event)
        self.crashes += 1
        return True

    def _wake(self, steps, *, last=False):
        zombie = self.rng.choice(self.zombies)
        gone = last or self.rng.random() < 0.3
        for _ in range(steps):
            if next(zombie, self) is self:
                gone = True
                break
        if gone:
            self.zombies.remove(zombie)


def _check_alive(world):
    """A group that holds the commit position back, or whose agents may fall silent, gets its ticks."""
    for name, group in world.idle.groups.items():
        assert not group.holds or collector.needs_ticks(group, ()), ("stuck", name)


@contextmanager
def _limited(limits):
    before = sequence.MAX_HOLES, feeding.MAX_LEFT_AGENTS, feeding.MAX_AGENTS
    sequence.MAX_HOLES, feeding.MAX_LEFT_AGENTS, feeding.MAX_AGENTS = limits.holes, limits.left, limits.agents
    try:
        yield
    finally:
        sequence.MAX_HOLES, feeding.MAX_LEFT_AGENTS, feeding.MAX_AGENTS = before
