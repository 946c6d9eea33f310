"""The way of a batch from its bytes to bits, in this process, step by step: no Kafka, no event loop.

Each step runs over all messages before the next one begins, as the collector calls it, and is timed as a
whole. `take` is the collector over the decoded messages, so it holds the steps behind decoding and the
group's own bookkeeping; `close` is the farewell behind them, and what the collector left for then. `mark`
makes the bitmaps too, which `take` leaves to `close`. Beside them stands the least that marking can cost:
bits in words, nothing counted (`bench.dense`). Times are of the processor, whatever else runs on it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from unittest.mock import patch

from bench import dense
from bench.data import ARRAY, START_US, Shape, Skew, answers, definition, records
from bench.running import Benchmark, Comparison, Figures, Measure, WrongAnswer
from bench.site import Site
from bench.sums import compare, of_intervals, of_rows
from streams.model import feeding, volumetables
from streams.model.batchmembers import members_of
from streams.model.collector import begin, take
from streams.model.groups import Definition
from streams.model.intervals import US
from streams.model.kernel import NUMPY, Kernel, fastest
from streams.model.marking import mark_in_one_pass, mark_writes
from streams.model.messages import AgentMessage, Define, Message
from streams.model.opentable import OpenInterval
from streams.model.screening import Screen, by_interval, check_members, stateless
from streams.model.writes import WriteBatch
from streams.wire.agent import read_message
from streams.wire.record import Record
from streams.wire.shapes import Shapes

__all__ = ["benchmark", "collect"]

_SKEWS: tuple[Skew, ...] = ("zipf", "scattered", "uniform")
_APPEND_US = START_US + 86_400 * US  # no write is ahead of the clock

_T = TypeVar("_T")
_Part = tuple[int, WriteBatch]
_Timed = tuple[_T, float]


def benchmark(site: Site) -> Benchmark:
    """Every skew."""
    comparisons = [_comparison(Shape(skew=skew, writes=site.sizes.sample_writes)) for skew in _SKEWS]
    return Benchmark("kernel", "Marking alone, in one process: ns per write, step by step", comparisons)


def _comparison(shape: Shape) -> Comparison:
    @contextmanager
    def contenders() -> Iterator[Mapping[str, Measure]]:
        answers(shape)
        log = list(records(shape))
        kernels = dict.fromkeys((NUMPY, fastest()))  # one of them where numba is not installed
        yield {
            **{f"{kernel.name} + Roaring": partial(_measure, shape, log, kernel) for kernel in kernels},
            "dense words, uncounted": partial(_measure_dense, shape, log),
        }

    return Comparison(f"{shape.skew}, {shape.batch} per message", contenders)


def _measure(shape: Shape, log: Sequence[Record], kernel: Kernel) -> Figures:
    with (
        patch.object(volumetables, "fastest", lambda: kernel),
        patch.object(feeding, "fastest", lambda: kernel),
    ):
        return _steps(shape, log, kernel)


def _steps(shape: Shape, log: Sequence[Record], kernel: Kernel) -> Figures:
    messages, decode = _timed(lambda: _read(log))
    group = definition(shape, shape.group_names[0])
    bodies = [body for m in messages if isinstance(body := m.body, AgentMessage) and body.writes]
    screens, screen = _timed(lambda: [_screened(body, group, kernel) for body in bodies])
    parts, split = _timed(lambda: [_split(b, s, group) for b, s in zip(bodies, screens, strict=True)])
    _, mark = _timed(lambda: _mark(itertools.chain.from_iterable(parts), group))
    taken, closing = _take(shape, messages)
    seconds = {
        "decode": decode,
        "screen": screen,
        "split": split,
        "mark": mark,
        "take": taken,
        "close": closing,
        "in all": decode + taken + closing,
    }
    return {f"{name} ns/write": spent * 1e9 / shape.writes for name, spent in seconds.items()}


def _measure_dense(shape: Shape, log: Sequence[Record]) -> Figures:
    """In words that are in memory already: to bring them there costs more than to mark."""
    bodies = [body for m in _read(log) if isinstance(body := m.body, AgentMessage) and body.writes]
    parts, words = [_writes(body) for body in bodies], dense.words_of(shape)
    dense.mark(words, parts, shape.track_bytes)
    words[:] = 0
    _, marking = _timed(lambda: dense.mark(words, parts, shape.track_bytes))
    return {"mark ns/write": marking * 1e9 / shape.writes}


def collect(shape: Shape, log: Sequence[Record]) -> float:
    """Processor seconds of decoding all messages of a data set with one group, and of its collector.

    Raises:
        WrongAnswer: the collector did not find what the brute force does.
    """
    messages, decoding = _timed(lambda: _read(log))
    return decoding + sum(_take(shape, messages))


def _read(log: Sequence[Record]) -> list[Message]:
    """As a worker reads it."""
    decode = Shapes().decode
    return [
        read_message(record.key, record.value, record.headers, offset, _APPEND_US, decode)
        for offset, record in enumerate(log)
    ]


def _screened(body: AgentMessage, group: Definition, kernel: Kernel) -> Screen:
    return stateless(_writes(body), _APPEND_US, body.origin.watermark_us, group.geometry, kernel)


def _split(body: AgentMessage, screen: Screen, group: Definition) -> list[_Part]:
    """The writes of each interval, none of which may be refused."""
    writes, parts = _writes(body), []
    for interval, rows in by_interval(writes, screen, group.geometry.interval_us):
        part = writes.take(rows) if len(rows) < len(writes) else writes
        if check_members(part, members_of(part, ARRAY, group)) or not screen.clean:
            raise WrongAnswer("writes are refused that are sound")
        parts.append((interval, part))
    return parts


def _mark(parts: Iterable[_Part], group: Definition) -> None:
    """All tracks are in the tables at the end, also those that the product lets wait."""
    tables: dict[int, OpenInterval] = {}
    for interval, writes in parts:
        table = tables.setdefault(interval, OpenInterval.empty(group.geometry))
        start_us = interval * group.geometry.interval_us
        left = writes.take(mark_in_one_pass(table, writes, ARRAY, group, start_us))
        if len(left):
            mark_writes(table, left, members_of(left, ARRAY, group), group.geometry, start_us)
    for table in tables.values():
        table.volumes.by_volume()


def _writes(body: AgentMessage) -> WriteBatch:
    return body.writes or WriteBatch.empty()


def _take(shape: Shape, messages: Sequence[Message]) -> tuple[float, float]:
    """Seconds of the collector over the writes, and over the farewell that closes what is open."""
    first = messages[0].body
    assert isinstance(first, Define)  # noqa: S101  # every data set begins so
    group, _ = begin(messages[0], first)
    outcomes, taking = _timed(lambda: [take(group, message) for message in messages[1:-1]])
    last, closing = _timed(lambda: take(group, messages[-1]))
    marks = [outcome.mark for outcome in (*outcomes, last) if outcome.mark]
    closed = [interval for mark in marks for interval in mark.intervals]
    compare(of_intervals(closed), of_rows(answers(shape)[group.state.group]), "collector")
    return taking, closing


def _timed(work: Callable[[], _T]) -> _Timed[_T]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start
