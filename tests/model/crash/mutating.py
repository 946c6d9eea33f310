"""Runs mutants: each in a copy of the package, in a process of its own, seed after seed until it is caught.

    python -m tests.model.crash.mutating [--seeds N] [--redundant N] [NAME ...]

A name is that of a mutant or of a module of mutants. Exits with 1 where a mutant survives that is not known
to be redundant, or a redundant one is caught.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

# Imported here, once, so that a child that is forked has them already; never anything of `streams`.
import numpy  # noqa: F401, ICN001
import orjson  # noqa: F401
import pyarrow  # noqa: F401, ICN001
import pyroaring  # noqa: F401

from tests.model.crash.mutants.mutant import Mutant
from tests.model.crash.mutants.table import TABLE

__all__ = ["Verdict", "main", "mutated", "try_mutant"]

ROOT = Path(__file__).parents[3]
COPIED = ("streams/model", "streams/wire", "tests/model/crash")
SECONDS_OF_A_SEED = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a mutant fared: the seed that caught it and how, or None after so many seeds."""

    mutant: Mutant
    seed: int | None
    how: str
    seeds: int
    seconds: float

    @property
    def as_expected(self) -> bool:
        return (self.seed is None) == bool(self.mutant.redundant)

    def __str__(self) -> str:
        fate = f"survives {self.seeds} seeds" if self.seed is None else f"caught at seed {self.seed}"
        how = self.how or self.mutant.redundant
        note = "" if self.as_expected else "UNEXPECTED "
        return f"{self.mutant.name:28} {fate:22} {self.seconds:6.1f} s  {note}{how}"


def mutated(mutant: Mutant, folder: Path) -> None:
    """Copies the package and its crash tests into a folder and applies the mutant there."""
    for part in COPIED:
        shutil.copytree(ROOT / part, folder / part)
    for name in ("__init__.py", "errors.py"):
        shutil.copy2(ROOT / "streams" / name, folder / "streams" / name)
    path = folder / mutant.file
    text = path.read_text()
    count = text.count(mutant.old)
    if count != 1:
        raise ValueError(f"mutant {mutant.name}: its old text stands {count} times in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new))


def try_mutant(mutant: Mutant, seeds: int) -> Verdict:
    """Runs a mutant over so many seeds, until one catches it."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        mutated(mutant, Path(folder))
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os.close(read)
            _in_child(mutant, folder, seeds, write)
        os.close(write)
        with os.fdopen(read) as pipe:
            said = json.loads(pipe.read() or '{"seed": -1, "how": "the process died", "seeds": 0}')
        os.waitpid(child, 0)
    return Verdict(mutant, said["seed"], said["how"], said["seeds"], time.monotonic() - began)


def _in_child(mutant, folder, seeds, write):
    """Imports the mutated package, runs it and never returns."""
    for name in [name for name in sys.modules if name.split(".")[0] in ("streams", "tests")]:
        del sys.modules[name]
    sys.modules["streams.model.compiled"] = None  # each copy would be compiled anew, longer than it is tried
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, _hangs)
    with os.fdopen(write, "w") as pipe:
        json.dump(_seeds_until_caught(mutant, seeds), pipe)
    os._exit(0)


def _hangs(_signal, _frame):
    raise TimeoutError("a seed takes for ever")


def _seeds_until_caught(mutant, seeds):
    for seed in range(mutant.seed, mutant.seed + seeds):
        signal.alarm(SECONDS_OF_A_SEED)
        try:
            from tests.model.crash.crashing import run_seed  # noqa: PLC0415  # the mutated one

            run_seed(seed, lax=mutant.rows_only)
        except Exception as error:  # noqa: BLE001  # however a mutant fails, it is caught
            where = traceback.extract_tb(error.__traceback__)[-1].name
            how = f"{type(error).__name__} in {where}: {error}"[:160]
            return {"seed": seed, "how": how, "seeds": seed - mutant.seed + 1}
        finally:
            signal.alarm(0)
    return {"seed": None, "how": "", "seeds": seeds}


def main(arguments: list[str]) -> int:
    """Prints a line for each mutant; 0 where all fare as their table says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=2000, help="give a mutant up after so many seeds")
    parser.add_argument("--redundant", type=int, default=300, help="and a redundant one after so many")
    asked = parser.parse_args(arguments)
    wrong = 0
    for mutant in _chosen(asked.names):
        verdict = try_mutant(mutant, asked.redundant if mutant.redundant else asked.seeds)
        wrong += not verdict.as_expected
        print(verdict, flush=True)  # noqa: T201  # a command's output
    return 1 if wrong else 0


def _chosen(names):
    for module, mutants in TABLE.items():
        for mutant in mutants:
            if not names or module in names or mutant.name in names:
                yield mutant


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
