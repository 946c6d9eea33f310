"""Runs seed after seed for a while, to look for what the few seeds of the test suite do not meet.

    python -m tests.model.crash.campaign SECONDS [FIRST_SEED]

Exits with 1 at the first seed that fails; its number reproduces it.
"""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import astuple, fields

from tests.model.crash.crashing import Ran, run_seed

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Prints what was run, or the seed that failed and how."""
    until = time.monotonic() + float(arguments[0])
    first = seed = int(arguments[1]) if len(arguments) > 1 else 0
    sums = [0] * len(fields(Ran))
    while time.monotonic() < until:
        try:
            ran = run_seed(seed)
        except Exception:  # noqa: BLE001  # whatever it is, its seed must be known
            traceback.print_exc()
            print(f"seed {seed} failed; seeds {first} to {seed - 1} passed")  # noqa: T201  # a command's output
            return 1
        sums = [total + count for total, count in zip(sums, astuple(ran), strict=True)]
        seed += 1
    counts = ", ".join(f"{total} {field.name}" for total, field in zip(sums, fields(Ran), strict=True))
    print(f"seeds {first} to {seed - 1} passed: {counts}")  # noqa: T201  # a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
