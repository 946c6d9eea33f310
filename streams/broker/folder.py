"""The data folder of an embedded broker: who may use it, and its preparation, once."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from streams.broker import config
from streams.errors import BrokerError

__all__ = ["LOCK_FILE", "format_once", "lock_folder"]

LOCK_FILE = "broker.lock"

_FORMAT_SECONDS = 60
_POLL_SECONDS = 0.1


def lock_folder(folder: Path, patience_seconds: float) -> int:
    """Claim a data folder, which is created where it is missing; returns the descriptor that holds the claim.

    The claim is the kernel's: it ends when the last process that holds the descriptor has ended, however it
    ended. So no file that a killed broker left behind stands in the way. A broker that is just ending gets
    `patience_seconds`; then BrokerError names the process that has the folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BrokerError(
            f"the data folder {folder} cannot be used ({error.strerror}): choose another with --data"
        ) from error
    deadline = time.monotonic() + patience_seconds
    while not _claim(descriptor):
        if time.monotonic() >= deadline:
            owner = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
            os.close(descriptor)
            raise BrokerError(
                f"the data folder {folder} is in use by a running broker (process {owner}): "
                "stop that one, or choose another folder with --data"
            )
        time.sleep(_POLL_SECONDS)
    return descriptor


def _claim(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def format_once(folder: Path, java: Path, jars: Sequence[Path], controller_port: int) -> bool:
    """Prepare the folder for Kafka unless it was; true when it was done now.

    It is done aside and moved into place, so that a folder is either prepared or not, whatever gets killed.
    """
    if (folder / config.PARTITIONS_FOLDER).exists():
        return False
    aside = f"{config.PARTITIONS_FOLDER}.new"
    shutil.rmtree(folder / aside, ignore_errors=True)
    properties = "format.properties"
    # Formatting binds no port; the broker's own has to be named all the same.
    text = config.server_properties(config.DEFAULT_PORT, controller_port, aside)
    (folder / properties).write_text(text, encoding="ascii")
    command = config.format_command(java, jars, _new_cluster_id(), properties)
    done = subprocess.run(  # noqa: S603 - our own command, no shell
        command, cwd=folder, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False
    )
    if done.returncode != 0:
        raise BrokerError(
            f"the data folder {folder} cannot be prepared for Kafka: {done.stderr or done.stdout}"
        )
    (folder / properties).unlink()
    (folder / aside).rename(folder / config.PARTITIONS_FOLDER)
    return True


def _new_cluster_id() -> str:
    """A random identity in Kafka's form: 16 bytes, base64 for URLs, no padding, no dash in front."""
    identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # An identity that begins with a dash would be read as an option of the command line.
    return identity if not identity.startswith("-") else _new_cluster_id()
