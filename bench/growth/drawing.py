"""`make bench-plots`: the newest figures of every curve as small SVG files in docs/performance."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench.installing import NotInstalled, python_with
from bench.site import FULL
from bench.suite import FOLDER

__all__ = ["main"]

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent.parent / "docs" / "performance"


def main(arguments: Sequence[str]) -> int:
    """Draws the files that were named, else all that `make bench-growth` has made; 1 where it cannot."""
    files = [Path(argument) for argument in arguments] or _full(sorted(FOLDER.glob("growth-*.json")))
    if not files:
        print("there are no figures to draw: `make bench-growth` makes them", file=sys.stderr)
        return 1
    try:
        python = python_with(_HERE / "requirements.txt", FOLDER / "plots")
    except NotInstalled as error:
        print(f"matplotlib cannot be installed: {error}", file=sys.stderr)
        return 1
    for name, path in _newest(files).items():
        print(f"{name}: {os.path.relpath(path)}")
        done = subprocess.run([python, _HERE / "draw.py", path, _PLOTS, name], check=False)
        if done.returncode:
            return 1
    return 0


def _full(files: Sequence[Path]) -> list[Path]:
    """Those that are not of a quick run."""
    sizes = [orjson.loads(path.read_bytes())["options"]["sizes"] for path in files]
    return [p for p, own in zip(files, sizes, strict=True) if own["growth_writes"] == FULL.growth_writes]


def _newest(files: Sequence[Path]) -> dict[str, Path]:
    """By benchmark the last of the files that has all of it."""
    found: dict[str, Path] = {}
    for path in files:
        results = orjson.loads(path.read_bytes())["results"]
        failed = {result["benchmark"] for result in results if result["failure"]}
        found.update({r["benchmark"]: path for r in results if r["benchmark"] not in failed})
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
