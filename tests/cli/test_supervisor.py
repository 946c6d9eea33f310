"""Supervised programs: started again whenever they end, with growing pauses, and gone with their parent."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from streams.cli.supervisor import Program, Supervised
from tests.waiting import PATIENCE_SECONDS, eventually

LASTING = "import time; print('up', flush=True); time.sleep(600)"
CRASHING = "print('no luck'); raise SystemExit(7)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def supervise(tmp_path):
    """Makes a supervised program from a script; all are ended after the test."""
    made = []

    def make(script, clock=time.monotonic, **environment):
        said = []
        program = Program("child", [sys.executable, "-c", script], environment, tmp_path / "child.log")
        made.append(Supervised(program, said.append, clock))
        return made[-1], said, tmp_path / "child.log"

    yield make
    for supervised in made:
        supervised.stop()


def pid_of(log):
    return int(eventually(lambda: log.with_suffix(".pid").read_text().strip()))


def test_started_and_stopped(supervise):
    supervised, said, log = supervise(
        "import os; print(os.environ['COLOUR'], flush=True)\n" + LASTING, COLOUR="red"
    )
    supervised.start()
    eventually(lambda: "up" in log.read_text())
    assert log.read_text().startswith("red\n")
    process = psutil.Process(pid_of(log))
    supervised.check()
    supervised.stop()
    assert not process.is_running()
    supervised.check()
    supervised.stop()
    assert said == []


def test_a_crash_is_told_and_mended_after_a_pause(supervise):
    clock = Clock()
    supervised, said, log = supervise(LASTING, clock)
    supervised.start()
    first = pid_of(log)
    eventually(lambda: "up" in log.read_text())
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervised.check() or said)
    expected = "child ended with code 137 (SIGKILL) and is started again in 1 s: up"
    assert said[0] == f"{expected} (see {log})"
    supervised.check()
    assert not psutil.pid_exists(first)
    clock.now = 1.0
    supervised.check()
    eventually(lambda: pid_of(log) != first)
    assert len(said) == 1


def crash(supervised, said, clock):
    """Lets the program crash once more, starts it again, and returns the pause before that."""
    count, before = len(said), clock.now
    eventually(lambda: supervised.check() or len(said) > count)
    while supervised._start_at is not None:
        clock.now += 0.5
        supervised.check()
    return clock.now - before


def test_crashes_are_mended_for_ever_with_growing_pauses(supervise):
    clock = Clock()
    supervised, said, log = supervise(CRASHING, clock)
    log.write_text("linkgauge: of an earlier run\n")
    supervised.start()
    assert [crash(supervised, said, clock) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert (supervised.crashes, supervised.failure) == (7, "no luck")
    assert said[6].startswith("child ended with code 7 and is started again in 30 s: no luck (see ")


def test_a_program_that_ran_well_is_started_again_soon(supervise):
    clock = Clock()
    supervised, said, _ = supervise(CRASHING, clock)
    supervised.start()
    for expected in (1, 2, 4):
        assert crash(supervised, said, clock) == expected
    clock.now += 60
    assert crash(supervised, said, clock) == 1
    assert supervised.crashes == 1


def test_what_does_not_listen_is_ended_by_force(supervise, monkeypatch):
    monkeypatch.setattr("streams.cli.supervisor._GRACE_SECONDS", 0.2)
    supervised, _, log = supervise(STUBBORN)
    supervised.start()
    eventually(lambda: "up" in log.read_text())
    process = psutil.Process(pid_of(log))
    supervised.stop()
    assert not process.is_running()


def test_nothing_outlives_a_parent_that_is_killed(tmp_path):
    parent = f"""
import sys, time
from pathlib import Path
from streams.cli.supervisor import Program, Supervised
Supervised(Program("child", [sys.executable, "-c", {LASTING!r}], {{}}, Path("child.log")), print).start()
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", parent], cwd=tmp_path) as killed:
        log = tmp_path / "child.log"
        eventually(lambda: log.exists() and "up" in log.read_text())
        child = psutil.Process(pid_of(log))
        killed.kill()
    psutil.wait_procs([child], PATIENCE_SECONDS)
    assert not child.is_running()
