"""The writes of a data set folded before they travel, as an agent folds them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.data import ARRAY, START_US, Shape, batches, bodies, definition, joined
from streams.agents.folding import fold, fold_seconds, packed
from streams.model.intervals import US
from streams.model.messages import AgentMessage, Origin
from streams.model.writes import WriteBatch
from streams.wire.agent import encode_message
from streams.wire.record import Record

__all__ = ["folded_records"]


def folded_records(shape: Shape) -> Iterator[Record]:
    """`bench.data.records` of a data set with one group, with folds in place of writes: the same answer.

    The agent folds each ten seconds of event time, or what of it the geometry allows.
    """
    (group,) = shape.group_names
    geometry = definition(shape, group).geometry
    window_us, seen_us, sequence = fold_seconds(geometry) * US, START_US, 0
    for _, body in bodies(shape):
        if not isinstance(body, AgentMessage):
            yield encode_message(group, body)
    for start_us, writes in _windows(shape, window_us):
        end_us = start_us + window_us
        for folds in packed(fold(writes, start_us, end_us, geometry)):
            origin = Origin(ARRAY, f"agent-{group}", 1, sequence, seen_us, end_us)
            yield encode_message(group, AgentMessage("tracks", origin, folds=folds))
            seen_us, sequence = end_us, sequence + 1
    yield encode_message(
        group, AgentMessage("bye", Origin(ARRAY, f"agent-{group}", 1, sequence, seen_us, seen_us))
    )


def _windows(shape: Shape, window_us: int) -> Iterator[tuple[int, WriteBatch]]:
    """The start of each window that has writes, and these; times are in order."""
    waiting: list[WriteBatch] = []
    number = START_US // window_us
    for _, writes in batches(shape):
        last = int(writes.time_us[-1]) // window_us
        while number < last:
            split = int(np.searchsorted(writes.time_us, (number + 1) * window_us))
            waiting.append(writes.take(slice(0, split)))
            yield number * window_us, joined(waiting)
            writes, waiting, number = writes.take(slice(split, len(writes))), [], number + 1  # noqa: PLW2901  # what is left of it
        waiting.append(writes)
    if waiting:
        yield number * window_us, joined(waiting)
