"""`make bench-growth`: curves of cost and memory, each beside its law; `make bench-plots` draws them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial

from bench.growth import measuring, memory
from bench.growth.curves import curves
from bench.options import parse
from bench.running import Result
from bench.site import FULL
from bench.suite import Make, Suite, run

__all__ = ["main"]

_CURVES = curves(FULL.growth_writes)

BENCHMARKS: Mapping[str, Make] = {
    **{name: partial(measuring.benchmark, name) for name in _CURVES},
    "memory": memory.benchmark,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures the curves that were asked for; 1 where an answer was wrong or something broke."""
    options = parse(list(BENCHMARKS), arguments, runs=3, command="make bench-growth")
    texts = {
        name: {"title": curve.title, "axis": curve.axis, "law": curve.law.text}
        for name, curve in _CURVES.items()
    }
    return run(Suite("growth", BENCHMARKS, finish=_add_law, about={"curves": texts}), options)


def _add_law(results: Sequence[Result]) -> None:
    if results and (curve := _CURVES.get(results[0].benchmark)) is not None:
        measuring.add_law(curve.law, curve.axis, results)


if __name__ == "__main__":
    sys.exit(main())
