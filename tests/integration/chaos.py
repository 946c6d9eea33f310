"""Kills of two workers on a real Kafka: `python -m tests.integration.chaos KILLS SEED [SHELL]`.

Random logs (tests/model/crash/logs.py) of many groups at different speeds are published while workers are
killed, frozen and woken, and kill themselves between two rows. In the end everything on the topics is held
against the oracle.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from confluent_kafka import Consumer, Producer, TopicPartition

from streams.broker.layout import TopicLayout
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import cluster_identity, create_topics
from streams.model.messages import AgentMessage, Define, Tick
from streams.processor.options import Shell
from streams.store import Source
from streams.wire.agent import encode_message
from streams.wire.record import Record
from streams.wire.states import Home
from tests.integration.verdict import Verdict, judge, keys_found, read_log, required_keys
from tests.integration.workers import Workers
from tests.model.crash.logs import make_log, message_of

__all__ = ["Campaign", "Outcome", "run"]

NAMES = ("w0", "w1")
SETTLE_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Campaign:
    """How hard to hit: kills from outside, the share of freezes among them, suicides for each row sent."""

    kills: int
    seed: int
    freezes: float = 0.15
    suicide: float = 0.002
    pause_seconds: tuple[float, float] = (0.3, 3.0)
    broker_restarts: int = 0
    shell: Shell = "faust"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, and what the comparison found to be right."""

    kills: int
    freezes: int
    suicides: int
    broker_restarts: int
    verdict: Verdict


def run(broker: EmbeddedBroker, layout: TopicLayout, folder: Path, campaign: Campaign) -> Outcome:
    """Runs a campaign to its end and judges it.

    Raises:
        AssertionError: a row is wrong, missing, or has two values; a worker did not end cleanly.
    """
    rng = random.Random(campaign.seed)
    workers = Workers(broker.bootstrap, layout, folder, campaign.suicide, campaign.shell)
    source = Source(broker.bootstrap, layout.prefix)
    feed = _Feed(broker.bootstrap, layout, campaign.seed)
    kills = freezes = suicides = restarts = 0
    for name in NAMES:
        workers.start(name)
    try:
        while kills < campaign.kills:
            feed.send_for(rng.uniform(*campaign.pause_seconds))
            name = rng.choice(NAMES)
            if workers.running[name].poll() is not None:
                suicides += 1
            elif rng.random() < campaign.freezes:
                _freeze(workers, name, feed, rng)
                freezes += 1
                continue
            elif restarts < _restarts_due(campaign, kills):
                restarts += 1
                broker.kill()
                time.sleep(rng.uniform(0.5, 3))
                broker.start()
                continue
            else:
                workers.kill(name)
                kills += 1
            workers.start(name)
        feed.flush()
        suicides += _settle(workers, source, campaign)
        codes = workers.stop_all()
        assert set(codes.values()) == {0}, codes
    finally:
        workers.stop_all()
    verdict = judge(source, _homes(broker.bootstrap, layout))
    _judge_commits(broker.bootstrap, layout, source)
    return Outcome(kills, freezes, suicides, restarts, verdict)


def _restarts_due(campaign: Campaign, kills: int) -> int:
    """Broker restarts are spread evenly between the kills, none at either end."""
    return (
        campaign.broker_restarts
        * (2 * kills + campaign.kills // campaign.broker_restarts)
        // (2 * campaign.kills)
        if campaign.broker_restarts
        else 0
    )


def _freeze(workers: Workers, name: str, feed: _Feed, rng: random.Random) -> None:
    """Long enough for the other worker to take over; then it wakes up believing nothing happened."""
    workers.freeze(name)
    feed.send_for(rng.uniform(7, 10))
    workers.thaw(name)


class _Feed:
    """An endless supply of messages, published one by one; no group name comes twice."""

    def __init__(self, bootstrap: str, layout: TopicLayout, seed: int) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "linger.ms": 2,
                "log_level": 0,
            }
        )
        self._topic = layout.name("writes")
        self._records = _interleaved(seed)

    def send_for(self, seconds: float, rate: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            record = next(self._records)
            self._producer.produce(self._topic, record.value, record.key, headers=list(record.headers))
            self._producer.poll(1 / rate)

    def flush(self) -> None:
        assert self._producer.flush(60) == 0


def _interleaved(seed: int) -> Iterator[Record]:
    """Messages of ever new random logs, a few logs at a time, each at a speed of its own."""
    rng = random.Random(seed)
    running: list[tuple[float, Iterator[Record]]] = []
    number = seed * 100_000
    while True:
        while len(running) < 6:
            number += 1
            running.append((rng.choice([0.1, 0.5, 1, 3]), _messages(number)))
        (chosen,) = rng.choices(running, [speed for speed, _ in running])
        record = next(chosen[1], None)
        if record is None:
            running.remove(chosen)
        else:
            yield record


def _messages(seed: int) -> Iterator[Record]:
    for record in make_log(seed)[1]:
        message, group = message_of(record), f"s{seed}-{record.group}"
        body = message.body
        if isinstance(body, Define):
            body = Define(replace(body.definition, group=group))
        if body is None or isinstance(body, Tick) or hasattr(body, "reason"):
            continue  # offsets without a message, ticks, which are the workers' business, and the undecodable
        yield encode_message(group, _encodable(body) if isinstance(body, AgentMessage) else body)


def _encodable(body: AgentMessage) -> AgentMessage:
    """One message of the wire holds writes, or folds of one track size, or nothing; the model's mix them."""
    if body.kind == "bye" or not (body.writes or body.folds):
        kind = "bye" if body.kind == "bye" else "heartbeat"
        return replace(body, kind=kind, writes=None, folds=())
    kind = "redrive" if body.kind == "redrive" else "writes" if body.writes else "tracks"
    size = body.folds[0].track_bytes if body.folds else 0
    folds = () if body.writes else tuple(fold for fold in body.folds if fold.track_bytes == size)
    return replace(body, kind=kind, folds=folds)


def _settle(workers: Workers, source: Source, campaign: Campaign) -> int:
    """Waits until all that was sent has led to its rows, with workers that live; suicides until then."""
    workers.chance = 0.0
    suicides, until = 0, time.monotonic() + SETTLE_SECONDS
    required = required_keys(source)
    missing = required
    while time.monotonic() < until:
        for name in NAMES:
            if workers.running[name].poll() is not None:
                suicides += 1
                workers.start(name)
        missing = required - keys_found(source)
        if not missing:
            return suicides
        time.sleep(0.5)
    raise AssertionError((campaign, len(missing), "rows missing", sorted(missing, key=str)[:3]))


def _homes(bootstrap: str, layout: TopicLayout) -> dict[int, Home]:
    identity = cluster_identity(bootstrap, layout)
    topic_id = identity.topic_ids[layout.name("writes")]
    return {
        partition: Home(identity.cluster_id, topic_id, partition) for partition in range(layout.partitions)
    }


def _judge_commits(bootstrap: str, layout: TopicLayout, source: Source) -> None:
    """What is committed is a position in the log, and not behind its end."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": layout.prefix + "worker", "log_level": 0}
    )
    try:
        for partition, log in read_log(source).items():
            topic = TopicPartition(layout.name("writes"), partition)
            committed = consumer.committed([topic], timeout=30)[0].offset
            assert committed <= len(log), (partition, committed, len(log))
    finally:
        consumer.close()


def main(kills: int, seed: int, shell: Shell) -> None:
    """Runs one campaign on a broker of its own and prints what it found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        layout = TopicLayout(prefix="chaos.", partitions=4)
        with EmbeddedBroker(folder / "kafka", port=0, progress=print) as broker:
            create_topics(broker.bootstrap, layout)
            campaign = Campaign(kills, seed, broker_restarts=kills // 10, shell=shell)
            sys.stdout.write(f"{run(broker, layout, folder, campaign)}\n")


if __name__ == "__main__":
    chosen = sys.argv[3] if len(sys.argv) > 3 else "faust"
    main(int(sys.argv[1]), int(sys.argv[2]), cast("Shell", chosen))
