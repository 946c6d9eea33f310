"""The Helm chart: rendered by Helm, every manifest held against the schemas of Kubernetes and operators."""

import json
import subprocess
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from streams.settings import Settings
from streams.settings.load import load_settings
from tests.ops.conftest import program

pytestmark = pytest.mark.external

ROOT = Path(__file__).parents[2]
CHART = ROOT / "ops" / "helm" / "linkgauge"
KUBERNETES = "1.31"
KAFKA = {"kafka": {"bootstrap": "kafka-1:9092,kafka-2:9092"}}
EAST = {"groups": ["payroll"], "paths": 2, "path_bits_per_second": 155_520_000, "resync_seconds": 3600}
EVERYTHING = {
    "kafka": {
        "bootstrap": "kafka:9093",
        "client": {"security.protocol": "SASL_SSL", "ssl.ca.location": "/etc/linkgauge/tls/ca.crt"},
        "existingSecret": "linkgauge-kafka",
        "tlsSecret": "linkgauge-tls",
    },
    "settings": {"links": {"east": EAST}},
    "worker": {"autoscaling": {"enabled": True, "authenticationRef": "kafka"}, "priorityClassName": "high"},
    "reporter": {"replicas": 2},
    "lake": {"enabled": True, "persistence": {"storageClassName": "fast"}},
    "imagePullSecrets": [{"name": "pull"}],
    "monitoring": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboards")},
}
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}


def helm(values, *words, release="site"):
    """What `helm template` prints, or says is wrong with the values."""
    version = f"--kube-version={KUBERNETES}.0"
    run = [program("helm"), "template", release, CHART, version, "--values=-", *words]
    return subprocess.run(run, input=json.dumps(values), check=False, capture_output=True, text=True)


def rendered(values, release="site"):
    done = helm(values, release=release)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


@pytest.fixture(scope="module")
def everything():
    return rendered(EVERYTHING)


def of_kind(manifests, kind, component=None):
    return [
        m
        for m in manifests
        if m["kind"] == kind and component in (None, m["metadata"]["labels"]["app.kubernetes.io/component"])
    ]


def pods(manifests):
    return [m["spec"]["template"]["spec"] for m in manifests if "template" in m.get("spec", {})]


def jobs_name(values, *words):
    done = helm(values, *words)
    [job] = of_kind(filter(None, yaml.safe_load_all(done.stdout)), "Job")
    return job["metadata"]["name"]


def test_the_job_of_topics_is_another_one_where_it_says_something_else_and_only_there():
    """Tools that render and apply, such as Argo CD, know no revisions; and a Job cannot be changed."""
    name = jobs_name(KAFKA)
    assert jobs_name(KAFKA, "--is-upgrade") == name
    assert jobs_name(KAFKA | {"settings": {"links": {"east": EAST}}}) == name
    assert jobs_name({"kafka": KAFKA["kafka"] | {"partitions": 48}}) != name
    assert jobs_name(KAFKA | {"image": {"tag": "0.2.0"}}) != name


def test_a_worker_is_added_where_more_waits_than_one_holds(everything):
    [scaled] = of_kind(everything, "ScaledObject")
    assert scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] == str(50 * (300 + 120))
    hourly = {"enabled": True, "messagesPerSecond": 333, "intervalSeconds": 3600}
    [scaled] = of_kind(rendered(KAFKA | {"worker": {"autoscaling": hourly}}), "ScaledObject")
    assert scaled["spec"]["triggers"][0]["metadata"]["lagThreshold"] == str(333 * 3720)


@pytest.mark.parametrize("values", [KAFKA, EVERYTHING], ids=["least", "everything"])
def test_every_manifest_fits_the_schema_of_its_kind(values):
    manifests = rendered(values)
    for manifest in manifests:
        if manifest["kind"] not in CUSTOM:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    custom = [manifest for manifest in manifests if manifest["kind"] in CUSTOM]
    assert {manifest["kind"] for manifest in custom} == (CUSTOM if values is EVERYTHING else set())
    check = ROOT / "build" / "programs" / "crds" / "check.js"
    checked = subprocess.run(
        [program("node"), check], input=json.dumps(custom), check=False, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


def test_helm_lint_has_nothing_to_say():
    run = [program("helm"), "lint", CHART, "--strict", "--quiet", "--values=-"]
    linted = subprocess.run(run, input=json.dumps(KAFKA), check=False, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "/kafka/bootstrap"),
        ({"kafka": {"bootstrap": "kafka"}}, "/kafka/bootstrap"),
        (KAFKA | {"wroker": {}}, "wroker"),
        (KAFKA | {"worker": {"replicas": 0}}, "/worker/replicas"),
        (KAFKA | {"worker": {"shell": "bash"}}, "/worker/shell"),
        (KAFKA | {"worker": {"replicas": 25}}, "worker.replicas"),
        (KAFKA | {"worker": {"autoscaling": {"enabled": True, "maxReplicas": 25}}}, "maxReplicas: at most"),
        ({"kafka": KAFKA["kafka"] | {"topicPrefix": "team/x."}}, "/kafka/topicPrefix"),
        (KAFKA | {"image": {"repository": "linkgauge", "digest": "latest"}}, "/image/digest"),
        (KAFKA | {"settings": {"broker": {}}}, "/settings"),
        ({"kafka": {"bootstrap": "k:1", "client": {"sasl.password": "secret"}}}, "sasl.password"),
    ],
)
def test_wrong_values_are_refused_by_place(values, named):
    refused = helm(values)
    assert refused.returncode != 0
    assert named in refused.stderr


def test_pods_have_no_rights_and_a_root_that_cannot_be_written(everything):
    assert len(pods(everything)) == 4
    for pod in pods(everything):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"]["cpu"]


def test_whatever_goes_on_is_probed(everything):
    for pod in pods(everything):
        [container] = pod["containers"]
        probes = {name for name in container if name.endswith("Probe")}
        goes_on = container["name"] != "topics"
        assert probes == ({"startupProbe", "readinessProbe", "livenessProbe"} if goes_on else set())


def test_workers_are_static_members_under_the_names_of_their_pods(everything):
    [worker] = of_kind(everything, "StatefulSet", "worker")
    [container] = worker["spec"]["template"]["spec"]["containers"]
    name = next(each for each in container["env"] if each["name"] == "LINKGAUGE_WORKER__NAME")
    assert name["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 60
    [scaled] = of_kind(everything, "ScaledObject")
    assert "replicas" not in worker["spec"], "two would set the number of workers"
    assert scaled["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]


def test_selectors_find_the_pods_that_they_are_meant_for(everything):
    labels = [
        m["spec"]["template"]["metadata"]["labels"] for m in everything if "template" in m.get("spec", {})
    ]
    selectors = [m["spec"]["selector"] for m in of_kind(everything, "Service")]
    selectors += [m["spec"]["selector"]["matchLabels"] for m in of_kind(everything, "PodDisruptionBudget")]
    for selector in selectors:
        assert len([each for each in labels if selector.items() <= each.items()]) == 1
    [policy] = of_kind(everything, "NetworkPolicy")
    assert all(policy["spec"]["podSelector"]["matchLabels"].items() <= each.items() for each in labels)


def test_services_may_reach_kafka_where_it_is():
    kafka = {"bootstrap": "kafka-1:9093,kafka-2:19092,kafka-3:9093"}
    [policy] = of_kind(rendered({"kafka": kafka}), "NetworkPolicy")
    reached = policy["spec"]["egress"][1]["ports"]
    assert [port["port"] for port in reached[:3]] == [9093, 19092, 9092]


def test_workers_are_told_of_their_section_and_of_no_other():
    settings = {"worker": {"host": "10.0.0.1"}, "links": {"east": EAST}}
    [made] = of_kind(rendered(KAFKA | {"settings": settings}), "ConfigMap", "settings")
    told = tomllib.loads(made["data"]["worker.toml"])
    assert told["worker"] == {"host": "10.0.0.1"}
    assert told.keys() == {"broker", "worker"}


def test_releases_in_one_namespace_are_sites_of_their_own():
    """Alertmanager inhibits within a site: what one release suffers must not silence another's alerts."""
    [monitor] = of_kind(rendered(EVERYTHING, release="north"), "ServiceMonitor")
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "site", "replacement": "north"}]


def test_ports_that_are_named_are_there(everything):
    for service in of_kind(everything, "Service"):
        component = service["metadata"]["labels"]["app.kubernetes.io/component"]
        [port] = service["spec"]["ports"]
        [pod] = [
            m
            for m in everything
            if m["kind"] in ("StatefulSet", "Deployment")
            and m["metadata"]["labels"]["app.kubernetes.io/component"] == component
        ]
        [container] = pod["spec"]["template"]["spec"]["containers"]
        assert container["ports"] == [{"name": port["targetPort"], "containerPort": port["port"]}]


def test_the_settings_are_those_of_the_services(everything, tmp_path, monkeypatch):
    [made] = of_kind(everything, "ConfigMap", "settings")
    for component, links in (("reporter", 1), ("lake", 1), ("worker", 0), ("topics", 0)):
        text = made["data"][f"{component}.toml"]
        file = tmp_path / f"{component}.toml"
        file.write_text(text)
        settings = load_settings(file)
        assert isinstance(settings, Settings)
        assert settings.broker.bootstrap == "kafka:9093"
        assert settings.broker.partitions == 24
        assert settings.broker.client == EVERYTHING["kafka"]["client"]
        assert len(settings.links) == links == len(tomllib.loads(text).get("links", {}))


def test_a_change_of_a_link_leaves_the_workers_alone(everything):
    wider = rendered(EVERYTHING | {"settings": {"links": {"east": EAST | {"paths": 3}}}})

    def stamps(manifests):
        return {
            m["metadata"]["name"]: m["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]
            for m in manifests
            if m["kind"] in ("StatefulSet", "Deployment")
        }

    changed = {name for name, stamp in stamps(wider).items() if stamp != stamps(everything)[name]}
    assert changed == {"site-linkgauge-reporter", "site-linkgauge-lake"}


def test_every_environment_variable_is_a_setting(everything):
    for pod in pods(everything):
        for variable in pod["containers"][0].get("env", ()):
            section, _, key = variable["name"].removeprefix("LINKGAUGE_").lower().partition("__")
            assert key in type(getattr(Settings(), section)).model_fields, variable["name"]
