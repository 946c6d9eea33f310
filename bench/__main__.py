"""`make bench`: what a worker, its parts and its neighbours cost."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from bench import agent, closing, handover, kernel, live, scrape, small, wide, wire, worker
from bench.options import parse
from bench.suite import Make, Suite, run

__all__ = ["main"]

BENCHMARKS: Mapping[str, Make] = {
    "worker": worker.benchmark,
    "small": small.benchmark,
    "kernel": kernel.benchmark,
    "wire": wire.benchmark,
    "closing": closing.benchmark,
    "live": live.benchmark,
    "scrape": scrape.benchmark,
    "agent": agent.benchmark,
    "hand-over": handover.benchmark,
    "wide": wide.benchmark,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks that were asked for; 1 where an answer was wrong or something broke."""
    return run(Suite("bench", BENCHMARKS), parse(list(BENCHMARKS), arguments))


if __name__ == "__main__":
    sys.exit(main())
