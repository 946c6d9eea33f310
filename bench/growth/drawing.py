"""`make bench-plots`: the newest figures of `make bench-growth` as small SVG files in docs/performance."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.installing import NotInstalled, python_with
from bench.suite import FOLDER

__all__ = ["main"]

_HERE = Path(__file__).parent
_PLOTS = _HERE.parent.parent / "docs" / "performance"


def main(arguments: Sequence[str]) -> int:
    """Draws what is in the file that was named, else in the newest; 1 where there is none or it fails."""
    files = [Path(argument) for argument in arguments] or sorted(FOLDER.glob("growth-*.json"))
    if not files:
        print("there are no figures to draw: `make bench-growth` makes them", file=sys.stderr)
        return 1
    try:
        python = python_with(_HERE / "requirements.txt", FOLDER / "plots")
    except NotInstalled as error:
        print(f"matplotlib cannot be installed: {error}", file=sys.stderr)
        return 1
    print(os.path.relpath(files[-1]))
    done = subprocess.run([python, _HERE / "draw.py", files[-1], _PLOTS], check=False)
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
