"""`make bench-peers`: installs the peers, lets them take turns with the worker, and ends with tables.

The same is saved as JSON in build/bench. A peer that cannot be installed is left out and named below the
tables, with the error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import machine
from bench.options import Options, parse
from bench.peers.comparing import WORKER, benchmarks
from bench.peers.contenders import BATCHES, SINGLES
from bench.peers.environments import NotInstalled, versions
from bench.running import Benchmark, Result, measure
from bench.site import Site
from bench.table import table

_FOLDER = Path(__file__).parent.parent.parent / "build" / "bench"
_RATE = "writes/s"


def main() -> int:
    """Runs the comparisons; 1 where an answer was wrong or a peer cannot be had."""
    options = parse(["peers", "singles"])
    facts = machine.facts()
    absent = _absent()
    path = _FOLDER / f"peers-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    with Site(_FOLDER / "site-peers", options.sizes) as site:
        chosen = [b for b in benchmarks(site, list(absent)) if b.name in options.names]
        about = {"machine": facts, "peers": versions(), "absent": absent, "options": asdict(options)}
        results = _run(chosen, options, lambda found: _save(path, about, found))
    for benchmark in chosen:
        print(f"\n{table(benchmark.title, [r for r in results if r.benchmark == benchmark.name])}")
    print(f"\n{_NOTES}")
    print("".join(f"not measured: {name}: {error}\n" for name, error in absent.items()), end="")
    print(f"versions: {', '.join(f'{name} {version}' for name, version in versions().items())}")
    print(f"{facts['cpu']}, {facts['cores']} cores, commit {facts['commit']}; medians of {options.runs} runs")
    print(os.path.relpath(path))
    return 1 if absent or any(result.failure for result in results) else 0


_NOTES = """\
Each peer runs in one process, from its first record to its last; start-up, compiling and reading the answer
are not in its time, nor are closing and publishing, which are in the worker's. Where state goes to RocksDB,
its last checkpoint is. Every answer was compared with the brute force. A crash takes what was held in memory,
but for the worker, Quix with RocksDB and the tables of Faust. Peers on single messages read fewer writes.
What a peer's client fetched before its first record, up to 64 MB, is not in its time either: on small data
sets a peer can seem faster than the bare consumer, and the ratios mean nothing."""


def _absent() -> dict[str, str]:
    """Installs what is needed; by environment, the error of each that cannot be had."""
    errors: dict[str, str] = {}
    for peer in (*BATCHES, *SINGLES):
        try:
            peer.command()
        except NotInstalled as error:
            errors[peer.environment] = str(error)
    return errors


def _save(path: Path, about: dict[str, Any], results: list[Result]) -> None:
    content = {**about, "results": [asdict(result) for result in results]}
    path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def _run(chosen: Iterable[Benchmark], options: Options, save: Callable[[list[Result]], None]) -> list[Result]:
    """All results; each comparison is saved when it is done, for the whole takes long."""
    results: list[Result] = []
    comparisons = [(b, c) for b in chosen for c in b.comparisons]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("", total=len(comparisons) * options.runs)
        for done, (benchmark, comparison) in enumerate(comparisons):

            def about_to(run: int, contender: str, done: int = done, name: str = comparison.name) -> None:
                completed = done * options.runs + run
                progress.update(bar, completed=completed, description=f"{name}, {contender}")

            result = Result(benchmark.name, comparison.name)
            results.append(result)
            try:
                measure(comparison, options.runs, about_to=about_to, into=result)
            except Exception as error:  # noqa: BLE001  # the others can still be measured; this one is reported
                result.failure = f"{type(error).__name__}: {error}"
            _add_ratios(result)
            save(results)
            where = f"{benchmark.name}: {comparison.name}"
            progress.console.print(f"{where}: {result.failure or 'done'}", markup=False, highlight=False)
        progress.update(bar, completed=len(comparisons) * options.runs, description="done")
    return results


def _add_ratios(result: Result) -> None:
    """Adds what share of the fastest peer's rate each contender had in the same run."""
    peers = [own[_RATE] for name, own in result.figures.items() if name in _NAMES]
    if not peers:
        return
    fastest = [max(rates) for rates in zip(*peers, strict=True)]
    for name, own in result.figures.items():
        if name in _NAMES or name.startswith(WORKER):
            own["/ fastest peer"] = [rate / best for rate, best in zip(own[_RATE], fastest, strict=True)]


_NAMES = frozenset(peer.name for peer in (*BATCHES, *SINGLES))

if __name__ == "__main__":
    sys.exit(main())
