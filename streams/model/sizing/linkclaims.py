"""The claims on a real link: paths, time, line rate and bytes, each from the others, on the payload plane.

`claims` solves them for bare bandwidth. Here a path gives what `usable_per_path` leaves of its line, and the
bytes shrink by compression and deduplication. Time from bytes and paths is `ship_seconds`, paths from bytes
and time are `paths_for`; these two are the other directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.exact import Number, exact, not_negative, positive
from streams.model.sizing.link import Path, Plan, usable_per_path
from streams.model.sizing.reduction import Reduction

__all__ = ["Step", "changed_bytes_shipped", "line_rate_for", "need_steps", "path_steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One term on the way from a line to what it may be planned with, or from bytes to paths."""

    name: str
    bits_per_second: Fraction


def changed_bytes_shipped(
    paths: int, usable_bits_per_second: Fraction, seconds: Number, reduction: Reduction | None = None
) -> Fraction:
    """The written or changed bytes that the link ships in the time.

    Raises:
        ValueError: a negative amount, or no time.
    """
    payload = not_negative("paths", paths) * usable_bits_per_second * positive("seconds", seconds)
    return (reduction or Reduction()).carried(payload / BITS_PER_BYTE)


def line_rate_for(need: Fraction, paths: int, path: Path) -> Fraction | None:
    """The line rate in bit/s at which this many such paths carry the need, exactly.

    None where no line rate is enough: window, loss or what was measured hold the path below its share.

    Raises:
        ValueError: no paths.
    """
    share = need / positive("paths", paths)
    other = exact(path.heartbeat_bits_per_second) + exact(path.background_bits_per_second)
    goodput = (share + other) / exact(path.utilisation_ceiling)
    line = goodput / exact(path.efficiency)
    if not line:
        return line
    widened = replace(path, path_bits_per_second=line)
    return line if usable_per_path(widened).bits_per_second >= share else None


def path_steps(path: Path) -> list[Step]:
    """From the line rate to what one path may be planned with, a step for every term that takes part."""
    line = exact(path.path_bits_per_second)
    usable = usable_per_path(path)
    steps = [Step("line rate", line), Step("after efficiency", line * exact(path.efficiency))]
    goodput = _goodput(path)
    if usable.binding != "line":
        steps.append(Step(f"limited by {usable.binding}", goodput))
    planned = goodput * exact(path.utilisation_ceiling)
    steps.append(Step("under the utilisation ceiling", planned))
    for name in ("heartbeat", "background"):
        if taken := exact(getattr(path, f"{name}_bits_per_second")):
            planned -= taken
            steps.append(Step(f"less {name}", planned))
    return [*steps, Step("usable", usable.bits_per_second)]


def need_steps(written_bits_per_second: Fraction, reduction: Reduction, plan: Plan) -> list[Step]:
    """From a rate of written or changed bytes to the payload that is planned for, a step for every term."""
    compressed = written_bits_per_second / exact(reduction.compression_ratio)
    need = reduction.shipped(written_bits_per_second)
    safe = need * exact(plan.safety_factor)
    return [
        Step("before reduction", written_bits_per_second),
        Step("after compression", compressed),
        Step("after deduplication: today's need", need),
        Step("with safety", safe),
        Step("with growth: planned", need * plan.factor),
    ]


def _goodput(path: Path) -> Fraction:
    """What the term that binds leaves of the path, before ceiling and other traffic."""
    bare = replace(path, utilisation_ceiling=1, heartbeat_bits_per_second=0, background_bits_per_second=0)
    return usable_per_path(bare).bits_per_second
