"""The data folder: one broker at a time, prepared once, never blocked by what a killed broker left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from streams.broker import folder
from streams.errors import BrokerError

HOLDER = """
import os, sys, time
from pathlib import Path
from streams.broker.folder import lock_folder
lock = lock_folder(Path(sys.argv[1]), 0)
os.write(lock, f"{os.getpid()}\\n".encode())
print("held", flush=True)
time.sleep(60)
"""


def test_a_folder_is_created_and_claimed_once(tmp_path):
    data = tmp_path / "new" / "data"
    lock = folder.lock_folder(data, 0)
    with pytest.raises(BrokerError, match=r"in use by a running broker.*--data"):
        folder.lock_folder(data, 0)
    os.close(lock)
    os.close(folder.lock_folder(data, 0))


def test_the_process_that_has_the_folder_is_named_until_it_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BrokerError, match=rf"\(process {holder.pid}\)"):
            folder.lock_folder(tmp_path, 0)
        holder.send_signal(signal.SIGKILL)
    assert (tmp_path / folder.LOCK_FILE).read_text() == f"{holder.pid}\n"  # left behind, and harmless
    os.close(folder.lock_folder(tmp_path, 0))


def test_a_broker_that_is_just_ending_is_waited_for(tmp_path):
    ending = "import time; time.sleep(1); " + HOLDER.replace("sleep(60)", "sleep(0.5)")
    with subprocess.Popen([sys.executable, "-c", ending, tmp_path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        os.close(folder.lock_folder(tmp_path, 30))


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(BrokerError, match=r"data folder .*/data cannot be used .*--data"):
        folder.lock_folder(tmp_path / "data", 0)


def test_a_failed_preparation_is_told_and_leaves_the_folder_unprepared(tmp_path):
    failing = tmp_path / "java"
    failing.write_text("#!/bin/sh\nmkdir kafka.new; echo 'no room' >&2; exit 1\n")
    failing.chmod(0o755)
    for _ in range(2):
        with pytest.raises(BrokerError, match="cannot be prepared for Kafka: no room"):
            folder.format_once(tmp_path, failing, [], 20001)
    working = failing
    working.write_text("#!/bin/sh\nmkdir kafka.new\n")
    assert folder.format_once(tmp_path, working, [], 20001)
    assert not folder.format_once(tmp_path, working, [], 20001)


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch):
    class Identity:
        def __init__(self, content):
            self.bytes = content

    ids = iter([Identity(b"\xf8" * 16), Identity(b"\x00" * 16)])  # the first one begins with a dash
    monkeypatch.setattr("uuid.uuid4", lambda: next(ids))
    assert folder._new_cluster_id() == "A" * 22
