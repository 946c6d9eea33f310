"""The peers, and one measurement of one of them: its program runs by itself and prints what it found."""

from __future__ import annotations

import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.data import ARRAY, Shape, answers
from bench.peers.environments import java_command, python_of
from bench.running import Figures, WrongAnswer
from bench.topics import Log
from streams.model.writes import volume_id

__all__ = ["BATCHES", "SINGLES", "Peer", "measure_peer"]

_HERE = Path(__file__).parent
_PATIENCE_SECONDS = 300
_TRIES = 3
_SAID_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Peer:
    """A program of `python/` in the environment of that name, or a class of `java/`.

    `kernel`: how batches are marked, see `python/marks.py`. `durable`: its state survives a crash.
    `share`: of the writes of the fastest, as much as it can do in a few seconds.
    """

    name: str
    environment: str
    program: str
    kernel: str = ""
    durable: bool = False
    share: float = 1.0

    def command(self) -> list[str]:
        """What runs it, but for the job. Raises NotInstalled where it cannot be had."""
        if self.environment == "java":
            return [*java_command(), self.program]
        return [str(python_of(self.environment)), str(_HERE / "python" / f"{self.program}.py")]


BATCHES = (
    Peer("Quix, dictionary, Roaring", "quix", "quix_batches", "roaring"),
    Peer("Quix, dictionary, numba", "quix", "quix_batches", "dense"),
    Peer("Quix, RocksDB + changelog, numba", "quix", "quix_batches", "dense", durable=True),
    Peer("Bytewax, Roaring", "bytewax", "bytewax_batches", "roaring"),
    Peer("Bytewax, numba", "bytewax", "bytewax_batches", "dense"),
    Peer("Kafka Streams, Processor", "java", "Batches"),
)
"""On Arrow batches."""

SINGLES = (
    Peer("Kafka Streams, Processor, no store", "java", "SingleMemory"),
    Peer("Kafka Streams, Processor, in-memory store", "java", "SingleStore"),
    Peer("Kafka Streams, DSL", "java", "SingleDsl", share=1 / 8),
    Peer("Bytewax, stateful step", "bytewax", "bytewax_single", share=1 / 8),
    Peer("Bytewax, windows", "bytewax", "bytewax_windows", share=1 / 8),
    Peer("Quix, dictionary", "quix", "quix_single", share=1 / 8),
    Peer("Quix, RocksDB + changelog", "quix", "quix_single", durable=True, share=1 / 64),
    Peer("Faust, table per track", "faust", "faust_single", durable=True, share=1 / 128),
)
"""On one write per message."""


def measure_peer(peer: Peer, log: Log, shape: Shape, folder: Path) -> Figures:
    """One run from the assignment of the partitions to the last write; what it found must be right.

    A program that fails is started again, twice at most; how often it failed is one of the figures.

    Raises:
        WrongAnswer: what it found is wrong.
        RuntimeError: the program failed every time; with what it said last.
    """
    for failed in range(_TRIES):
        try:
            found = _run(peer, log, shape, folder)
        except RuntimeError:
            if failed == _TRIES - 1:
                raise
        else:
            break
    _check(peer, [tuple(row) for row in found["rows"]], shape)
    return {
        "writes/s": shape.writes / found["wall_seconds"],
        "CPU s/M writes": found["cpu_seconds"] / (shape.writes / 1e6),
        "peak MiB": found["peak_bytes"] / (1 << 20),
        "failed tries": failed,
    }


def _run(peer: Peer, log: Log, shape: Shape, folder: Path) -> dict[str, Any]:
    """What the program prints."""
    run = f"{peer.program.lower()}-{uuid.uuid4().hex[:8]}"
    workplace = folder / run
    workplace.mkdir(parents=True)
    keeps_state = peer.durable or peer.environment == "java"
    job = {
        "bootstrap": log.bootstrap,
        "topic": log.topic,
        "writes": shape.writes,
        "track_bytes": shape.track_bytes,
        "interval_seconds": shape.interval_seconds,
        "volume_bytes": shape.volume_bytes,
        "run": run,
        "kernel": peer.kernel,
        "state_folder": str(workplace / "state") if keeps_state else "",
    }
    try:
        done = subprocess.run(
            [*peer.command(), orjson.dumps(job).decode()],
            cwd=workplace,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = (error.stderr or b"").decode(errors="replace")[-_SAID_CHARACTERS:]
        raise RuntimeError(f"{peer.name} is not done after {_PATIENCE_SECONDS} s: {said}") from error
    finally:
        shutil.rmtree(workplace)
    if done.returncode or not done.stdout.startswith("{"):
        said = (done.stderr + done.stdout)[-_SAID_CHARACTERS:]
        raise RuntimeError(f"{peer.name} ended with code {done.returncode}: {said}")
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def _check(peer: Peer, rows: list[tuple[str, int, int, int, int]], shape: Shape) -> None:
    """Compares volume, start, tracks, writes and bytes of all that was found with the brute force."""
    found = sorted((volume_id(ARRAY, volume), *rest) for volume, *rest in rows)
    expected = sorted(
        (row.volume, row.start_us, row.changed_tracks, row.writes, row.written_bytes)
        for row in answers(shape)["g0"]
    )
    if found != expected:
        first = next(iter(sorted(set(found) ^ set(expected))), "a row that is there twice")
        raise WrongAnswer(f"{peer.name}: {len(found)} rows, must be {len(expected)}; they differ in {first}")
