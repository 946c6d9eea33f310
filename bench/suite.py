"""What every command here does: measure some benchmarks, show how far it is, and end with tables.

The same is saved as JSON in build/bench, after every comparison, for the whole may take long.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import machine
from bench.options import Options
from bench.running import Benchmark, Result, measure
from bench.site import Site
from bench.table import table

__all__ = ["FOLDER", "Make", "Suite", "run"]

FOLDER = Path(__file__).parent.parent / "build" / "bench"
"""Where everything goes that is measured or installed for it."""

Make = Callable[[Site], Benchmark]


@dataclass(frozen=True, slots=True)
class Suite:
    """The benchmarks of a command, by the name that `--only` knows.

    `name` begins the name of the JSON. `finish` adds to the results of one benchmark what follows from them
    together, whenever there is one more. `notes` stand below the tables, `about` in the JSON.
    """

    name: str
    benchmarks: Mapping[str, Make]
    finish: Callable[[Sequence[Result]], None] | None = None
    notes: Sequence[str] = ()
    about: Mapping[str, Any] = field(default_factory=dict)


def run(suite: Suite, options: Options) -> int:
    """Measures what the options name; 1 where an answer was wrong or something broke."""
    about = {"machine": machine.facts(), **suite.about, "options": asdict(options)}
    path = FOLDER / f"{suite.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    results: list[Result] = []

    def save() -> None:
        if suite.finish is not None:
            for name in {result.benchmark for result in results}:
                suite.finish([result for result in results if result.benchmark == name])
        content = {**about, "results": [asdict(result) for result in results]}
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))

    with Site(FOLDER / f"site-{suite.name}", options.sizes) as site:
        benchmarks = [suite.benchmarks[name](site) for name in options.names]
        _measure_all(benchmarks, options.runs, results, save)
    for benchmark in benchmarks:
        own = [result for result in results if result.benchmark == benchmark.name]
        print(f"\n{table(benchmark.title, own)}")
    print("".join(f"\n{note}" for note in (*suite.notes, _place(about["machine"], options.runs))))
    print(os.path.relpath(path))
    return 1 if any(result.failure for result in results) else 0


def _measure_all(
    benchmarks: Sequence[Benchmark], runs: int, results: list[Result], save: Callable[[], None]
) -> None:
    """Appends the result of every comparison. Ctrl-C ends them; what was found is kept."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=sum(len(b.comparisons) for b in benchmarks) * runs)
        for done, (benchmark, comparison) in enumerate((b, c) for b in benchmarks for c in b.comparisons):
            where = f"{benchmark.name}: {comparison.name}"

            def about_to(run: int, contender: str, done: int = done, where: str = where) -> None:
                progress.update(bar, completed=done * runs + run, description=f"{where}, {contender}")

            progress.update(bar, completed=done * runs, description=f"{where}, preparing")
            result = Result(benchmark.name, comparison.name)
            results.append(result)
            try:
                measure(comparison, runs, about_to=about_to, into=result)
            except Exception as error:  # noqa: BLE001  # the others can still be measured; this one is reported
                result.failure = f"{type(error).__name__}: {error}"
            except KeyboardInterrupt:
                result.failure = "interrupted"
            progress.console.print(f"{where}: {result.failure or 'done'}", markup=False, highlight=False)
            save()
            if result.failure == "interrupted":
                break
        progress.update(bar, completed=len(results) * runs, description="done")


def _place(facts: Mapping[str, Any], runs: int) -> str:
    said = f"medians of {runs} runs ± half their range" if runs > 1 else "one run"
    return (
        f"{facts['cpu']}, {facts['cores']} cores, Python {facts['python']}, commit {facts['commit']}; {said};"
        f" load before: {facts['load_average'][0]:.1f}"
    )
