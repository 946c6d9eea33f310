"""What is varied, everything else being equal, and the law that the cost of a write should follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.data import Shape
from bench.growth.laws import CONSTANT, LINEAR, SHARED, Law

__all__ = ["Curve", "Point", "curves"]

_SPAN_SECONDS = 1_200  # event time of a data set: four intervals of the default length
_MESSAGES = 8_192  # at most so many for the collector alone
_WORKER_MESSAGES = 4_096  # a worker takes half a millisecond for each


@dataclass(frozen=True, slots=True)
class Point:
    """A data set for the collector alone and, where Kafka and the shell matter, one for a real worker.

    `x` is what is varied; where it is None, the touched tracks per write are.
    """

    name: str
    x: float | None
    collector: Shape | None = None
    worker: Shape | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points along one axis. `because` says why the law should hold."""

    title: str
    axis: str
    law: Law
    because: str
    points: Sequence[Point]


def curves(writes: int) -> dict[str, Curve]:
    """All curves by name; about so many writes are behind each point."""
    return {
        "batch": Curve(
            "Writes per message",
            "writes per message",
            SHARED,
            "a message has a cost of its own, which its writes share",
            _batch(writes),
        ),
        "volumes": Curve(
            "Volumes of a group",
            "volumes",
            LINEAR,
            "every volume has a table in every interval, and a row when it closes",
            _volumes(writes),
        ),
        "groups": Curve(
            "Groups of a worker, messages of 512 writes",
            "groups",
            LINEAR,
            "every group closes its own intervals: tables, a summary and a mark",
            _groups(writes),
        ),
        "interval": Curve(
            "Length of the base interval",
            "seconds of an interval",
            SHARED,
            "an interval has a cost of its own, which the writes in it share",
            _interval(writes),
        ),
        "volume-size": Curve(
            "Size of a volume, writes all over it",
            "bytes of a volume",
            CONSTANT,
            "only touched tracks are held",
            _volume_size(writes),
        ),
        "skew": Curve(
            "Skew: hot spots to uniform",
            "touched tracks per write",
            LINEAR,
            "a write costs something, a track that it is the first to touch costs more",
            _skew(writes),
        ),
    }


def _base(writes: int) -> Shape:
    return replace(Shape(writes=writes), writes_per_second=max(1, writes // _SPAN_SECONDS))


def _batch(writes: int) -> list[Point]:
    return [
        Point(
            f"{batch:,}",
            batch,
            replace(_base(min(writes, batch * _MESSAGES)), batch=batch),
            replace(_base(min(2 * writes, batch * _WORKER_MESSAGES)), batch=batch),
        )
        for batch in (1, 16, 256, 1_024, 8_192, 32_768)
    ]


def _volumes(writes: int) -> list[Point]:
    sizes = (1, 4, 16, 64, 256, 1_024, 4_096)
    return [Point(f"{volumes:,}", volumes, replace(_base(writes), volumes=volumes)) for volumes in sizes]


def _groups(writes: int) -> list[Point]:
    sizes = [groups for groups in (1, 4, 32, 256, 1_024, 4_096) if groups * 512 <= writes]
    shape = replace(_base(sizes[-1] * 512), batch=512, volumes=10)
    return [Point(f"{groups:,}", groups, worker=replace(shape, groups=groups)) for groups in sizes]


def _interval(writes: int) -> list[Point]:
    lengths = (1, 5, 15, 60, 300, 1_200)
    return [Point(f"{s:,} s", s, replace(_base(writes), interval_seconds=s)) for s in lengths]


def _volume_size(writes: int) -> list[Point]:
    return [
        Point(f"{1 << exponent - 30:,} GiB", 2.0**exponent, _sized(writes, exponent))
        for exponent in (30, 34, 38, 40, 44, 48)
    ]


def _sized(writes: int, exponent: int) -> Shape:
    return replace(_base(writes), skew="uniform", volume_bytes=1 << exponent)


def _skew(writes: int) -> list[Point]:
    zipf = [
        Point(f"Zipf {exponent:g}", None, replace(_base(writes), exponent=exponent))
        for exponent in (2.0, 1.5, 1.3, 1.2, 1.1, 1.05)
    ]
    base = _base(writes)
    others = [
        Point("scattered", None, replace(base, skew="scattered")),
        Point("sequential", None, replace(base, skew="sequential")),
        Point("uniform", None, replace(base, skew="uniform")),
    ]
    return [*zipf, *others]
