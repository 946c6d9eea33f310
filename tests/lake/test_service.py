"""The sink as a process on a real Kafka, one test for each format."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lake.reading import expected, measured
from tests.lake.story import VOLUMES, records
from tests.waiting import ended_within, eventually

NUMBERS = range(285, 291)


class Sinks:
    """`linkgauge lake` on the topics of the test, as often as asked for."""

    def __init__(self, topics, lake, folder):
        self.environment = {
            **os.environ,
            "LINKGAUGE_BROKER__BOOTSTRAP": topics.bootstrap,
            "LINKGAUGE_BROKER__TOPIC_PREFIX": topics.prefix,
            "LINKGAUGE_BROKER__PARTITIONS": "2",
            "LINKGAUGE_LAKE__FORMAT": lake.format,
            "LINKGAUGE_LAKE__PATH": lake.path,
            "LINKGAUGE_LAKE__COMMIT_SECONDS": "0.3",
            "LINKGAUGE_LAKE__PORT": "0",
            "LINKGAUGE_LAKE__STORAGE": json.dumps(lake.storage),
            "LINKGAUGE_LAKE__CATALOG": json.dumps(lake.catalog),
        }
        self.folder = folder
        self.running = []

    def start(self):
        command = [sys.executable, "-m", "streams.cli", "lake"]
        with (self.folder / f"sink{len(self.running)}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=self.environment)
        self.running.append(process)
        return process

    def log(self, number=0):
        """What a sink has said."""
        return (self.folder / f"sink{number}.log").read_text()

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = [
            ended_within(process, 20) for process in self.running if process.returncode != -signal.SIGKILL
        ]
        logs = [self.log(number) for number in range(len(self.running))]
        assert set(codes) <= {0}, logs

    def kill(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def sinks(topics, lake, tmp_path):
    made = Sinks(topics, lake, tmp_path)
    yield made
    made.kill()


def found(lake):
    try:
        return measured(lake)
    except Exception:  # noqa: BLE001  # readers have errors of many kinds for a table that is not there yet
        return None


@pytest.mark.broker
def test_kills_and_rebalances_lose_nothing_and_double_nothing(put, lake, sinks):
    """A sink is killed while rows come, a second one takes over, a third one joins and leaves."""
    todo = [(group, *row) for group in VOLUMES for row in records(group, NUMBERS)]
    thirds = [todo[number::3] for number in range(3)]
    todo.sort(key=lambda row: row[1] == "intervals")
    first = sinks.start()
    for number, rows in enumerate(thirds):
        for group, topic, record in rows:
            put(topic, group, [record])
        if number == 0:
            eventually(lambda: found(lake))
            first.kill()
            first.wait()
            sinks.start()
        elif number == 1:
            third = sinks.start()
    eventually(lambda: set(found(lake) or ()), lambda rows: rows == set(expected(NUMBERS)))
    third.terminate()
    sinks.stop()
    assert measured(lake) == expected(NUMBERS)


@pytest.mark.broker
def test_partitions_that_come_while_the_storage_is_away_wait_for_it(put, lake, sinks):
    """Of two sinks one dies when nobody can read the tables: the other one takes over once they are back."""
    place = Path(lake.path)
    todo = [(group, *row) for group in VOLUMES for row in records(group, NUMBERS)]
    for group, topic, record in todo[::2]:
        put(topic, group, [record])
    first, second = sinks.start(), sinks.start()
    eventually(lambda: found(lake) and "lake_listening" in sinks.log(1))
    away = place.rename(place.with_name("away"))
    place.write_text("no folder")
    first.kill()
    first.wait()
    for group, topic, record in todo[1::2]:
        put(topic, group, [record])
    eventually(lambda: "not_committed" in sinks.log(1) and str(place) in sinks.log(1))
    time.sleep(8)  # longer than Kafka takes to give it the partitions of the other
    assert second.poll() is None, sinks.log(1)
    place.unlink()
    away.rename(place)
    eventually(lambda: set(found(lake) or ()), lambda rows: rows == set(expected(NUMBERS)))
    sinks.stop()
    assert measured(lake) == expected(NUMBERS)
