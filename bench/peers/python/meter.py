"""What every peer measures and answers in the same way.

Times run from the first fetch request, or the assignment of the partitions just before it, to the last write.
Clients fetch ahead: a clock that began at the first record would leave out what lay in their memory by then.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Job", "Meter"]

Row = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Job:
    """What a peer is asked to do, a JSON object in its only argument.

    `topic` holds `writes` writes in all. `kernel` and `state_folder` mean something to some peers only.
    """

    bootstrap: str
    topic: str
    writes: int
    track_bytes: int
    interval_seconds: int
    volume_bytes: int
    run: str
    kernel: str
    state_folder: str

    @staticmethod
    def from_arguments() -> Job:
        """The job on the command line."""
        return Job(**json.loads(sys.argv[1]))


class Meter:
    """Counts writes; wall and CPU time run from `begin` to the write that completes the job."""

    def __init__(self, job: Job) -> None:
        self._missing = job.writes
        self._begun: tuple[float, float] | None = None
        self._taken: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """Nothing has been fetched so far; only the first call counts."""
        if self._begun is None:
            self._begun = (time.perf_counter(), time.process_time())

    def done(self, writes: int = 1) -> bool:
        """So many writes are processed; whether these were the last."""
        self._missing -= writes
        if self._missing:
            return False
        self.end()
        return True

    def end(self) -> None:
        """The time ends now; again where something that belongs to the job comes after the last write."""
        begun = self._begun or (0.0, 0.0)
        self._taken = (time.perf_counter() - begun[0], time.process_time() - begun[1])

    def answer(self, rows: Iterable[Row]) -> None:
        """Prints times and rows: volume, start of the interval (us), tracks, writes, bytes."""
        wall_seconds, cpu_seconds = self._taken
        found = {"wall_seconds": wall_seconds, "cpu_seconds": cpu_seconds, "peak_bytes": _peak_bytes()}
        print(json.dumps({**found, "rows": sorted(rows)}), flush=True)


def _peak_bytes() -> int:
    """The most memory that this process had; what getrusage says begins with that of its parent."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0
