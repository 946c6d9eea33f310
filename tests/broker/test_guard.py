"""The guard ends its program when the parent lets go, when the parent is gone, and when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from streams.broker import guard
from tests.waiting import PATIENCE_SECONDS, eventually

# What runs here outlasts all patience: it ends by the guard, or the test fails.
STUBBORN = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
PARENT = """
import subprocess, sys, time
from pathlib import Path
command = [sys.executable, "-I", "-S", *sys.argv[1:]]
lock = open(sys.argv[2], "r+")
command[4] = str(lock.fileno())
guard = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(lock.fileno(),), start_new_session=True)
time.sleep(600)
"""


@pytest.fixture
def lock(tmp_path):
    with (tmp_path / "lock").open("w+") as file:
        yield file


def guarded(lock, grace, *command):
    return subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, str(lock.fileno()), str(grace), *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock.fileno(),),
        start_new_session=True,
    )


def child_of(lock):
    """The process that the guard runs, once it has told its number."""
    return psutil.Process(int(eventually(lambda: os.pread(lock.fileno(), 20, 0))))


def ended(process):
    """Whether a process is over; one whose exit nobody has collected yet is."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_letting_go_of_the_leash_ends_the_program_in_good_order(lock):
    with guarded(lock, 600, "sleep", "600") as process:
        child = child_of(lock)
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
        assert ended(child)


def test_an_order_to_kill_is_carried_out_at_once(lock):
    with guarded(lock, 600, "sh", "-c", STUBBORN) as process:
        child = child_of(lock)
        process.communicate(b"K", timeout=PATIENCE_SECONDS)
        assert process.returncode == 128 + signal.SIGKILL
        assert ended(child)


def test_a_stubborn_program_is_killed_after_the_grace(lock):
    with guarded(lock, 0.2, "sh", "-c", STUBBORN) as process:
        child = child_of(lock)
        assert process.stdout.readline() == b"deaf\n"
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 128 + signal.SIGKILL
        assert ended(child)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_guard_ends_the_program(lock, number):
    with guarded(lock, 600, "sleep", "600") as process:
        child_of(lock)
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM


def test_the_end_of_the_program_is_the_end_of_the_guard(lock):
    with guarded(lock, 600, "sh", "-c", "exit 7") as process:
        assert process.wait(PATIENCE_SECONDS) == 7


def test_a_program_that_is_stopped_and_continued_lives_on(lock):
    with guarded(lock, 600, "sleep", "600") as process:
        child = child_of(lock)
        child.suspend()
        eventually(lambda: child.status() == psutil.STATUS_STOPPED)
        child.resume()
        eventually(lambda: child.status() == psutil.STATUS_SLEEPING)
        assert process.poll() is None
        process.stdin.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_is_killed_leaves_nothing_behind(lock, tmp_path, number):
    arguments = [guard.__file__, str(tmp_path / "lock"), "600", "sleep", "600"]
    with subprocess.Popen([sys.executable, "-c", PARENT, *arguments], stderr=subprocess.DEVNULL) as parent:
        child = child_of(lock)
        keeper = child.parent()
        assert keeper.pid != parent.pid
        parent.send_signal(number)
    eventually(lambda: ended(child) and ended(keeper))


def test_a_fork_that_keeps_the_leash_does_not_keep_the_program(lock, tmp_path):
    forking = PARENT.replace("time.sleep(600)", "import os; os.fork(); time.sleep(600)")
    arguments = [guard.__file__, str(tmp_path / "lock"), "600", "sleep", "600"]
    with subprocess.Popen([sys.executable, "-c", forking, *arguments], stderr=subprocess.DEVNULL) as parent:
        child = child_of(lock)
        family = psutil.Process(parent.pid)
        fork = eventually(lambda: [each for each in family.children() if each != child.parent()])[0]
        parent.kill()
    eventually(lambda: ended(child))
    assert not ended(fork)
    fork.kill()


def test_a_killed_guard_takes_its_program_along(lock):
    with guarded(lock, 600, "sleep", "600") as process:
        child = child_of(lock)
        process.kill()
        eventually(lambda: ended(child))
