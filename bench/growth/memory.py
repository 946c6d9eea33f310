"""What is resident for an open interval, against the tracks that were touched in it.

A process of its own takes messages until the interval holds them all; its resident size is looked at every
few of them, and counts from where it was when it had closed another, small group. The goal is a law too: 4 B
for each touched track and held table, and 64 KiB for each volume.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Final

import orjson

from bench.data import Shape, Skew, answers
from bench.running import Benchmark, Comparison, Figures, Measure
from bench.site import Site
from bench.sums import compare, of_rows

__all__ = ["benchmark", "goal_bytes"]

_SKEWS: Final[Mapping[str, Skew]] = {
    "scattered": "scattered",
    "uniform": "uniform",
    "hot spots": "zipf",
    "sequential": "sequential",
}
_INTERVAL_SECONDS = 3_600
_TRACK_BYTES = 4  # of memory
_VOLUME_BYTES = 64 << 10  # of memory


def benchmark(site: Site) -> Benchmark:
    """Four ways to write, each with more and more writes into one interval."""
    most = site.sizes.growth_writes
    comparisons = [
        Comparison(f"{name}, {writes:,} writes", partial(_contenders, _shape(skew, writes)))
        for name, skew in _SKEWS.items()
        for writes in (most >> 4, most >> 2, most, most << 2)
    ]
    title = "Memory of an open interval: 4 B for each touched track and 64 KiB for each volume"
    return Benchmark("memory", title, comparisons)


def goal_bytes(touched_tracks: int, volumes: int) -> int:
    """What may be resident at most."""
    return touched_tracks * _TRACK_BYTES + volumes * _VOLUME_BYTES


def _shape(skew: Skew, writes: int) -> Shape:
    speed = writes // _INTERVAL_SECONDS + 1
    return Shape(skew=skew, writes=writes, interval_seconds=_INTERVAL_SECONDS, writes_per_second=speed)


@contextmanager
def _contenders(shape: Shape) -> Iterator[Mapping[str, Measure]]:
    answers(shape)
    yield {"collector": partial(_measure, shape)}


def _measure(shape: Shape) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "bench.growth.resident", orjson.dumps(asdict(shape)).decode()],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the process ended with code {done.returncode}: {done.stderr}")
    found = orjson.loads(done.stdout)
    expected = of_rows(answers(shape)["g0"])
    compare({(start, volume): tuple(rest) for start, volume, *rest in found["sums"]}, expected, "collector")
    touched = sum(tracks for tracks, *_ in expected.values())
    goal = goal_bytes(touched, shape.volumes)
    return {
        "touched tracks": touched,
        "resident MiB": found["end_bytes"] / (1 << 20),
        "most MiB": found["most_bytes"] / (1 << 20),
        "goal MiB": goal / (1 << 20),
        "/ goal": found["most_bytes"] / goal,
        "B/track": found["most_bytes"] / touched,
    }
