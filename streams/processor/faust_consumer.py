"""Faust's consumer, bent where it would lose data. All private names that we rely on stand here.

- `Consumer._filter_tps_with_pending_acks` and `_new_offset` decide what is committed. Faust's own
  bookkeeping commits past messages that are still held; ours asks the partition.
- `AIOKafkaConsumerThread._create_worker_consumer` fixes a long poll of 1.5 s, in which one empty partition
  holds up the full ones; ours is short.

A test fails when one of these names is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

__all__ = ["CommitOffsets", "install"]

CommitOffsets = Callable[[], dict[TP, int]]
"""Where each partition that is in our hands may be committed; others are left alone."""


def install(app: faust.App, commit_offsets: CommitOffsets, fetch_wait_seconds: float) -> None:
    """Gives the app a transport whose commits follow `commit_offsets`."""

    class Thread(driver.AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: Any) -> Any:
            consumer = super()._create_worker_consumer(transport)
            consumer._fetch_max_wait_ms = int(fetch_wait_seconds * 1000)  # noqa: SLF001  # no public setting
            return consumer

    class Consumer(driver.Consumer):
        def _new_consumer_thread(self) -> Any:
            return Thread(self, loop=self.loop, beacon=self.beacon)

        def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:  # noqa: ARG002  # Faust passes it
            return iter(commit_offsets())

        def _new_offset(self, tp: TP) -> int | None:
            return commit_offsets().get(tp)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = Consumer
    app.transport = Transport(app.conf.broker_consumer, app)
