"""When Kafka fails the worker: it stops, with nothing acknowledged, and its successor is exact."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from streams.broker.layout import MAX_BATCH_BYTES, TopicLayout
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import create_topics
from streams.store.reading import read_topic
from tests.integration.sites import Site
from tests.programs import LINKGAUGE
from tests.waiting import ended_within, eventually

pytestmark = [pytest.mark.broker, pytest.mark.long]

FILETIME_OF_1970 = 116_444_736_000_000_000
STOPS_SECONDS = 10
ROWS = ("tables", "intervals", "state")
AWAY = {"faust": "Connect call failed", "confluent": "kafka_trouble"}
TOO_LARGE = {"faust": "MessageSizeTooLarge", "confluent": "MSG_SIZE_TOO_LARGE"}
MEASURED = [(0, 2, 2, 1.0, 0), (10, 3, 3, 1.0, 0), (20, 2, 2, 1.0, 0)]


@pytest.fixture(scope="module")
def own_broker(tmp_path_factory) -> Iterator[EmbeddedBroker]:
    """A Kafka that may be killed: others would miss the shared one."""
    with EmbeddedBroker(tmp_path_factory.mktemp("own"), port=0) as running:
        yield running


@pytest.fixture
def own_site(own_broker, topic_prefix, shell, tmp_path) -> Iterator[Site]:
    layout = TopicLayout(prefix=topic_prefix, partitions=1)
    own_broker.start()  # where a test before has failed
    create_topics(own_broker.bootstrap, layout)
    site = Site(own_broker.bootstrap, layout, tmp_path, shell)
    yield site
    own_broker.start()
    site.workers.stop_all()


def begun(site: Site, **options) -> None:
    """A worker with one closed and one open interval, frozen before it reads what closes the latter."""
    site.begin(3, 4, 12, **options)
    eventually(site.committed, lambda found: 1 in found.values())
    eventually(lambda: site.rows("state"), lambda rows: any(key == b'["g",2]' for _, key, _ in rows))
    site.workers.freeze("w0")
    site.writes(1, (15, 25), 16, 17)


def acknowledged(site: Site) -> dict[int, int]:
    """Messages behind the committed position; a partition without any may have its 0 now or later."""
    return {partition: offset for partition, offset in site.committed().items() if offset}


def kill(broker: EmbeddedBroker) -> None:
    broker.kill()


def fill_the_disk(broker: EmbeddedBroker) -> None:
    """No file of Kafka's may grow any more; it ends by itself when it next wants to write."""
    assert broker._guard is not None
    for java in psutil.Process(broker._guard.pid).children():
        java.rlimit(psutil.RLIMIT_FSIZE, (1, 1))


def finish(site: Site) -> None:
    """A new worker, the rest of the messages, and every row compared with the oracle."""
    site.workers.start("w0")
    site.writes(2, (25, 30), 26, 27)
    assert eventually(site.counted, lambda found: len(found) == 3) == MEASURED
    assert site.workers.stop_all() == {"w0": 0}
    assert site.judge().marks > 0


@pytest.mark.parametrize("fail", [kill, fill_the_disk])
def test_a_worker_stops_with_nothing_acknowledged_when_its_kafka_is_gone(own_broker, own_site, fail):
    begun(own_site, patience_seconds=2)
    before, committed = own_site.rows(*ROWS), acknowledged(own_site)
    fail(own_broker)
    own_site.workers.thaw("w0")
    assert ended_within(own_site.workers.running["w0"], 2 + STOPS_SECONDS) == 1
    assert not own_broker.running
    last = own_site.workers.log("w0").splitlines()[-1]
    assert f"at {own_broker.bootstrap} did not take a row" in last
    assert "mend Kafka" in last
    own_broker.start()
    assert own_site.rows(*ROWS) == before
    assert acknowledged(own_site) == committed
    finish(own_site)


def test_sigterm_ends_a_worker_whose_kafka_is_gone(own_broker, own_site):
    begun(own_site)
    own_broker.kill()
    own_site.workers.thaw("w0")
    eventually(lambda: own_site.workers.log("w0"), lambda log: AWAY[own_site.workers.shell] in log)
    own_site.workers.running["w0"].send_signal(signal.SIGTERM)
    assert ended_within(own_site.workers.running["w0"], STOPS_SECONDS) == 0
    own_broker.start()
    finish(own_site)


@pytest.mark.parametrize("shell", ["faust"])
def test_sigterm_ends_agents_and_reporter_whose_kafka_is_gone(own_broker, own_site, tmp_path):
    own_site.write_settings("[reporter]\nport = 0\n")
    (tmp_path / "trace.csv").write_text(
        "".join(f"{FILETIME_OF_1970 + at * 10_000_000},host,0,Write,0,512,1\n" for at in range(1000))
    )
    commands = (
        ("agent replay trace.csv --format msr --group r --speed 10 --no-wait", 128 + signal.SIGTERM),
        ("agent synthetic --duration 1000 --speed 10 --no-wait", 128 + signal.SIGTERM),
        ("reporter", 0),
    )
    started = []
    for typed, code in commands:
        log = (tmp_path / f"{code}-{len(started)}.log").open("w+b")
        process = subprocess.Popen([LINKGAUGE, *typed.split()], cwd=tmp_path, stdout=log, stderr=log)
        started.append((process, code, log))
    eventually(
        lambda: {row.key for row in read_topic(own_site.source, "writes")}, lambda found: len(found) == 2
    )
    eventually((tmp_path / "0-2.log").read_text, lambda log: "reporter_ready" in log)
    own_broker.kill()
    time.sleep(1)  # what is under way finds nobody
    for process, _, _ in started:
        process.terminate()
    for process, code, log in started:
        try:
            assert ended_within(process, STOPS_SECONDS) == code, Path(log.name).read_text()
        finally:
            process.kill()
            log.close()


@pytest.mark.parametrize("suffix", ["tables", "state"])
def test_a_worker_stops_with_nothing_acknowledged_when_kafka_refuses_a_row(site, suffix):
    begun(site)
    marks, committed = site.rows("state"), acknowledged(site)
    site.configure(suffix, "max.message.bytes", "1")
    site.workers.thaw("w0")
    assert ended_within(site.workers.running["w0"], STOPS_SECONDS) == 1
    log = site.workers.log("w0")
    assert f"topic {site.source.topic(suffix)} at {site.source.bootstrap} did not take a row" in log
    assert TOO_LARGE[site.workers.shell] in log
    assert site.rows("state") == marks
    assert acknowledged(site) == committed
    site.configure(suffix, "max.message.bytes", str(MAX_BATCH_BYTES))
    finish(site)
