"""The four quantities of a resynchronisation on a real link: given three the fourth, for now and as planned.

`claims` solves them for bare bandwidth. Here bytes shrink by compression and deduplication, and a path gives
what `usable_per_path` leaves of its line. "Now" is today's need on all paths. "Planned" multiplies the need
by safety and growth and keeps spare paths free:

    8 D factor / (T reduction) <= (n - spare) usable(b)

with equality for every quantity but the whole number of paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from streams.model.sizing.claims import BITS_PER_BYTE, required_bits_per_second
from streams.model.sizing.exact import Number, exact, positive
from streams.model.sizing.link import Path, Plan, Usable, paths_for, usable_per_path
from streams.model.sizing.linkclaims import changed_bytes_shipped, line_rate_for
from streams.model.sizing.reduction import Reduction

__all__ = ["QUANTITIES", "Given", "Solved", "Unknown", "solve_link", "unknown_of"]

Unknown = Literal["changed_bytes", "paths", "path_bits_per_second", "resync_seconds"]

QUANTITIES: tuple[Unknown, ...] = ("changed_bytes", "paths", "path_bits_per_second", "resync_seconds")


@dataclass(frozen=True, slots=True)
class Given:
    """What is known of the four; None is what is asked for. The rate is that of the line."""

    changed_bytes: Number | None = None
    paths: int | None = None
    path_bits_per_second: Number | None = None
    resync_seconds: Number | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """Four quantities that fit together; the one that was asked for is None where nothing is enough.

    `need_bits_per_second` is payload, with the margins where they count; None where the time is.
    `usable` is what one path may be planned with, None where the line rate is. `working_paths` are those
    that are not spare.
    """

    changed_bytes: Fraction | None
    paths: int | None
    path_bits_per_second: Fraction | None
    resync_seconds: Fraction | None
    working_paths: int | None
    need_bits_per_second: Fraction | None
    usable: Usable | None

    @property
    def link_bits_per_second(self) -> Fraction | None:
        """Payload that the working paths may be planned with together."""
        if self.working_paths is None or self.usable is None:
            return None
        return self.working_paths * self.usable.bits_per_second

    @property
    def headroom_ratio(self) -> float | None:
        """The share of that which the need leaves; None where nothing is enough or there is no path."""
        link = self.link_bits_per_second
        if not link or self.need_bits_per_second is None:
            return None
        return float(1 - self.need_bits_per_second / link)


def unknown_of(given: Given) -> Unknown:
    """The one quantity that is left out.

    Raises:
        ValueError: none or more than one is; the message says which and what to do.
    """
    left_out = [name for name in QUANTITIES if getattr(given, name) is None]
    if not left_out:
        raise ValueError(
            f"over-determined: all of {', '.join(QUANTITIES)} are given; leave out the one that is asked for"
        )
    if len(left_out) > 1:
        raise ValueError(
            f"under-determined: {', '.join(left_out)} are left out, and only one can follow; "
            f"give {len(left_out) - 1} more of them"
        )
    return left_out[0]


def solve_link(
    given: Given, path: Path, reduction: Reduction | None = None, plan: Plan | None = None
) -> Solved:
    """The quantity that is left out, from the others.

    Args:
        given: three of the four.
        path: what a path is like; its line rate is taken from `given`, or found.
        reduction: compression and deduplication.
        plan: margins; without it today's need on all paths.

    Raises:
        ValueError: not exactly one is left out, one is not more than zero (changed bytes may be none), or
            spare paths leave none to work.
    """
    unknown, shrink, margins = unknown_of(given), reduction or Reduction(), plan or Plan()
    _require(given)
    if unknown == "path_bits_per_second":
        return _rate(given, path, shrink, margins)
    usable = usable_per_path(replace(path, path_bits_per_second=given.path_bits_per_second or 0))
    line = exact(given.path_bits_per_second or 0)
    if unknown == "paths":
        need = _need(given.changed_bytes, given.resync_seconds, shrink, margins)
        working = paths_for(need, usable.bits_per_second)
        count = None if working is None else working + margins.spare_paths
        times = exact(given.changed_bytes or 0), exact(given.resync_seconds or 0)
        return Solved(times[0], count, line, times[1], working, need, usable)
    working = _working(given, margins)
    if unknown == "resync_seconds":
        size, rate = exact(given.changed_bytes or 0), working * usable.bits_per_second
        payload = BITS_PER_BYTE * shrink.shipped(size) * margins.factor
        time = payload / rate if rate else Fraction(0) if not payload else None
        return Solved(size, given.paths, line, time, working, payload / time if time else None, usable)
    time = exact(given.resync_seconds or 0)
    size = changed_bytes_shipped(working, usable.bits_per_second, time, shrink) / margins.factor
    return Solved(size, given.paths, line, time, working, working * usable.bits_per_second, usable)


def _rate(given: Given, path: Path, reduction: Reduction, plan: Plan) -> Solved:
    working = _working(given, plan)
    need = _need(given.changed_bytes, given.resync_seconds, reduction, plan)
    line = line_rate_for(need, working, path)
    usable = usable_per_path(replace(path, path_bits_per_second=line)) if line else None
    if line == 0:
        usable = Usable(Fraction(0), "line")
    size, time = exact(given.changed_bytes or 0), exact(given.resync_seconds or 0)
    return Solved(size, given.paths, line, time, working, need, usable)


def _need(size: Number | None, seconds: Number | None, reduction: Reduction, plan: Plan) -> Fraction:
    return reduction.shipped(required_bits_per_second(size or 0, seconds or 0)) * plan.factor


def _working(given: Given, plan: Plan) -> int:
    paths = given.paths or 0
    if plan.spare_paths >= paths:
        raise ValueError(
            f"spare_paths {plan.spare_paths}: of {paths} paths at least one must carry the need; "
            "give more paths or fewer spare ones"
        )
    return paths - plan.spare_paths


def _require(given: Given) -> None:
    for name in ("paths", "path_bits_per_second", "resync_seconds"):
        if (value := getattr(given, name)) is not None:
            positive(name, value)
    if given.changed_bytes is not None and exact(given.changed_bytes) < 0:
        raise ValueError(f"changed_bytes {given.changed_bytes}: it cannot be negative")
