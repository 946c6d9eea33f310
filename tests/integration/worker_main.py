"""A worker process for tests: options as JSON in argv, and, if asked for, death between two rows."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Awaitable

from streams.processor.delivery import Send
from streams.processor.options import WorkerOptions
from streams.processor.worker import run_worker
from streams.wire.record import Record


def deadly(send: Send, chance: float) -> Send:
    """Kills the process before or after a row, with the given chance each."""
    dice = random.Random()

    def maybe_die() -> None:
        if dice.random() < chance:
            os.kill(os.getpid(), signal.SIGKILL)

    async def deadly_send(topic: str, record: Record, partition: int | None) -> int:
        maybe_die()
        sent: Awaitable[int] = send(topic, record, partition)
        offset = await sent
        maybe_die()
        return offset

    return deadly_send


if __name__ == "__main__":
    options, chance = json.loads(sys.argv[1]), float(sys.argv[2])
    run_worker(WorkerOptions(**options), (lambda send: deadly(send, chance)) if chance else None)
