"""A process whose resident size is measured: it takes the messages of a data set, given as JSON, and no more.

Prints JSON: bytes resident at the end and at most, above those of a process that has done the same on a small
scale; and the sums of what it found.
"""

from __future__ import annotations

import gc
import sys
from dataclasses import replace

import orjson
import psutil

from bench.data import START_US, Shape, records
from bench.sums import of_intervals
from streams.model.collector import begin, take
from streams.model.entries import Interval
from streams.model.intervals import US
from streams.model.messages import Define
from streams.model.opengroup import OpenGroup
from streams.wire.agent import read_message

__all__: list[str] = []

_APPEND_US = START_US + 86_400 * US
_LOOK_EVERY = 16
_WARM_UP = 1 << 16


class _Resident:
    """The resident size of this process above what it was."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        gc.collect()
        self._before = self._process.memory_info().rss
        self.most_bytes = 0
        self.end_bytes = 0

    def look(self) -> None:
        """Takes note of it."""
        self.end_bytes = self._process.memory_info().rss - self._before
        self.most_bytes = max(self.most_bytes, self.end_bytes)


def _filled(shape: Shape, resident: _Resident | None) -> list[Interval]:
    """Takes all messages; what the last one, the farewell, closes."""
    group: OpenGroup | None = None
    closed: list[Interval] = []
    last = shape.messages + 1
    for offset, record in enumerate(records(shape)):
        if resident is not None and (offset == last or offset % _LOOK_EVERY == 0):
            resident.look()
        message = read_message(record.key, record.value, record.headers, offset, _APPEND_US)
        if isinstance(message.body, Define):
            group, _ = begin(message, message.body)
        elif group is not None:
            mark = take(group, message).mark
            closed.extend(mark.intervals if mark else ())
    return closed


def _main() -> None:
    shape = Shape(**orjson.loads(sys.argv[1]))
    for _ in range(2):
        _filled(replace(shape, writes=min(shape.writes, _WARM_UP)), None)
    resident = _Resident()
    found = of_intervals(_filled(shape, resident))
    sums = [[start, volume, *rest] for (start, volume), rest in found.items()]
    answer = {"end_bytes": resident.end_bytes, "most_bytes": resident.most_bytes, "sums": sums}
    sys.stdout.buffer.write(orjson.dumps(answer))


if __name__ == "__main__":
    _main()
