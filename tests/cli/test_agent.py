"""`linkgauge agent`: what a replay leads to is what `measure` counts, through a worker and a real Kafka."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import sys

import numpy as np
import pytest
import typer

from streams.cli import agent, entries, groups, measure
from streams.errors import ReplayError
from streams.store import read_group_state
from streams.store.reading import read_topic
from tests.waiting import ended_within

pytestmark = pytest.mark.broker
FILETIME = 128_166_372_000_000_000


@pytest.fixture
def trace(tmp_path):
    rng = np.random.default_rng(7)
    seconds = np.sort(rng.integers(0, 2000, 500))
    lines = [
        f"{FILETIME + s * 10**7},host{rng.integers(2)},{rng.integers(3)},"
        f"{'Write' if rng.random() < 0.7 else 'Read'},{rng.integers(1 << 24)},{rng.integers(200_000)},5\n"
        for s in seconds.tolist()
    ]
    path = tmp_path / "trace.csv"
    path.write_text("".join(lines))
    return path


def rows(printed) -> list[list[str]]:
    assert printed.exit_code == 0, printed.stderr or printed.exception
    return list(csv.reader(io.StringIO(printed.stdout)))


def test_a_replay_leads_to_what_is_measured(run, worker, trace):
    expected = rows(run(measure, "measure --format msr --csv", str(trace)))
    for kind in ("writes", "json", "tracks"):
        told = run(agent, f"agent replay --format msr --group {kind} --kind {kind}", str(trace))
        assert told.exit_code == 0
        assert told.stdout == ""
        assert f"group {kind}, new: tracks of 65536 B, intervals of 300 s, 6 volumes" in told.stderr
        assert "duplicate" not in told.stderr
        found = rows(run(entries, f"entries --group {kind} --csv"))
        assert [row[:7] for row in found] == expected
        assert {row[8] for row in found[1:]} == {"0"}
    again = run(agent, "agent replay --format msr --group writes", str(trace))
    assert "as it was defined" in again.stderr
    assert "this replay was there already: every message was a duplicate" in again.stderr
    assert [row[:7] for row in rows(run(entries, "entries --group writes --csv"))] == expected
    refused = run(agent, "agent replay --format msr --group writes --track 512", str(trace))
    assert isinstance(refused.exception, ReplayError)
    assert "--track 65536, not 512" in str(refused.exception)


def test_what_the_worker_refuses_ends_with_a_failed_check(run, worker, tmp_path):
    small = '[groups.syn]\ninterval_seconds = 60\n[[groups.syn.members]]\narray = "web"\nvolume = "0"\n'
    (tmp_path / "linkgauge.toml").write_text(small + "volume_bytes = 65536\n")
    assert run(groups, "groups apply").exit_code == 0
    lines = [f"{FILETIME + s * 10**7},web,0,Write,{(s % 3) * 65_536},4096,5\n" for s in range(90)]
    (tmp_path / "small.csv").write_text("".join(lines))
    told = run(agent, "agent replay --format msr --group syn small.csv")
    assert told.exit_code == 3
    assert "group syn refused 60 writes (9 dead letters) meanwhile" in told.stderr
    assert "`linkgauge dead-letters list --group syn`" in told.stderr
    again = run(agent, "agent replay --format msr --group syn small.csv")
    assert (again.exit_code, "refused" in again.stderr) == (0, False)


def test_other_sizes(run, worker, trace):
    for track, interval in ((512, 10), (56_664, 60)):
        shape = f"--track {track} --interval {interval}"
        told = run(agent, f"agent replay --format msr --group g{track} {shape}", str(trace))
        assert told.exit_code == 0, told.exception
        expected = rows(run(measure, f"measure --format msr --csv {shape}", str(trace)))
        assert [row[:7] for row in rows(run(entries, f"entries --group g{track} --csv"))] == expected


def test_a_synthetic_fleet_tells_its_answer(run, worker):
    told = run(agent, "agent synthetic --duration 900 --rate 40 --interval 60 --start 2026-01-01 --group syn")
    assert told.exit_code == 0, told.exception
    assert "duplicate" not in told.stderr
    again = run(
        agent, "agent synthetic --duration 900 --rate 40 --interval 60 --start 2026-01-01 --group syn"
    )
    # Of the last message, the bye, no mark may stand yet: then all others are known to have been there.
    assert "every message was a duplicate" in again.stderr or "at least 90 of these 91" in again.stderr
    found = rows(run(entries, "entries --group syn --level group --csv"))[1:]
    changed_tracks = sum(int(row[3]) for row in found)
    writes = sum(int(row[5]) for row in found)
    assert f"{changed_tracks} as SUM" in told.stderr
    assert f"{writes} writes of {8192 * writes} bytes" in told.stderr
    assert writes == 40 * 900


def test_a_start_in_the_future_is_refused(run, source):
    refused = run(agent, "agent synthetic --start 2999-01-01 --group syn")
    assert isinstance(refused.exception, ReplayError)
    assert "earlier --start" in str(refused.exception)


def test_an_impossible_fleet_is_refused(run, source):
    refused = run(agent, "agent synthetic --write-bytes 100000")
    assert refused.exit_code == 2
    assert "write_bytes: at most a track" in refused.stderr
    assert run(agent, "agent synthetic --pattern spiral").exit_code == 2


def test_no_worker_is_told(run, source, trace):
    stuck = run(agent, "agent replay --format msr --group g --patience 0.3", str(trace))
    assert isinstance(stuck.exception, ReplayError)
    assert "Check that a worker runs" in str(stuck.exception)
    sent = run(agent, "agent replay --format msr --group g --no-wait", str(trace))
    assert sent.exit_code == 0
    assert "not waited for" in sent.stderr


_MAIN = """
import typer
from streams.cli import agent
app = typer.Typer()
app.callback()(lambda: None)
agent.register(app)
app()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_breaks_off_cleanly(source, trace, number):
    command = [
        sys.executable,
        "-c",
        _MAIN,
        "agent",
        "replay",
        "--format",
        "msr",
        "--group",
        "g",
        "--speed",
        "10",
    ]
    with subprocess.Popen([*command, str(trace)], stderr=subprocess.PIPE, text=True) as process:
        while not list(read_topic(source, "writes")):
            assert process.poll() is None, process.stderr.read()
        process.send_signal(number)
        assert ended_within(process, 10) == 128 + number
        assert "broken off; the same command again goes on" in process.stderr.read()
    assert read_group_state(source, "g") is None


def test_a_signal_that_a_library_makes_an_error_of_ends_the_command_all_the_same(capsys):
    def call_of_a_library():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise SystemError("a call returned a result with an exception set")

    with pytest.raises(typer.Exit) as ended, agent._interruptible():
        call_of_a_library()
    assert ended.value.exit_code == 128 + signal.SIGTERM
    assert "broken off" in capsys.readouterr().err


def test_an_error_without_a_signal_stays_what_it_is():
    with pytest.raises(SystemError), agent._interruptible():
        raise SystemError("of another cause")
