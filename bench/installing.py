"""What benchmarks install for themselves: pinned, under build/bench, apart from linkgauge's environment."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["NotInstalled", "once", "python_with", "run_installer"]

_SAID_LINES = 3


class NotInstalled(Exception):  # named for what happened, like the errors of the product
    """Something cannot be had on this machine; says what its installer said last."""


def python_with(requirements: Path, folder: Path) -> Path:
    """The Python of an environment in the folder that has what the file pins.

    Raises:
        NotInstalled: with the installer's error.
    """

    def install() -> None:
        run_installer([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        run_installer([*pip, "--quiet", "--requirement", str(requirements)])

    once(folder, requirements.read_text() + sys.version, install)
    return folder / "bin" / "python"


def once(folder: Path, content: str, make: Callable[[], None]) -> None:
    """Makes the folder anew unless it was made from just this content."""
    made_from = hashlib.sha256(content.encode()).hexdigest()
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make()
    stamp.write_text(made_from)


def run_installer(command: Sequence[str]) -> None:
    """Runs a command to its end.

    Raises:
        NotInstalled: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-_SAID_LINES:]
        raise NotInstalled(" | ".join(said) or f"{command[0]} ended with code {done.returncode}")
