"""Supervised programs: started again when they crash, given up when it is no use, gone with their parent."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from streams.cli.supervisor import CRASHES, Program, Supervised
from streams.errors import LinkgaugeError

PATIENCE_SECONDS = 30
LASTING = "import time; print('up', flush=True); time.sleep(600)"
CRASHING = "print('no luck'); raise SystemExit(7)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def wait_for(condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not (result := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return result


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
    return int(wait_for(lambda: log.with_suffix(".pid").read_text().strip()))


def test_started_and_stopped(supervise):
    supervised, said, log = supervise(
        "import os; print(os.environ['COLOUR'], flush=True)\n" + LASTING, COLOUR="red"
    )
    supervised.start()
    wait_for(lambda: "up" in log.read_text())
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
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervised.check() or said)
    assert "child ended with code 137" in said[0]
    assert "started again in 0.5 s" in said[0]
    supervised.check()
    assert not psutil.pid_exists(first)
    clock.now = 0.5
    supervised.check()
    wait_for(lambda: pid_of(log) != first)
    assert len(said) == 1


def test_too_many_crashes_are_an_error_with_the_last_words(supervise):
    clock = Clock()
    supervised, said, _ = supervise(CRASHING, clock)
    supervised.start()

    def crashed_too_often():
        clock.now += 0.1
        supervised.check()

    with pytest.raises(
        LinkgaugeError, match=r"(?s)child ended 4 times .* with code 7; it said:\nno luck"
    ) as error:
        wait_for(crashed_too_often)
    assert str(error.value).endswith("child.log")
    assert len(said) == CRASHES - 1


def test_crashes_long_ago_do_not_count(supervise):
    clock = Clock()
    supervised, said, _ = supervise(CRASHING, clock)
    supervised.start()

    def crashed_often():
        clock.now += 25  # three crashes within a minute at the most
        supervised.check()
        return len(said) > 2 * CRASHES

    wait_for(crashed_often)


def test_what_does_not_listen_is_ended_by_force(supervise, monkeypatch):
    monkeypatch.setattr("streams.cli.supervisor._GRACE_SECONDS", 0.2)
    supervised, _, log = supervise(STUBBORN)
    supervised.start()
    wait_for(lambda: "up" in log.read_text())
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
        wait_for(lambda: log.exists() and "up" in log.read_text())
        child = psutil.Process(pid_of(log))
        killed.kill()
    psutil.wait_procs([child], PATIENCE_SECONDS)
    assert not child.is_running()
