"""All groups close at once, in this process: what the model and the encoding of the rows cost.

Every group has 10 volumes and 512 writes in the interval, then its agent's heartbeat moves past its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from bench.data import START_US, Shape, answers, bodies
from bench.running import Benchmark, Comparison, Figures, Measure
from bench.site import Site
from bench.sums import compare, of_intervals, of_rows
from streams.model.collector import begin, take
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Define, Message, Origin
from streams.model.opengroup import OpenGroup
from streams.model.state import Mark
from streams.processor.encoding import INTERVALS_AT_ONCE
from streams.wire.record import Record
from streams.wire.states import Home, encode_state
from streams.wire.summaries import encode_summary
from streams.wire.tables import encode_together

__all__ = ["benchmark", "heartbeat", "shape_of"]

_WRITES = 512
_VOLUMES = 10
_APPEND_US = START_US + 86_400 * US
_HOME = Home("cluster", "topic", 0)

_T = TypeVar("_T")


def benchmark(site: Site) -> Benchmark:
    """As many groups as a large site has."""
    shape = shape_of(site.sizes.closing_groups)
    comparison = Comparison(f"{shape.groups:,} groups x {shape.volumes} volumes", partial(_contenders, shape))
    return Benchmark("closing", "Closing all groups at once, in one process", [comparison])


def shape_of(groups: int) -> Shape:
    """One message for each group; all their writes lie in the first two thirds of one interval."""
    writes = groups * _WRITES
    speed = max(1, writes // 200)
    return Shape(groups=groups, batch=_WRITES, writes=writes, volumes=_VOLUMES, writes_per_second=speed)


def heartbeat(body: AgentMessage, shape: Shape) -> AgentMessage:
    """What follows the agent's message: nothing more was written up to the end of its interval."""
    before, interval_us = body.origin, shape.interval_seconds * US
    end_us = (before.watermark_us // interval_us + 1) * interval_us
    origin = Origin(
        before.array, before.agent, before.epoch, before.sequence + 1, before.watermark_us, end_us
    )
    return AgentMessage("heartbeat", origin)


@contextmanager
def _contenders(shape: Shape) -> Iterator[Mapping[str, Measure]]:
    answers(shape)
    yield {"model and encoding": partial(_measure, shape)}


def _measure(shape: Shape) -> Figures:
    groups, closings = _open_groups(shape)
    marks, closing = _timed(lambda: [_closed(groups[name], message) for name, message in closings.items()])
    records, encoding = _timed(lambda: _rows(marks))
    for mark in marks:
        expected = of_rows(answers(shape)[mark.state.group])
        compare(of_intervals(mark.intervals), expected, f"group {mark.state.group}")
    return {
        "CPU s": closing + encoding,
        "closing us/group": closing * 1e6 / shape.groups,
        "encoding us/group": encoding * 1e6 / shape.groups,
        "rows": len(records),
        "MiB": sum(record.size_bytes() for record in records) / (1 << 20),
    }


def _open_groups(shape: Shape) -> tuple[dict[str, OpenGroup], dict[str, Message]]:
    """Groups with an interval open, and for each the message that will close it."""
    groups: dict[str, OpenGroup] = {}
    closings: dict[str, Message] = {}
    for offset, (name, body) in enumerate(bodies(shape)):
        message = Message(offset, _APPEND_US, body)
        if isinstance(body, Define):
            groups[name], _ = begin(message, body)
        elif isinstance(body, AgentMessage) and body.writes is not None:
            take(groups[name], message)
            closings[name] = Message(offset + shape.groups, _APPEND_US, heartbeat(body, shape))
    return groups, closings


def _closed(group: OpenGroup, message: Message) -> Mark:
    mark = take(group, message).mark
    if mark is None:
        raise RuntimeError(f"group {group.state.group} did not close")
    return mark


def _rows(marks: Sequence[Mark]) -> list[Record]:
    """What a worker sends for them; tables are encoded as many together as a worker encodes."""
    intervals = [interval for mark in marks for interval in mark.intervals]
    records: list[Record] = []
    for start in range(0, len(intervals), INTERVALS_AT_ONCE):
        for some in encode_together(intervals[start : start + INTERVALS_AT_ONCE]):
            records += some
    for mark in marks:
        records += map(encode_summary, mark.summaries)
        records.append(encode_state(mark.state, _HOME, 0))
    return records


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start
