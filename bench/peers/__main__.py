"""`make bench-peers`: installs the peers, lets them take turns with the worker, and ends with tables.

A peer that cannot be installed is left out and named below the tables, with the error.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from bench.installing import NotInstalled
from bench.options import parse
from bench.peers.comparing import BENCHMARKS, against_fastest
from bench.peers.contenders import BATCHES, SINGLES
from bench.peers.environments import versions
from bench.suite import Suite, run

__all__ = ["main"]

_NOTES = """\
Times run from the first fetch request (Bytewax, Quix) or from the assignment of the partitions before it (the
worker, Faust, Kafka Streams, the bare consumer) to the last write. Start-up, compiling and reading the answer
are not in them, nor are closing and publishing, which are in the worker's. Where state goes to RocksDB, its
last checkpoint is. Every answer was compared with the brute force. A crash takes what was held in memory, but
for the worker, Quix with RocksDB and the tables of Faust. Peers on single messages read fewer writes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparisons; 1 where an answer was wrong or a peer cannot be had."""
    known = sorted({peer.environment for peer in (*BATCHES, *SINGLES)})
    options = parse(list(BENCHMARKS), arguments, environments=known, command="make bench-peers")
    absent = _absent(options.environments)
    present = [name for name in options.environments if name not in absent]
    suite = Suite(
        "peers",
        {name: partial(make, present) for name, make in BENCHMARKS.items()},
        finish=against_fastest,
        notes=[
            _NOTES,
            *(f"not measured: {name}: {error}" for name, error in absent.items()),
            f"versions: {', '.join(f'{name} {version}' for name, version in versions().items())}",
        ],
        about={"peers": versions(), "absent": absent},
    )
    return 1 if run(suite, options) or absent else 0


def _absent(environments: Sequence[str]) -> dict[str, str]:
    """Installs what is needed; by environment, the error of each that cannot be had."""
    errors: dict[str, str] = {}
    for peer in (*BATCHES, *SINGLES):
        if peer.environment not in environments:
            continue
        try:
            peer.command()
        except NotInstalled as error:
            errors[peer.environment] = str(error)
    return errors


if __name__ == "__main__":
    sys.exit(main())
