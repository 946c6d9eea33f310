"""How the replicator of a link works: what settings and command line say of it, with the defaults."""

from __future__ import annotations

from dataclasses import dataclass

from streams.model.sizing.basis import BASIS_OF, Basis, Mode, block_factor, require_mode, require_written
from streams.model.sizing.profiles import Profile, require_profile
from streams.settings import Link

__all__ = ["Replicator", "replicator_of"]


@dataclass(frozen=True, slots=True)
class Replicator:
    """What decides the figures: mode, block and cycle; None is the captured track, or the best cycle."""

    mode: Mode
    chosen_by: str
    profile: Profile | None
    block_bytes: int | None
    cycle_seconds: int | None
    apply_seconds: float
    rpo_seconds: float

    @property
    def basis(self) -> Basis:
        """The bytes that it ships."""
        return BASIS_OF[self.mode]

    @property
    def has_cycles(self) -> bool:
        """Whether it works in cycles."""
        return self.mode in ("cycle_single", "cycle_multi")


def replicator_of(link: Link, track_bytes: int, *, has_written: bool) -> Replicator:
    """The replicator of a link on what was captured.

    Raises:
        ValueError: the profile does not exist, or does not take the cycle.
        MissingData: the bytes that the mode ships were not captured; the message says how to.
    """
    profile = None if link.profile is None else require_profile(link.profile)
    mode, by = _mode(link, profile, has_written=has_written)
    require_written(mode, has_slots=has_written)
    block = link.block_bytes or (None if profile is None else profile.block_bytes)
    # What ships every write has no blocks, but the other modes beside it have.
    has_none = BASIS_OF[mode] == "written"
    block_factor("bitmap_resync" if has_none and link.block_bytes else mode, track_bytes, block)
    cycle = link.cycle_seconds
    if profile is not None and (cycle is not None or profile.cycle_seconds is not None):
        cycle = profile.cycle(cycle)
    return Replicator(mode, by, profile, block, cycle, link.apply_seconds, link.rpo_seconds)


def _mode(link: Link, profile: Profile | None, *, has_written: bool) -> tuple[Mode, str]:
    if link.mode is not None:
        return require_mode(link.mode), "as asked"
    if profile is not None:
        return profile.mode, "of the profile"
    if has_written:
        return "continuous", "by default"
    return "bitmap_resync", "by default, for written bytes were not captured"
