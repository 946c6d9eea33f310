"""docker-compose.yml: what it promises of every service, and its services running as it says."""

import json
import re
import shlex
import urllib.parse

import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.external

OWN = ("topics", "worker-1", "worker-2", "reporter", "lake")
LINK = '{"east": {"groups": ["payroll"], "path_bits_per_second": 155520000, "resync_seconds": 600}}'
FLEET = "agent synthetic --pattern hotspot --arrays 1 --volumes 4 --rate 200 --duration 3600 --group payroll"


def test_every_service_is_hardened_and_bounded(project):
    for name, service in project["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["user"].partition(":")[0] not in ("", "0", "root"), name
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name


def test_images_are_pinned_and_ours_is_one(project):
    for name, service in project["services"].items():
        tag = service["image"].partition(":")[2]
        assert tag not in ("", "latest"), name
    assert {project["services"][name]["image"] for name in OWN} == {"linkgauge:local"}


def test_what_is_kept_is_in_named_volumes_and_nothing_listens_outside_this_machine(project):
    for name, service in project["services"].items():
        for port in service.get("ports", ()):
            assert port["host_ip"] == "127.0.0.1", name
        for volume in service.get("volumes", ()):
            assert volume["type"] == "volume" or volume["read_only"], name
    assert set(project["volumes"]) == {
        f"{of}-data" for of in ("kafka", "lake", "prometheus", "alertmanager", "grafana")
    }


def test_whoever_serves_says_whether_it_is_well(project):
    for name, service in project["services"].items():
        assert bool(service.get("ports")) <= ("healthcheck" in service), name


def test_the_services_measure_a_fleet_and_prometheus_sees_it(engine):
    engine.start("kafka")
    listens = ["bash", "-c", "</dev/tcp/kafka/9092"]  # its health check needs its image
    eventually(lambda: engine.ask("kafka", listens).returncode == 0)
    engine.run("topics")
    for name in ("worker-1", "worker-2", "lake"):
        engine.start(name)
    engine.start("reporter", LINKGAUGE_LINKS=LINK)
    for name in ("worker-1", "worker-2", "reporter"):
        engine.await_health(name)
    engine.start("prometheus")
    engine.await_health("prometheus")

    told = linkgauge(engine, f"{FLEET} --start 2026-11-01T00:00:00Z")
    writes, changed_tracks = known_answer(told)

    eventually(lambda: figure(engine, "linkgauge_writes_total") == writes)
    assert figure(engine, "linkgauge_changed_tracks_total") == changed_tracks
    headroom = 'linkgauge_link_headroom_ratio{mode="bitmap_resync"}'
    assert 0 < eventually(lambda: figure(engine, headroom)) < 1
    scraped = 'count(up{job=~"linkgauge-.*"} == 1)'
    eventually(lambda: figure(engine, scraped) == 3)
    for name in ("worker-1", "worker-2", "reporter", "lake", "prometheus"):
        assert engine.stop(name) == 0, engine.log(name)
    lake = engine.volume("lake-data") / "lake"
    assert sorted(table.name for table in lake.iterdir()) == [
        "group_definitions",
        "interval_summary",
        "interval_tracks",
    ]


def known_answer(told):
    """Writes and changed tracks, added up over intervals, as the fleet's closed form says."""
    found = re.search(r"changed tracks (\d+) as SUM .* (\d+) writes of", told)
    assert found, told
    return int(found[2]), int(found[1])


def linkgauge(engine, words):
    done = engine.ask("reporter", ["/opt/linkgauge/bin/linkgauge", *shlex.split(words)])
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def figure(engine, expression):
    """The value of an expression that has one series; None where it has none."""
    url = f"http://prometheus:9090/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    done = engine.ask("prometheus", ["wget", "-qO-", url])
    found = json.loads(done.stdout)["data"]["result"] if done.returncode == 0 else []
    assert len(found) <= 1
    return float(found[0]["value"][1]) if found else None
