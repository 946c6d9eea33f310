"""The rule with one clause removed at a time: what a mutant changes, and which clause that breaks."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mutant"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """Replaces `old`, which stands once in `file`, by `new`.

    `rows_only` leaves states uncompared: what is caught then changes a result, and not just what a mark says.
    `redundant` says why a mutant that survives may do so: such a clause saves work or time, and the results
    do not need it. `seed` is where the search begins, so that it does not take long.
    """

    name: str
    file: str
    old: str
    new: str
    clause: str
    rows_only: bool = False
    redundant: str = ""
    seed: int = 0
