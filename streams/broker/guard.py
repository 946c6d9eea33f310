"""Runs a broker on behalf of a parent and ends it when the parent wants so or is gone.

A program of its own, run by path with the standard library alone:

    guard.py LOCK_FD GRACE_SECONDS COMMAND...

Its standard input is the leash that the parent holds. When the parent lets go of it, be it on purpose or
because it was killed, the broker gets SIGTERM, and SIGKILL after the grace. A `K` on the leash is SIGKILL at
once. The guard lives in a session of its own, so that Ctrl-C at a terminal reaches the parent alone, which
then stops its services in the order it likes.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys

__all__ = ["main"]

_LEASH = 0
_PARENT_CHECK_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Start the command, wait for an order or its end; the exit status is the command's (128 + signal)."""
    lock, grace_seconds, *command = arguments
    parent, wakeups = os.getppid(), _signal_pipe()
    with subprocess.Popen(  # noqa: S603 - the command comes from process.py, no shell
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=(int(lock),),  # the broker holds the claim on its folder for as long as it lives
        preexec_fn=_die_with_guard,  # noqa: PLW1509 - safe, for this program has a single thread
    ) as broker:
        os.ftruncate(int(lock), 0)
        os.pwrite(int(lock), f"{broker.pid}\n".encode(), 0)
        _await_order(broker, parent, wakeups)
        _end(broker, float(grace_seconds))
    return broker.returncode if broker.returncode >= 0 else 128 - broker.returncode


def _signal_pipe() -> int:
    """A descriptor that becomes readable when the broker ends or somebody asks the guard itself to stop."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    signal.set_wakeup_fd(write_end)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return read_end


def _die_with_guard() -> None:
    """Linux ends the broker when the guard is killed, the one case that the leash does not cover."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _await_order(broker: subprocess.Popen[bytes], parent: int, wakeups: int) -> None:
    while broker.poll() is None:
        ready, _, _ = select.select([_LEASH, wakeups], [], [], _PARENT_CHECK_SECONDS)
        if wakeups in ready and set(os.read(wakeups, 64)) != {signal.SIGCHLD}:
            return
        if _LEASH in ready:
            if os.read(_LEASH, 1) == b"K":
                broker.kill()
            return
        # A forked sibling may hold the other end of the leash open although the parent is gone.
        if os.getppid() != parent:
            return


def _end(broker: subprocess.Popen[bytes], grace_seconds: float) -> None:
    broker.terminate()  # nothing where it has ended
    try:
        broker.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        broker.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
