"""What may be chosen on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.site import FULL, QUICK, Sizes

__all__ = ["Options", "parse"]


@dataclass(frozen=True, slots=True)
class Options:
    """How often everything is measured, how large it is, and which benchmarks.

    `environments`: of the peers, those that take part.
    """

    runs: int
    sizes: Sizes
    names: tuple[str, ...]
    environments: tuple[str, ...] = ()


def parse(
    known: Sequence[str],
    arguments: Sequence[str] | None = None,
    *,
    environments: Sequence[str] = (),
    runs: int = 5,
    command: str = "make bench",
) -> Options:
    """The options in the arguments, or of this process; ends it where they are wrong.

    `known` are the benchmarks, `environments` those of the peers; `runs` is the number unless one is given.
    """
    parser = argparse.ArgumentParser(prog=command, description="Measures linkgauge.")
    parser.add_argument("--runs", type=_positive, help=f"how often each contender is measured ({runs})")
    parser.add_argument("--only", action="append", metavar="NAMES", help=f"some of {','.join(known)}")
    parser.add_argument("--writes", type=_positive, help=f"writes in a data set ({FULL.writes})")
    parser.add_argument("--every-mix", action="store_true", help="all skews x batches x compressions")
    parser.add_argument("--quick", action="store_true", help="one small run, to see that all works")
    if environments:
        parser.add_argument("--peers", action="append", help=f"some of {', '.join(environments)}")
    found = parser.parse_args(arguments)
    sizes = replace(QUICK if found.quick else FULL, every_mix=found.every_mix)
    if found.writes:
        sizes = replace(sizes, writes=found.writes)
    return Options(
        found.runs or (1 if found.quick else runs),
        sizes,
        _chosen(parser, "--only", found.only, known),
        _chosen(parser, "--peers", found.peers, environments) if environments else (),
    )


def _chosen(
    parser: argparse.ArgumentParser, option: str, texts: Sequence[str] | None, known: Sequence[str]
) -> tuple[str, ...]:
    """Those of the known that the texts name, separated by commas; all without a text."""
    names = dict.fromkeys(name for text in texts or () for name in text.split(","))
    if unknown := [name for name in names if name not in known]:
        parser.error(f"{option} {','.join(unknown)}: there is {', '.join(known)}")
    return tuple(names) or tuple(known)


def _positive(text: str) -> int:
    value = int(text.replace("_", ""))
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return value
