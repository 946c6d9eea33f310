"""`make bench`: measures, shows how far it is, and ends with a table; the same as JSON in build/bench."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import agent, closing, kernel, live, machine, scrape, small, wire, worker
from bench.options import Options, parse
from bench.running import Benchmark, Result, measure
from bench.site import Site
from bench.table import table

__all__ = ["main"]

_FOLDER = Path(__file__).parent.parent / "build" / "bench"

BENCHMARKS: dict[str, Callable[[Site], Benchmark]] = {
    "worker": worker.benchmark,
    "small": small.benchmark,
    "kernel": kernel.benchmark,
    "wire": wire.benchmark,
    "closing": closing.benchmark,
    "live": live.benchmark,
    "scrape": scrape.benchmark,
    "agent": agent.benchmark,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmarks that were asked for; 1 where an answer was wrong or something broke."""
    options = parse(list(BENCHMARKS), arguments)
    facts = machine.facts()
    path = _FOLDER / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    with Site(_FOLDER / "site", options.sizes) as site:
        benchmarks = [BENCHMARKS[name](site) for name in options.names]
        results = _run(benchmarks, options, lambda found: _save(path, options, facts, found))
    for benchmark in benchmarks:
        own = [result for result in results if result.benchmark == benchmark.name]
        print(f"\n{table(benchmark.title, own)}")
    print(f"\n{_place(facts, options)}\n{os.path.relpath(path)}")
    return 1 if any(result.failure for result in results) else 0


def _run(
    benchmarks: Sequence[Benchmark], options: Options, save: Callable[[list[Result]], None]
) -> list[Result]:
    """All results; each is saved as soon as it is there, for the whole may take long."""
    results: list[Result] = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=sum(len(b.comparisons) for b in benchmarks) * options.runs)
        for done, (benchmark, comparison) in enumerate((b, c) for b in benchmarks for c in b.comparisons):
            where = f"{benchmark.name}: {comparison.name}"

            def about_to(run: int, contender: str, done: int = done, where: str = where) -> None:
                completed = done * options.runs + run
                progress.update(bar, completed=completed, description=f"{where}, {contender}")

            progress.update(bar, completed=done * options.runs, description=f"{where}, preparing")
            result = Result(benchmark.name, comparison.name)
            results.append(result)
            try:
                measure(comparison, options.runs, about_to=about_to, into=result)
            except Exception as error:  # noqa: BLE001  # the others can still be measured; this one is reported
                result.failure = f"{type(error).__name__}: {error}"
            except KeyboardInterrupt:
                result.failure = "interrupted"
            progress.console.print(f"{where}: {result.failure or 'done'}", markup=False, highlight=False)
            save(results)
            if result.failure == "interrupted":
                break
        progress.update(bar, completed=len(results) * options.runs, description="done")
    return results


def _save(path: Path, options: Options, facts: dict[str, Any], results: list[Result]) -> None:
    content = {"machine": facts, "options": asdict(options), "results": [asdict(r) for r in results]}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def _place(facts: dict[str, Any], options: Options) -> str:
    runs = f"medians of {options.runs} runs ± half their range" if options.runs > 1 else "one run"
    return (
        f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, commit {facts['commit']}; {runs};"
        f" load before: {facts['load_average'][0]:.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
