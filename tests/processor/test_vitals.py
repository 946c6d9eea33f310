"""What a worker tells of itself: from its partitions, from what it closed, over HTTP."""

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from streams.model.entries import Interval
from streams.model.intervals import US
from streams.model.partition import Partition
from streams.model.state import Mark, State
from streams.processor import worker
from streams.processor.families import FAMILIES
from streams.processor.options import WorkerOptions
from streams.processor.place import Place
from streams.processor.vitals import Vitals


def shown(vitals):
    lines = "".join(vitals.page(False)).splitlines()
    return dict(line.removeprefix("linkgauge_").rsplit(" ", 1) for line in lines if line[0] != "#")


def test_partitions_and_what_waits_in_them():
    vitals = Vitals()
    one, other = Place(0, Partition(7)), Place(3, Partition(2, loose={1}))
    vitals.look([one, other], [10, None], assigned=3)
    said = shown(vitals)
    assert said['worker_lag_messages{partition="0"}'] == "3.0"
    assert 'worker_lag_messages{partition="3"}' not in said  # its end is not known yet
    assert said['worker_held_messages{partition="3"}'] == "1.0"
    assert said["worker_ready"] == "0.0"  # one of three is still loading
    vitals.look([one], [10], assigned=1)
    assert shown(vitals)["worker_ready"] == "1.0"
    assert 'worker_groups{partition="3"}' not in shown(vitals)


def test_only_the_first_revision_of_an_interval_closes_it():
    def interval(index, revision):
        return Interval("g", 1, 10, index * 10 * US, revision, False, (), 10, None, 0, 0)

    vitals = Vitals()
    intervals = (interval(0, 0), interval(1, 0), interval(0, 1))
    vitals.closed(Mark(intervals, (), (), (), State("g", 5, [])), append_us=25 * US)
    assert (vitals.intervals_closed, vitals.close_delay_seconds) == (2, 15 + 5)


def test_every_family_is_shown():
    vitals = Vitals()
    vitals.look([Place(0, Partition(7))], [10], assigned=1)
    text = "".join(vitals.page(False))
    assert [name for name in FAMILIES if f"# TYPE linkgauge_{name} " not in text] == []


@pytest.fixture
def served(monkeypatch):
    """What a worker answers over HTTP while it runs."""

    def ask(vitals, *paths):
        answers = {}

        def run(options, _):
            (event,) = told
            for path in paths:
                try:
                    with urlopen(event.replace("/metrics", path), timeout=10) as reply:  # noqa: S310
                        answers[path] = reply.status, reply.read().decode()
                except HTTPError as refusal:
                    with refusal:
                        answers[path] = refusal.code, refusal.read().decode()

        told = []
        monkeypatch.setattr(worker._log, "info", lambda _, url: told.append(url), raising=False)
        monkeypatch.setattr(worker, "_run", run)
        worker.run_worker(WorkerOptions("b", "w", "c", "t", port=0, vitals=vitals))
        return answers

    return ask


def test_a_worker_answers_where_its_settings_say(served):
    vitals = Vitals()
    answers = served(vitals, "/metrics", "/readyz", "/healthz")
    assert "linkgauge_worker_messages_total 0.0" in answers["/metrics"][1]
    assert answers["/readyz"] == (503, "loading partitions, or none is its own\n")
    assert answers["/healthz"] == (200, "ok\n")


def test_a_worker_without_a_port_serves_nothing(monkeypatch):
    monkeypatch.setattr(worker, "serving", None)
    monkeypatch.setattr(worker, "_run", lambda *_: None)
    worker.run_worker(WorkerOptions("b", "w", "c", "t"))


def test_options_of_two_workers_do_not_share_vitals():
    one, other = (WorkerOptions("b", "w", "c", "t") for _ in range(2))
    assert one.vitals is not other.vitals
    assert one == other
