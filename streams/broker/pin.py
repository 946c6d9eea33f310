"""Writes `jars.lock` anew: `python -m streams.broker.pin`, by maintainers, when Kafka is upgraded."""

from __future__ import annotations

import tempfile
from pathlib import Path

from jgo.maven import MavenContext

from streams.broker.jars import Jar, sha256_of

__all__ = ["ROOTS", "main", "resolve_pins"]

# The `!` keeps jgo from taking a root's own dependency management for the whole set: log4j's names an old
# kafka-clients for its tests, and Kafka 4 would run on that.
ROOTS = ("org.apache.kafka:kafka_2.13:4.3.1!", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!")


def resolve_pins(roots: tuple[str, ...] = ROOTS) -> list[Jar]:
    """Resolve Maven coordinates with all that they need at run time, download every jar and sum it."""
    with tempfile.TemporaryDirectory() as scratch:  # a fresh download, not what a local repository holds
        context = MavenContext(repo_cache=Path(scratch))
        inputs, transitive = context.resolver.resolve([context.create_dependency(root) for root in roots])
        needed = [*inputs, *(dependency for dependency in transitive if dependency.scope != "test")]
        pins = [
            Jar(jar.groupId, jar.artifactId, jar.version, sha256_of(jar.resolve()))
            for jar in (dependency.artifact for dependency in needed)
        ]
    return sorted(pins, key=lambda jar: jar.coordinate)


def main() -> None:
    """Resolve and write the lock file beside this module."""
    pins = resolve_pins()
    lines = (f"{jar.sha256} {jar.coordinate}" for jar in pins)
    header = (
        "# Pinned jars of the embedded broker: SHA-256 and Maven coordinates.",
        f"# Written by `python -m streams.broker.pin` from {' and '.join(ROOTS)}",
    )
    Path(__file__).with_name("jars.lock").write_text("\n".join([*header, *lines, ""]), encoding="utf-8")
    print(f"{len(pins)} jars pinned")  # noqa: T201 - a maintainer's script; this is its output


if __name__ == "__main__":
    main()
