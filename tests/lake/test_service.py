"""The sink on a real Kafka, read back by a library that did not write."""

from __future__ import annotations

from threading import Event, Thread

import polars as pl
import pytest

from streams.broker.topics import cluster_identity
from streams.lake.progress import LogId
from streams.lake.service import run_lake
from streams.settings import Broker, Lake, Settings
from tests.lake.story import STEP_SECONDS, VOLUMES, entry, records
from tests.waiting import eventually

DAY = 86_400 // STEP_SECONDS


@pytest.fixture
def settings(topics, tmp_path):
    return Settings(
        broker=Broker(bootstrap=topics.bootstrap, topic_prefix=topics.prefix, partitions=2),
        lake=Lake(path=str(tmp_path / "lake"), commit_seconds=0.2, port=0),
    )


def logs_of(topics):
    identity = cluster_identity(topics.bootstrap, topics.layout)
    return {
        suffix: LogId(identity.cluster_id, topics.name(suffix), identity.topic_ids[topics.name(suffix)])
        for suffix in ("groups", "tables", "intervals")
    }


class Running:
    """A sink in a thread of this process."""

    def __init__(self, settings, logs):
        self._stop = Event()
        self._errors = []
        self._thread = Thread(target=self._run, args=(settings, logs))
        self._thread.start()

    def _run(self, settings, logs):
        try:
            run_lake(settings, logs, self._stop)
        except Exception as error:  # noqa: BLE001  # told by `stop`
            self._errors.append(error)

    def stop(self):
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()
        if self._errors:
            raise self._errors[0]


def rows(settings, table):
    return pl.read_delta(settings.lake.table_uri(table)).sort(
        pl.all().exclude("data_groups", "members", "covered", "totals", "written_bytes_by_slot")
    )


@pytest.mark.broker
def test_what_is_on_the_topics_is_in_the_lake_once(put, topics, settings):
    sink = Running(settings, logs_of(topics))
    try:
        for group in VOLUMES:
            for topic, record in records(group, range(DAY - 3, DAY + 3)):
                put(topic, group, [record])
        eventually(lambda: rows(settings, "interval_summary").height, lambda height: height == 12)
    finally:
        sink.stop()
    assert rows(settings, "group_definitions")["data_group"].to_list() == ["files", "oltp"]
    tracks = rows(settings, "interval_tracks")
    for group, volumes in VOLUMES.items():
        for volume in volumes:
            array, name = volume.split("/")
            own = (
                tracks.filter(pl.col("data_groups").list.contains(group), array=array, volume=name)
                .group_by("interval_start")
                .agg(pl.col("changed_tracks", "writes").sum())
            )
            assert sorted(zip(own["changed_tracks"], own["writes"], strict=True)) == sorted(
                (found.changed_tracks, found.writes)
                for number in range(DAY - 3, DAY + 3)
                for found in [entry(volume, number)]
            )
