"""`linkgauge up` as people run it: real Kafka, worker and reporter; crashes, ends, and what must not stay."""

import os
import signal
import socket
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import polars as pl
import psutil
import pytest
from pyroaring import BitMap
from typer.testing import CliRunner

from streams.agents.synthetic import demo_fleet
from streams.broker.ports import free_port
from streams.cli import app
from streams.cli.demo import DEMO_LINK, Figure, compared, demo_environment
from streams.cli.probing import fetch
from streams.cli.session import Session
from streams.cli.stack import Stack
from streams.errors import LinkgaugeError
from streams.model.sizing.ranges import RangeFigures
from streams.settings import load_settings
from tests.programs import LINKGAUGE
from tests.waiting import PATIENCE_SECONDS, ended_within, eventually

pytestmark = pytest.mark.long

DAY_US = 86_400_000_000


@contextmanager
def up(folder, *arguments):
    """The running command, its reporter's address, and a function that tells what it said so far."""
    port, said = free_port(), folder / "said"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LINKGAUGE_") or "CACHE" in name
    }
    environment |= {"LINKGAUGE_REPORTER__PORT": str(port), "TMPDIR": str(folder)}
    with said.open("wb") as output:
        process = subprocess.Popen(
            [LINKGAUGE, "up", "--port", "0", *arguments],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, f"http://127.0.0.1:{port}", said.read_text
    finally:
        process.kill()
        process.wait()


def family_of(process):
    """All processes below it, however deep."""
    return psutil.Process(process.pid).children(recursive=True)


def assert_all_gone(processes):
    _, alive = psutil.wait_procs(processes, PATIENCE_SECONDS)
    assert alive == []


@pytest.mark.broker
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_up_mends_a_crash_and_a_signal_ends_everything(tmp_path, number):
    with up(tmp_path, "--data", "here") as (process, url, said):
        eventually(lambda: "Ctrl-C ends it" in said())
        assert f"metrics  {url}/metrics\n" in said()
        eventually(lambda: fetch(f"{url}/readyz") == "ready\n")
        pid_file = tmp_path / "here" / "reporter.pid"
        crashed = int(pid_file.read_text())
        os.kill(crashed, signal.SIGKILL)
        eventually(lambda: "reporter ended with code 137 (SIGKILL) and is started again in 1 s" in said())
        eventually(lambda: pid_file.read_text().strip() not in ("", str(crashed)))
        eventually(lambda: fetch(f"{url}/readyz") == "ready\n")
        family = family_of(process)
        assert len(family) >= 6, family  # Kafka, worker, reporter, and the guard of each
        process.send_signal(number)
        assert ended_within(process, 10) == 0
        assert_all_gone(family)
        assert said().endswith("stopping\neverything is stopped\n")


@pytest.mark.broker
def test_nothing_outlives_up_when_it_is_killed(tmp_path):
    with up(tmp_path) as (process, _, said):
        eventually(lambda: "Ctrl-C ends it" in said())
        assert (tmp_path / "data" / "worker.log").exists()
        family = family_of(process)
        process.kill()
        assert_all_gone(family)


@pytest.mark.broker
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path):
    with up(tmp_path, "--demo", "--exit") as (process, _, said):
        eventually(lambda: "demo-oltp: sending" in said())
        family = family_of(process)
        assert list(tmp_path.glob("linkgauge-demo-*"))
        process.send_signal(signal.SIGINT)
        assert ended_within(process, 10) == 1
        assert_all_gone(family)
        assert not list(tmp_path.glob("linkgauge-demo-*"))


@pytest.mark.broker
def test_a_kafka_of_ones_own(tmp_path, broker, topics):
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{topics.bootstrap}"\ntopic_prefix = "{topics.prefix}"\npartitions = 2\n'
    )
    with up(tmp_path) as (process, _, said):
        eventually(lambda: "Ctrl-C ends it" in said())
        assert f"Kafka    {topics.bootstrap} (yours)\n" in said()
        process.send_signal(signal.SIGTERM)
        assert ended_within(process, 10) == 0
    assert broker.running


@pytest.mark.broker
def test_what_is_measured_reaches_the_lake(tmp_path, topics):
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{topics.bootstrap}"\ntopic_prefix = "{topics.prefix}"\npartitions = 2\n'
    )
    writes = [
        f"{128_166_372_000_000_000 + 10**9 * n},host,0,Write,{65_536 * (n % 5)},4096,1" for n in range(9)
    ]
    (tmp_path / "trace.csv").write_text("\n".join(writes))
    replay = [LINKGAUGE, "agent", "replay", "trace.csv", "--format", "msr", "--group", "g"]
    with up(tmp_path):
        subprocess.run(replay, cwd=tmp_path, check=True, timeout=PATIENCE_SECONDS)
        eventually(lambda: lake_counts(tmp_path / "data" / "lake") == (9, {*range(5)}))


def lake_counts(folder):
    """Writes and tracks in the lake, once its tables are there."""
    if not all((folder / name / "_delta_log").is_dir() for name in ("interval_summary", "interval_tracks")):
        return None
    summaries = pl.read_delta(str(folder / "interval_summary")).filter(interval_seconds=300)
    tables = pl.read_delta(str(folder / "interval_tracks"))
    assert summaries["data_group"].unique().to_list() in ([], ["g"])
    bits = BitMap.union(BitMap(), *map(BitMap.deserialize, tables["tracks"]))
    return (summaries["writes"].sum(), set(bits)) if tables["writes"].sum() == 9 else None


@pytest.fixture
def mismatched(tmp_path, topics):
    """Settings with which no worker can start."""
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{topics.bootstrap}"\ntopic_prefix = "{topics.prefix}"\npartitions = 7\n'
    )


@pytest.mark.broker
def test_a_demo_without_a_worker_ends_with_its_last_words(tmp_path, mismatched):
    with up(tmp_path, "--demo", "--exit") as (process, _, said):
        assert process.wait(PATIENCE_SECONDS) == 1
        complaint = said().partition("linkgauge: worker ended 4 times in a row: ")[2]
        assert "partitions must be 7, is 2" in complaint


@pytest.mark.broker
def test_a_worker_that_cannot_start_does_not_end_the_others(tmp_path, mismatched):
    with up(tmp_path) as (process, url, said):
        eventually(lambda: "and is started again in 8 s: " in said())
        assert "worker ended with code 1 and is started again in 1 s: " in said()
        assert "partitions must be 7, is 2" in said()
        assert process.poll() is None
        eventually(lambda: fetch(f"{url}/readyz") == "ready\n")


@pytest.mark.broker
def test_a_killed_kafka_is_started_again_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINKGAUGE_REPORTER__PORT", "0")
    stack = Stack(Session(), tmp_path, 0, {})
    broker = stack._broker
    broker.start()
    try:
        for _ in range(3):
            broker.kill()
            stack.check()
            assert broker.running
        broker.kill()
        with pytest.raises(LinkgaugeError, match="Apache Kafka ended 4 times within 300 s; it said:"):
            stack.check()
    finally:
        broker.stop()


def test_a_taken_port_is_told_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("LINKGAUGE_REPORTER__PORT", str(taken.getsockname()[1]))
        ended = CliRunner().invoke(app, ["up"])
    assert "something listens there already" in str(ended.exception)
    assert "Kafka" not in ended.stderr


def test_exit_belongs_to_the_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["up", "--exit"]).exit_code == 2


def test_the_demo_link_reaches_the_services(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name, value in demo_environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings().links == {"demo": DEMO_LINK}


def right_figures():
    """What the demo measures when all is right, worked out by hand from the closed form."""
    fleet = dict(zip(DEMO_LINK.groups, demo_fleet(0), strict=True))
    answers = {group: spec.expected() for group, spec in fleet.items()}
    measured = {
        group: RangeFigures(
            start_us=0,
            end_us=DAY_US,
            interval_seconds=300,
            track_bytes=65_536,
            intervals=288,
            gaps=(),
            coverage=1.0,
            volumes=len(answer.steps),
            changed_tracks_sum=answer.changed_tracks_sum(),
            changed_tracks_or=answer.changed_tracks_or(),
            changed_bytes_sum=answer.changed_tracks_sum() * 65_536,
            changed_bytes_or=answer.changed_tracks_or() * 65_536,
            writes=answer.writes(),
            written_bytes=answer.written_bytes(),
        )
        for group, answer in answers.items()
    }
    hour = sum(answer.changed_tracks_or(range(276, 288)) for answer in answers.values()) * 65_536
    usable = 155_520_000 / 8 * 0.7 * 1448 / 1538 * 2048 / 2112
    shown = {"required": hour / 3600, "headroom": 1 - hour / 3600 / (2 * usable), "coverage": 1.0}
    return measured, answers, shown


def test_the_demo_agrees_only_when_all_is_right():
    measured, answers, shown = right_figures()
    assert [figure.name for figure in compared(measured, answers, shown) if not figure.agrees] == []
    oltp = measured["demo-oltp"]
    wrong = {
        "changed_bytes_or": oltp.changed_bytes_or + 65_536,
        "changed_bytes_sum": oltp.changed_bytes_sum - 65_536,
        "writes": oltp.writes - 1,
        "coverage": 0.999_999,
    }
    for name, value in wrong.items():
        off = measured | {"demo-oltp": replace(oltp, **{name: value})}
        assert [figure for figure in compared(off, answers, shown) if not figure.agrees], name
    for name in shown:
        off = shown | {name: shown[name] * 1.000_001}
        assert [figure for figure in compared(measured, answers, off) if not figure.agrees], name
    missing = [figure.name for figure in compared(measured, answers, {}) if not figure.agrees]
    assert len(missing) == 3


def test_figures_agree_exactly_or_to_a_billionth():
    assert Figure("f", 3, 3).agrees
    assert not Figure("f", 3.000_000_000_1, 3).agrees
    assert Figure("f", 3.000_000_000_1, 3.0).agrees
    assert not Figure("f", 3.000_001, 3.0).agrees
    assert not Figure("f", None, 3).agrees
