"""Which bytes each mode of replication ships, and whether they were captured.

A continuous or synchronous replicator ships every write: written bytes, from the slots, without folding. One
that works in cycles or from a bitmap ships each block that changed once: unique tracks of its own block
size. That may be any multiple of the captured track, and nothing finer can be told from it. No figure of one
basis stands for the other, so a mode whose basis was not captured is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from streams.errors import MissingData

__all__ = ["BASIS_OF", "MODES", "Basis", "Mode", "block_factor", "require_mode", "require_written"]

Mode = Literal["synchronous", "continuous", "cycle_single", "cycle_multi", "bitmap_resync"]
"""How a replicator works; cycles with one set in transfer, or with as many as it takes."""

Basis = Literal["written", "unique"]
"""Bytes written, each write counted; or bytes of changed blocks, each block counted once."""

BASIS_OF: Mapping[Mode, Basis] = {
    "synchronous": "written",
    "continuous": "written",
    "cycle_single": "unique",
    "cycle_multi": "unique",
    "bitmap_resync": "unique",
}

MODES = tuple(BASIS_OF)


def require_mode(mode: str) -> Mode:
    """The mode of this name.

    Raises:
        ValueError: there is none; the message lists those that there are.
    """
    for known in MODES:
        if known == mode:
            return known
    raise ValueError(f"mode {mode!r}: choose one of {', '.join(MODES)}")


def require_written(mode: Mode, *, has_slots: bool) -> None:
    """Refuses a mode that ships written bytes where their slots were not captured.

    Raises:
        MissingData: the message says how to capture them.
    """
    if BASIS_OF[mode] == "written" and not has_slots:
        raise MissingData(
            f"mode {mode} ships every write, and the bytes written were not captured, only which tracks "
            "changed: let the agents publish writes, or tracks folded with their counts within single slots, "
            "or choose a mode with cycles"
        )


def block_factor(mode: Mode, track_bytes: int, block_bytes: int | None = None) -> int:
    """How many captured tracks make a block of a replicator that ships unique blocks.

    It is what tables are coarsened by. Without a block size the replicator is taken to ship the captured
    tracks.

    Raises:
        MissingData: the block is finer than the captured track, or no multiple of it.
    """
    if BASIS_OF[mode] == "written" or block_bytes is None:
        return 1
    factor, rest = divmod(block_bytes, track_bytes)
    if rest or not factor:
        raise MissingData(
            f"mode {mode} ships blocks of {block_bytes} bytes, and tracks of {track_bytes} bytes were "
            "captured: blocks cannot be told from tracks that do not divide them; capture with track_bytes "
            f"{block_bytes} or a divisor of it in a new group"
        )
    return factor
