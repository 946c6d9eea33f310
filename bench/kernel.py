"""The way of a batch from its bytes to bits, in this process, step by step: no Kafka, no event loop.

Each step runs over all messages before the next one begins, as the collector calls it, and is timed as a
whole; `take` is the collector over the decoded messages, so it holds the steps behind decoding and the
group's own bookkeeping. Times are of the processor, whatever else runs on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.data import ARRAY, START_US, Shape, Skew, answers, definition, records
from bench.running import Benchmark, Comparison, Figures, Measure
from bench.site import Site
from bench.sums import compare, of_intervals, of_rows
from streams.model.collector import begin, take
from streams.model.intervals import US
from streams.model.marking import mark_writes
from streams.model.messages import AgentMessage, Define, Message
from streams.model.opentable import OpenInterval
from streams.model.screening import by_interval, check_members, stateless
from streams.model.writes import WriteBatch
from streams.wire.agent import read_message
from streams.wire.record import Record

__all__ = ["benchmark"]

_SKEWS: tuple[Skew, ...] = ("zipf", "scattered", "uniform")
_APPEND_US = START_US + 86_400 * US  # no write is ahead of the clock

_T = TypeVar("_T")
_Split = list[tuple[int, NDArray[np.int64]]]
_Timed = tuple[_T, float]


def benchmark(site: Site) -> Benchmark:
    """Every skew."""
    comparisons = [_comparison(Shape(skew=skew, writes=site.sizes.sample_writes)) for skew in _SKEWS]
    return Benchmark("kernel", "Marking alone, in one process: ns per write, step by step", comparisons)


def _comparison(shape: Shape) -> Comparison:
    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        answers(shape)
        yield {"numpy + Roaring": partial(_measure, shape, list(records(shape)))}

    return Comparison(f"{shape.skew}, {shape.batch} per message", contenders)


def _measure(shape: Shape, log: Sequence[Record]) -> Figures:
    messages, decode = _timed(lambda: [_read(offset, record) for offset, record in enumerate(log)])
    batches = [body.writes for m in messages if isinstance(body := m.body, AgentMessage) and body.writes]
    group = definition(shape, shape.group_names[0])
    geometry = group.geometry
    screens, screen = _timed(lambda: [stateless(writes, _APPEND_US, geometry) for writes in batches])
    rows, split = _timed(
        lambda: [
            [
                (interval, check_members(writes, some, verdict, ARRAY, group))
                for interval, some in by_interval(writes, verdict, geometry.interval_us)
            ]
            for writes, verdict in zip(batches, screens, strict=True)
        ]
    )
    _, mark = _timed(lambda: _mark(shape, batches, rows))
    taken = _take(shape, messages)
    steps = {"decode": decode, "screen": screen, "split": split, "mark": mark}
    figures = {f"{name} ns/write": seconds * 1e9 / shape.writes for name, seconds in steps.items()}
    figures["take ns/write"] = taken * 1e9 / shape.writes
    return figures | {"decode + take": (decode + taken) * 1e9 / shape.writes}


def _read(offset: int, record: Record) -> Message:
    return read_message(record.key, record.value, record.headers, offset, _APPEND_US)


def _mark(shape: Shape, batches: Sequence[WriteBatch], split: Sequence[_Split]) -> dict[int, OpenInterval]:
    group = definition(shape, shape.group_names[0])
    marked: dict[int, OpenInterval] = {}
    for writes, parts in zip(batches, split, strict=True):
        for interval, rows in parts:
            table = marked.setdefault(interval, OpenInterval.empty(group.geometry))
            mark_writes(table, writes, rows, ARRAY, group, interval * group.geometry.interval_us)
    return marked


def _take(shape: Shape, messages: Sequence[Message]) -> float:
    """Seconds of the collector up to the farewell, which closes what is open and is compared."""
    first = messages[0].body
    assert isinstance(first, Define)  # noqa: S101  # every data set begins so
    group, _ = begin(messages[0], first)
    outcomes, seconds = _timed(lambda: [take(group, message) for message in messages[1:-1]])
    outcomes.append(take(group, messages[-1]))
    closed = [interval for outcome in outcomes if outcome.mark for interval in outcome.mark.intervals]
    compare(of_intervals(closed), of_rows(answers(shape)[group.state.group]), "collector")
    return seconds


def _timed(work: Callable[[], _T]) -> _Timed[_T]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start
