"""What a figure was measured on: without this it means nothing."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

__all__ = ["facts"]

_PACKAGES = (
    "aiokafka",
    "confluent-kafka",
    "cramjam",
    "faust-streaming",
    "numpy",
    "pyarrow",
    "pyroaring",
    "linkgauge",
)


def facts() -> dict[str, Any]:
    """The machine, its load before anything was measured, and the versions of what matters."""
    return {
        "cpu": _cpu(),
        "cores": len(psutil.Process().cpu_affinity()),
        "memory_bytes": psutil.virtual_memory().total,
        "load_average": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "commit": _commit(),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor()


def _commit() -> str:
    """The commit that is measured, with `-dirty` where files differ from it; empty outside a repository."""
    git = shutil.which("git")
    if git is None:
        return ""
    said = subprocess.run(
        [git, "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip()
