"""What it costs a host to embed the publisher: writes in columns, and writes one by one.

From the first call to the acknowledgement of the last message; processor time is that of all threads of this
process, so Kafka's client is in it. What arrived is read back and compared write by write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import numpy as np

from bench.data import ARRAY, START_US, Shape, batches, joined
from bench.running import Benchmark, Comparison, Figures, Measure, WrongAnswer
from bench.site import Site
from bench.topics import Log, drop
from streams.agents.publisher import Publisher, PublisherOptions
from streams.broker.topics import create_topics
from streams.model.messages import AgentMessage
from streams.model.writes import WriteBatch
from streams.store import Source
from streams.store.reading import read_topic
from streams.wire.agent import decode_message

__all__ = ["benchmark"]

_GROUP = "g0"

Send = Callable[[Publisher], None]


def benchmark(site: Site) -> Benchmark:
    """Both interfaces, and columns of two sizes."""
    comparison = Comparison("zstd", partial(_contenders, site))
    return Benchmark("agent", "Agent: the publisher in a host's process", [comparison])


@contextmanager
def _contenders(site: Site) -> Iterator[Mapping[str, Measure]]:
    sizes = site.sizes
    measures: dict[str, Measure] = {}
    for batch in (8_192, 256):
        columns = [writes for _, writes in batches(Shape(writes=sizes.agent_writes, batch=batch))]
        measures[f"write_batch, {batch} at a time"] = partial(_measure, site, columns, _by_columns(columns))
    columns = [writes for _, writes in batches(Shape(writes=sizes.single_writes))]
    measures["write, one at a time"] = partial(_measure, site, columns, _one_by_one(columns))
    yield measures


def _by_columns(columns: Sequence[WriteBatch]) -> Send:
    def send(publisher: Publisher) -> None:
        for writes in columns:
            publisher.write_batch(writes)
            publisher.advance(int(writes.time_us[-1]))

    return send


def _one_by_one(columns: Sequence[WriteBatch]) -> Send:
    whole = joined(columns)
    names = [whole.volumes[code] for code in whole.volume_codes.tolist()]
    offsets, lengths = whole.offset_bytes.tolist(), whole.length_bytes.tolist()
    rows = list(zip(names, offsets, lengths, whole.time_us.tolist(), strict=True))

    def send(publisher: Publisher) -> None:
        for volume, offset, length, time_us in rows:
            publisher.write(volume, offset, length, time_us)

    return send


def _measure(site: Site, columns: Sequence[WriteBatch], send: Send) -> Figures:
    log = Log(site.bootstrap, site.layout())
    create_topics(log.bootstrap, log.layout)
    options = PublisherOptions(
        topic_prefix=log.layout.prefix, epoch=1, observed_from_us=START_US, watermark="caller"
    )
    with Publisher(log.bootstrap, _GROUP, ARRAY, "agent", options) as publisher:
        begin, cpu = time.perf_counter(), time.process_time()
        send(publisher)
        publisher.flush()
        wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    sent = joined(columns)
    _check(log, sent)
    drop(log)
    return {"writes/s": len(sent) / wall, "CPU s/M writes": cpu / (len(sent) / 1e6)}


def _holes(numbers: Sequence[int]) -> str:
    """Where numbers that should ascend one by one do not."""
    if not numbers:
        return "none"
    holes = [(left, right) for left, right in pairwise(numbers) if right != left + 1]
    return f"{numbers[0]} to {numbers[-1]}, holes {holes[:5]}"


def _check(log: Log, sent: WriteBatch) -> None:
    """Compares what is on the topic, in its order, with what was handed in.

    Where writes are missing, holes in the offsets speak against the reading, holes in the sequence alone
    against the publisher; where there are none, the end came too early.
    """
    source = Source(log.bootstrap, log.layout.prefix)
    found: list[WriteBatch] = []
    offsets: list[int] = []
    sequences: list[int] = []
    for row in read_topic(source, "writes"):
        body = decode_message(row.key, row.value, row.headers, row.offset, row.append_us).body
        if isinstance(body, AgentMessage):
            offsets.append(row.offset)
            sequences.append(body.origin.sequence)
            if body.writes is not None:
                found.append(body.writes)
    if sum(map(len, found)) != len(sent):
        raise WrongAnswer(
            f"{sum(map(len, found))} writes are on the topic, {len(sent)} were handed in;"
            f" offsets {_holes(offsets)}, sequence {_holes(sequences)}"
        )
    names = np.concatenate([np.array(writes.volumes)[writes.volume_codes] for writes in found])
    for column in ("time_us", "offset_bytes", "length_bytes"):
        if not np.array_equal(np.concatenate([getattr(w, column) for w in found]), getattr(sent, column)):
            raise WrongAnswer(f"{column} of the writes on the topic are not those that were handed in")
    if not np.array_equal(names, np.array(sent.volumes)[sent.volume_codes]):
        raise WrongAnswer("volumes of the writes on the topic are not those that were handed in")
