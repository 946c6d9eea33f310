"""The four quantities of a resynchronisation, each from the other three.

D bytes changed, T seconds to ship them, n paths in parallel, b bit/s of payload on each:
`B = 8 D / T` in total, `B / n` per path, `n = ceil(B / b)`, `T = 8 D / (n b)`. No overhead enters here;
what a real path gives is the matter of `link`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from streams.model.sizing.exact import Number, ceil_div, exact, not_negative, positive

__all__ = [
    "BITS_PER_BYTE",
    "Claim",
    "bytes_shipped",
    "paths_needed",
    "per_path_bits_per_second",
    "required_bits_per_second",
    "seconds_needed",
    "solve",
]

BITS_PER_BYTE = 8


@dataclass(frozen=True, slots=True)
class Claim:
    """Four quantities that fit together: the paths ship the changed bytes within the time."""

    changed_bytes: Fraction
    paths: int
    path_bits_per_second: Fraction
    resync_seconds: Fraction


def required_bits_per_second(changed_bytes: Number, seconds: Number) -> Fraction:
    """The bandwidth that ships the changed bytes in the time: `B = 8 D / T`."""
    return BITS_PER_BYTE * not_negative("changed_bytes", changed_bytes) / positive("seconds", seconds)


def per_path_bits_per_second(total_bits_per_second: Number, paths: int) -> Fraction:
    """Each path's share of the total."""
    return not_negative("total_bits_per_second", total_bits_per_second) / positive("paths", paths)


def paths_needed(total_bits_per_second: Number, path_bits_per_second: Number) -> int:
    """The paths that carry the total together. An exact multiple does not round up; nothing needs no path."""
    total = not_negative("total_bits_per_second", total_bits_per_second)
    return ceil_div(total, positive("path_bits_per_second", path_bits_per_second))


def seconds_needed(changed_bytes: Number, paths: int, path_bits_per_second: Number) -> Fraction:
    """The time that the paths take to ship the changed bytes: `T = 8 D / (n b)`."""
    rate = positive("paths", paths) * positive("path_bits_per_second", path_bits_per_second)
    return BITS_PER_BYTE * not_negative("changed_bytes", changed_bytes) / rate


def bytes_shipped(paths: int, path_bits_per_second: Number, seconds: Number) -> Fraction:
    """The bytes that the paths ship in the time: `D = n b T / 8`."""
    rate = not_negative("paths", paths) * not_negative("path_bits_per_second", path_bits_per_second)
    return rate * not_negative("seconds", seconds) / BITS_PER_BYTE


def solve(
    *,
    changed_bytes: Number | None = None,
    paths: int | None = None,
    path_bits_per_second: Number | None = None,
    resync_seconds: Number | None = None,
) -> Claim:
    """Any one of the four from the other three.

    Solving again for another one gives back what was put in, exactly. Only paths are whole: the time that
    solved paths take is at most the time that was asked for.

    Raises:
        ValueError: not exactly one is left out, or a value is negative, or zero where it divides.
    """
    given = {
        "changed_bytes": changed_bytes,
        "paths": paths,
        "path_bits_per_second": path_bits_per_second,
        "resync_seconds": resync_seconds,
    }
    size, count, rate, time = (Fraction(0) if value is None else exact(value) for value in given.values())
    match [name for name, value in given.items() if value is None]:
        case ["changed_bytes"]:
            size = bytes_shipped(int(count), rate, time)
        case ["paths"]:
            count = Fraction(paths_needed(required_bits_per_second(size, time), rate))
        case ["path_bits_per_second"]:
            rate = per_path_bits_per_second(required_bits_per_second(size, time), int(count))
        case ["resync_seconds"]:
            time = seconds_needed(size, int(count), rate)
        case missing:
            raise ValueError(f"leave out exactly one of {', '.join(given)}; {len(missing)} are left out")
    return Claim(size, int(count), rate, time)
