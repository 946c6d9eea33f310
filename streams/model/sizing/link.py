"""What a real link carries against what it needs, all in payload bits per second.

One plane: compression and deduplication lower the need, everything else lowers what a path gives, so that
nothing counts twice. Growth and safety belong to planning and never enter a figure about today.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from streams.model.sizing.claims import BITS_PER_BYTE, required_bits_per_second
from streams.model.sizing.exact import Number, ceil_div, exact, not_negative, positive
from streams.model.sizing.media import MEDIA
from streams.model.sizing.reduction import Reduction

__all__ = [
    "Binding",
    "Path",
    "Plan",
    "Usable",
    "headroom_ratio",
    "need_bits_per_second",
    "paths_for",
    "planned_paths",
    "ship_seconds",
    "usable_per_path",
]

Binding = Literal["line", "window", "loss", "measured"]
"""The term that limits a path: its line rate, the TCP window, packet loss, or a measured goodput."""

_MATHIS = Fraction("1.22")


@dataclass(frozen=True, slots=True)
class Path:
    """One of a link's equal paths.

    `efficiency` is payload per bit of the line. `utilisation_ceiling` is the share of it that is planned
    with, since queues explode near 1. `streams` TCP connections share the path; each is held to one
    `tcp_window_bytes` per round trip, and by loss to the rate of Mathis et al. (1997), an estimate that
    fits loss-based TCP. Limits whose numbers are None (or a loss or round trip of 0) do not apply.
    `measured_goodput_bits_per_second` is what a throughput test of the whole path gave. Heartbeat and
    background traffic are taken off each path.
    """

    path_bits_per_second: Number
    efficiency: Number = MEDIA["tcp1500"].efficiency
    utilisation_ceiling: Number = Fraction("0.7")
    rtt_seconds: Number = 0
    loss_probability: Number = 0
    tcp_window_bytes: int | None = None
    mss_bytes: int = MEDIA["tcp1500"].mss_bytes
    streams: int = 1
    measured_goodput_bits_per_second: Number | None = None
    heartbeat_bits_per_second: Number = 0
    background_bits_per_second: Number = 0

    def __post_init__(self) -> None:
        """Refuses what no path can be; a round trip of 0 stands for one that is not known."""
        positive("path_bits_per_second", self.path_bits_per_second)
        for name in ("efficiency", "utilisation_ceiling"):
            if not 0 < exact(getattr(self, name)) <= 1:
                raise ValueError(f"{name} {getattr(self, name)}: a share of the rate, above 0 and at most 1")
        for name in ("rtt_seconds", "heartbeat_bits_per_second", "background_bits_per_second"):
            not_negative(name, getattr(self, name))
        if not 0 <= exact(self.loss_probability) < 1:
            raise ValueError(
                f"loss_probability {self.loss_probability}: a share of the packets, from 0 to below 1; "
                "0.001 is one in a thousand"
            )
        for name in ("tcp_window_bytes", "mss_bytes", "streams", "measured_goodput_bits_per_second"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))


@dataclass(frozen=True, slots=True)
class Usable:
    """Payload that one path may be planned with, 0 where other traffic fills it, and what binds it."""

    bits_per_second: Fraction
    binding: Binding


@dataclass(frozen=True, slots=True)
class Plan:
    """What the future adds to today's need: a safety factor, yearly growth over some years, spare paths.

    At least `least_paths` are ordered, spare ones beyond them.
    """

    safety_factor: Number = 1
    growth_per_year: Number = 0
    horizon_years: Number = 0
    spare_paths: int = 0
    least_paths: int = 0

    def __post_init__(self) -> None:
        """Refuses what would plan for less than today's need."""
        if exact(self.safety_factor) < 1:
            raise ValueError(f"safety_factor {self.safety_factor}: a factor on the need, at least 1")
        for name in ("growth_per_year", "horizon_years", "spare_paths", "least_paths"):
            not_negative(name, getattr(self, name))

    @property
    def factor(self) -> Fraction:
        """What the need is multiplied by: safety, and growth up to the horizon."""
        growth = exact((1 + exact(self.growth_per_year)) ** exact(self.horizon_years))
        return exact(self.safety_factor) * growth


def need_bits_per_second(
    changed_bytes: Number, seconds: Number, compression_ratio: Number = 1, dedupe_ratio: Number = 1
) -> Fraction:
    """Payload to ship: `8 D / T`, less what compression and deduplication (both >= 1) take away."""
    reduction = Reduction(compression_ratio, dedupe_ratio)
    return reduction.shipped(required_bits_per_second(changed_bytes, seconds))


def usable_per_path(path: Path) -> Usable:
    """`ceiling x min(line, streams x min(window, loss), measured) - heartbeat - background`, at least 0."""
    limits: dict[Binding, Fraction] = {"line": exact(path.path_bits_per_second) * exact(path.efficiency)}
    limits |= _stream_limits(path)
    if path.measured_goodput_bits_per_second is not None:
        limits["measured"] = exact(path.measured_goodput_bits_per_second)
    binding = min(limits, key=lambda term: limits[term])
    other_traffic = exact(path.heartbeat_bits_per_second) + exact(path.background_bits_per_second)
    usable = exact(path.utilisation_ceiling) * limits[binding] - other_traffic
    return Usable(max(usable, Fraction(0)), binding)


def headroom_ratio(need: Fraction, paths: int, usable: Fraction) -> float:
    """The share of what the link gives that is left: negative when undersized, -inf when it gives nothing."""
    capacity = paths * usable
    if not capacity:
        return -math.inf if need else 0.0
    return float(1 - need / capacity)


def paths_for(need: Fraction, usable: Fraction) -> int | None:
    """The paths that carry today's need; None where no number of them does."""
    if not usable:
        return None if need else 0
    return ceil_div(need, usable)


def planned_paths(need: Fraction, usable: Fraction, plan: Plan) -> int | None:
    """The paths to order: `ceil(need x safety x (1 + growth)^years / usable) + spare`, or None as above."""
    count = paths_for(need * plan.factor, usable)
    return None if count is None else max(count, plan.least_paths) + plan.spare_paths


def ship_seconds(need: Fraction, seconds: Number, paths: int, usable: Fraction) -> float:
    """How long the link takes for what needs `need` to be shipped in `seconds`; inf when it gives nothing."""
    capacity = paths * usable
    if not capacity:
        return math.inf if need else 0.0
    return float(need * exact(seconds) / capacity)


def _stream_limits(path: Path) -> dict[Binding, Fraction]:
    """What window and loss hold all streams of the path to, each where its numbers are known."""
    limits: dict[Binding, Fraction] = {}
    round_trip = exact(path.rtt_seconds)
    if not round_trip:
        return limits
    if path.tcp_window_bytes is not None:
        limits["window"] = path.streams * BITS_PER_BYTE * path.tcp_window_bytes / round_trip
    if path.loss_probability:
        root = exact(math.sqrt(path.loss_probability))
        limits["loss"] = path.streams * _MATHIS * BITS_PER_BYTE * path.mss_bytes / (round_trip * root)
    return limits
