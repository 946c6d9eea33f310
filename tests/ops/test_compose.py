"""docker-compose.yml as Compose reads it: what it promises of every service."""

import pytest

pytestmark = pytest.mark.external

OWN = ("topics", "worker-1", "worker-2", "reporter", "lake")


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
        assert ("healthcheck" in service) == (name != "topics"), name
