"""The embedded broker is a real Kafka: it keeps what it acknowledged, and it never outlives its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from streams.broker import process
from streams.broker.java import bundled_java
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import TopicLayout, check_topics, cluster_identity, create_topics, require_broker
from streams.errors import BrokerError, BrokerUnreachable
from tests.waiting import PATIENCE_SECONDS, eventually

pytestmark = [pytest.mark.broker, pytest.mark.long]

ONE_EACH = TopicLayout(partitions=1)
TOPIC = ONE_EACH.name("writes")

USER = """
import sys, time
from pathlib import Path
from streams.broker.process import EmbeddedBroker
with EmbeddedBroker(Path(sys.argv[1]), port=0) as broker:
    print(broker.port, flush=True)
    time.sleep(600)
"""


def produce(bootstrap, *values):
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    failures = []
    for value in values:
        producer.produce(TOPIC, value, on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert failures == [None] * len(values)


def consume(bootstrap, count):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader"})
    consumer.assign([TopicPartition(TOPIC, 0, 0)])
    values = [message.value() for message in consumer.consume(count, timeout=PATIENCE_SECONDS)]
    consumer.close()
    return values


def retention_ms(bootstrap):
    client = AdminClient({"bootstrap.servers": bootstrap})
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    return client.describe_configs([resource])[resource].result()["retention.ms"].value


def pid_of(broker):
    return int((broker.data_dir / "broker.lock").read_text())


def ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_what_was_acknowledged_survives_a_kill_and_a_stop(tmp_path):
    with EmbeddedBroker(tmp_path, port=0) as broker:
        create_topics(broker.bootstrap, ONE_EACH)
        identity = cluster_identity(broker.bootstrap, ONE_EACH)
        produce(broker.bootstrap, b"one", b"two")
        assert consume(broker.bootstrap, 2) == [b"one", b"two"]
        for end in (broker.kill, broker.stop, broker.kill):
            before, address = pid_of(broker), broker.bootstrap
            end()
            assert ended(before)
            assert not broker.running
            broker.start()
            assert broker.bootstrap == address
            assert consume(broker.bootstrap, 2) == [b"one", b"two"]
            assert cluster_identity(broker.bootstrap, ONE_EACH) == identity
            assert check_topics(broker.bootstrap, ONE_EACH) == []
            assert retention_ms(broker.bootstrap) == str(3 * 86_400_000)
        produce(broker.bootstrap, b"three")
        assert consume(broker.bootstrap, 3) == [b"one", b"two", b"three"]


def test_clients_that_were_there_before_a_kill_go_on_after_it(tmp_path):
    with EmbeddedBroker(tmp_path, port=0) as broker:
        create_topics(broker.bootstrap, ONE_EACH)
        producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap,
                "enable.idempotence": True,
                "reconnect.backoff.max.ms": 200,
            }
        )
        producer.produce(TOPIC, b"before")
        assert producer.flush(PATIENCE_SECONDS) == 0
        broker.kill()
        producer.produce(TOPIC, b"meanwhile")
        broker.start()
        assert producer.flush(PATIENCE_SECONDS) == 0
        assert consume(broker.bootstrap, 2) == [b"before", b"meanwhile"]


def test_a_folder_in_use_is_refused_and_free_again_after_the_stop(broker, tmp_path):
    with pytest.raises(BrokerError, match=rf"in use by a running broker \(process {pid_of(broker)}\)"):
        EmbeddedBroker(broker.data_dir, port=0).start()
    assert broker.running
    require_broker(broker.bootstrap)
    assert not list(tmp_path.iterdir())


def test_starting_twice_and_stopping_twice_are_nothing(tmp_path):
    broker = EmbeddedBroker(tmp_path, port=0)
    broker.stop()
    broker.start()
    pid = pid_of(broker)
    broker.start()
    assert pid_of(broker) == pid
    broker.stop()
    broker.stop()
    assert ended(pid)
    with pytest.raises(BrokerUnreachable):
        require_broker(broker.bootstrap, timeout_seconds=1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_the_user_ends(tmp_path, number):
    with subprocess.Popen(
        [sys.executable, "-c", USER, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as user:
        assert int(user.stdout.readline()) > 0
        family = [child.pid for child in psutil.Process(user.pid).children(recursive=True)]
        assert len(family) == 2  # guard and Java
        user.send_signal(number)
    eventually(lambda: [pid for pid in family if not ended(pid)], lambda left_behind: left_behind == [])
    with EmbeddedBroker(tmp_path, port=0) as successor:
        assert successor.running


def test_a_broker_that_dies_by_itself_is_noticed(tmp_path):
    with EmbeddedBroker(tmp_path, port=0) as broker:
        os.kill(pid_of(broker), signal.SIGKILL)
        eventually(lambda: not broker.running)
        broker.start()
        require_broker(broker.bootstrap)


def test_the_java_that_we_bring_runs_it_in_a_folder_of_any_name(tmp_path):
    steps = []
    folder = tmp_path / "ä, b=c:d"
    with EmbeddedBroker(folder, port=0, java=bundled_java(), progress=steps.append) as broker:
        create_topics(broker.bootstrap, ONE_EACH)
        produce(broker.bootstrap, b"x")
        assert consume(broker.bootstrap, 1) == [b"x"]
        program = Path(psutil.Process(pid_of(broker)).exe())
        assert program == bundled_java().resolve()
    assert steps[-1] == f"Apache Kafka answers at {broker.bootstrap}"
    assert broker.log_path.parent == folder


def test_a_taken_port_is_named_with_the_ways_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            BrokerError, match=rf"port {port} .* is taken.*--port.*--bootstrap 127.0.0.1:{port}"
        ):
            EmbeddedBroker(tmp_path, port).start()


def test_a_broker_that_does_not_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(process.config, "server_properties", spoiled(process.config.server_properties))
    with pytest.raises(BrokerError, match=r"(?s)Apache Kafka did not start:.*num\.io\.threads.*broker\.log"):
        EmbeddedBroker(tmp_path, port=0).start()


def spoiled(properties):
    """Settings that Kafka refuses, but only for running: the folder's preparation has a third argument."""

    def of(*arguments):
        return properties(*arguments) + ("" if len(arguments) == 3 else "num.io.threads=none\n")

    return of


def test_a_broker_that_never_answers_is_given_up_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_START_SECONDS", 0.0)
    broker = EmbeddedBroker(tmp_path, port=0)
    with pytest.raises(BrokerError, match="does not answer within"):
        broker.start()
    assert not broker.running
    monkeypatch.undo()
    with broker:
        require_broker(broker.bootstrap)
