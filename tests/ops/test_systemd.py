"""The systemd units: as systemd itself reads and judges them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.external

UNITS = Path(__file__).parents[2] / "ops" / "systemd"
STARTED = [
    "linkgauge-worker@1.service",
    "linkgauge-reporter.service",
    "linkgauge-lake.service",
    "linkgauge-agent@box-1.service",
]
EXPOSURE_TENTHS = 15  # "OK"; most services of a distribution have 90 and more


@pytest.fixture
def installed(tmp_path):
    """The units where systemd looks for them, with the programs of this environment."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/linkgauge/bin", str(Path(sys.executable).parent)))
    return folder


def analyze(folder, *words):
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"}
    return subprocess.run(
        ["systemd-analyze", *words], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def test_every_unit_is_started_here():
    names = {name.partition("@")[0].removesuffix(".service") for name in STARTED}
    assert {path.stem.removesuffix("@") for path in UNITS.glob("*.service")} == names


@pytest.mark.parametrize("unit", STARTED)
def test_systemd_has_nothing_to_say(installed, unit):
    verified = analyze(installed, "verify", f"./{unit}")
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", STARTED)
def test_little_is_exposed(installed, unit):
    judged = analyze(installed, "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", f"./{unit}")
    assert judged.returncode == 0, judged.stdout


def test_the_hardening_is_what_closes_them(installed):
    shutil.rmtree(installed / "linkgauge-.service.d")
    judged = analyze(
        installed, "security", "--offline=true", f"--threshold={EXPOSURE_TENTHS}", f"./{STARTED[1]}"
    )
    assert judged.returncode != 0


def test_whatever_fails_is_started_again_for_ever_and_may_say_what_memory_it_takes():
    """systemd gives up after five starts in 10 s otherwise; `process_*` need /proc/stat."""
    hardening = (UNITS / "linkgauge-.service.d" / "10-hardening.conf").read_text()
    assert "\nStartLimitIntervalSec=0\n" in hardening.partition("[Service]")[0]
    assert "\nRestart=always\n" in hardening
    assert "\nProcSubset=" not in hardening


def test_every_worker_has_a_port_of_its_own_that_prometheus_asks():
    unit = (UNITS / "linkgauge-worker@.service").read_text()
    [port] = re.findall(r"^Environment=LINKGAUGE_WORKER__PORT=(\d+)%i$", unit, re.MULTILINE)
    scraped = yaml.safe_load((UNITS.parent / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    [workers] = [
        job["static_configs"][0]["targets"] for job in scraped if job["job_name"] == "linkgauge-worker"
    ]
    assert workers == [f"127.0.0.1:{port}{number}" for number in (1, 2)]


def test_a_mistake_in_a_unit_is_seen(installed):
    unit = installed / "linkgauge-reporter.service"
    unit.write_text(unit.read_text().replace("ExecReload=", "ExecRelaod="))
    assert "ExecRelaod" in analyze(installed, "verify", f"./{unit.name}").stderr
