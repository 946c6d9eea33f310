"""The private names of Faust and aiokafka that the shell relies on are still there, and mean the same."""

import asyncio
import inspect

import aiokafka
import faust
from aiokafka.consumer import consumer as aiokafka_consumer
from faust.transport import consumer as fausts_own
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.processor import faust_consumer
from streams.processor.faust_app import build_app
from streams.processor.options import WorkerOptions

OPTIONS = WorkerOptions("localhost:1", "w0", "cluster", "topic")


def test_versions_are_the_ones_whose_inside_was_read():
    assert faust.__version__ == "0.15.3"
    assert aiokafka.__version__ == "0.14.0"


def test_faust_still_asks_the_methods_that_we_override():
    source = inspect.getsource(fausts_own.Consumer)
    assert "self._filter_tps_with_pending_acks(" in source
    assert "self._new_offset(tp)" in source
    assert "self._create_worker_consumer(" in inspect.getsource(driver.AIOKafkaConsumerThread)
    assert "_new_consumer_thread" in inspect.getsource(driver.Consumer)


def test_commits_follow_the_partitions_alone():
    app = build_app(OPTIONS)
    offsets = {TP("linkgauge.writes", 0): 17}
    faust_consumer.install(app, lambda: offsets, 0.02)
    consumer = app.consumer
    assert list(consumer._filter_tps_with_pending_acks()) == [TP("linkgauge.writes", 0)]
    assert consumer._new_offset(TP("linkgauge.writes", 0)) == 17
    assert consumer._new_offset(TP("linkgauge.writes", 1)) is None


def test_an_empty_partition_is_not_polled_for_long():
    async def wait_of_the_consumer() -> int:
        app = build_app(OPTIONS)
        faust_consumer.install(app, dict, 0.02)
        thread = app.consumer._new_consumer_thread()
        consumer = thread._create_worker_consumer(app.transport)
        return consumer._fetch_max_wait_ms

    assert asyncio.run(wait_of_the_consumer()) == 20


def test_the_fetcher_reads_the_wait_that_we_set():
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in inspect.getsource(aiokafka_consumer)
