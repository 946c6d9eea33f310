"""`kill -9` at every step of every format, and at system calls that change files: `make lake-crashes`.

Prints a line for each point: whether rows were there before the sink ran again, and ends with code 1 at the
first row that is lost or double. `strace` kills at system calls, which reaches between the steps of libraries
that are not Python.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from streams.settings import Lake
from tests.lake.conftest import FORMATS
from tests.lake.dying import killed_at, names_of_steps
from tests.lake.logs import feeds_of, run, story
from tests.lake.reading import expected, measured
from tests.lake.test_behaviour import NUMBERS

CALLS = ("link,linkat", "rename,renameat,renameat2", "unlink,unlinkat", "mkdir,mkdirat", "pwrite64,write")
"""By their numbers in each thread; of the writes only every tenth is taken."""
MOST_CALLS = 40


def main() -> int:
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMATS:
            names = names_of_steps(Lake(format=form, path=f"{folder}/{form}-whole"))
            for number, name in enumerate(names):
                lake = Lake(format=form, path=f"{folder}/{form}-{number}")
                assert killed_at(lake, number)
                wrong += judged(lake, name)
            for calls in CALLS:
                wrong += killed_at_calls(form, calls, Path(folder))
    print(f"{wrong} points with lost or double rows")  # noqa: T201  # a command's output
    return 1 if wrong else 0


def killed_at_calls(form: str, calls: str, folder: Path) -> int:
    """Kills a process at the first, second and so on of these calls of a thread, until it ends by itself."""
    wrong = 0
    for number in range(1, MOST_CALLS, 10 if "write" in calls else 1):
        lake = Lake(format=form, path=str(folder / f"{form}-{calls}-{number}"))
        inject = f"inject={calls}:signal=SIGKILL:when={number}"
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
        sink = [sys.executable, "-B", "-m", "tests.lake.dying", form, lake.path]
        if subprocess.run([*command, *sink], check=False, capture_output=True).returncode == 0:
            break
        wrong += judged(lake, f"{calls} {number}")
    return wrong


def judged(lake: Lake, name: str) -> int:
    """Runs a sink over what a killed one has left."""
    before = there(lake)
    logs = story(NUMBERS)
    run(feeds_of(lake, logs), logs)
    found, wanted = measured(lake), expected(NUMBERS)
    lost, double = sum((wanted - found).values()), sum((found - wanted).values())
    print(f"{lake.format:8} {name:40} {before:>12}   lost {lost}, double {double}", flush=True)  # noqa: T201  # a command's output
    return 1 if lost or double else 0


def there(lake: Lake) -> str:
    """What a reader finds between the kill and the next sink."""
    try:
        found = measured(lake)
    except Exception as error:  # noqa: BLE001  # readers have errors of many kinds for a table that is not there
        return "no table" if re.search("(?i)no such|not found|no files|does not exist", str(error)) else "?"
    assert max(found.values(), default=1) == 1, "double rows before the next sink"
    return f"{found.total()} rows"


if __name__ == "__main__":
    sys.exit(main())
