"""What a link needs and gives, from the newest intervals of its groups: the mode of a resynchronisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from streams.model.entries import Summary
from streams.model.sizing.claims import BITS_PER_BYTE
from streams.model.sizing.link import (
    Binding,
    headroom_ratio,
    need_bits_per_second,
    paths_for,
    ship_seconds,
    usable_per_path,
)
from streams.model.sizing.profiles import require_profile
from streams.settings import Link

__all__ = ["LinkFigures", "Need", "link_figures", "unique_basis"]


@dataclass(frozen=True, slots=True)
class Need:
    """What the link must carry: the changes (OR) of its groups over `range_seconds`, shipped in time.

    `coverage` is the lowest of its groups, `end_us` the earliest end of their intervals. `paths` is None
    where no number of paths is enough. `basis` is `lower` where the replicator ships blocks that are coarser
    than the captured tracks: it ships more than the figure says.
    """

    range_seconds: int
    end_us: int
    coverage: float
    changed_bytes: int
    required_bytes_per_second: float
    headroom_ratio: float
    paths: int | None
    resync_seconds: float
    basis: str


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """A link: what it gives, and what it needs, which is None while some of its groups have no figure."""

    path_bytes_per_second: float
    link_bytes_per_second: float
    binding: Binding
    missing: tuple[str, ...]
    need: Need | None


def link_figures(link: Link, newest: Mapping[str, Sequence[Summary]]) -> LinkFigures:
    """Figures of a link from the newest intervals of each group, one of each length."""
    usable = usable_per_path(link.path())
    by_group = {group: {s.rung_seconds: s for s in newest.get(group, ())} for group in link.groups}
    length = _range(link, by_group)
    missing = _missing(by_group, length)
    per_path = usable.bits_per_second / BITS_PER_BYTE
    return LinkFigures(
        path_bytes_per_second=float(per_path),
        link_bytes_per_second=float(per_path * link.paths),
        binding=usable.binding,
        missing=missing,
        need=None
        if missing or length is None
        else _need(link, [intervals[length] for intervals in by_group.values()], usable.bits_per_second),
    )


def unique_basis(link: Link, intervals: Iterable[Summary]) -> str:
    """`unique`, or `lower` where blocks are coarser than what was captured."""
    profile = require_profile(link.profile) if link.profile else None
    block = link.block_bytes or (profile.block_bytes if profile else None)
    coarser = block is not None and any(block > summary.track_bytes for summary in intervals)
    return "lower" if coarser else "unique"


def _range(link: Link, by_group: Mapping[str, Mapping[int, Summary]]) -> int | None:
    """The length that is asked for, else the longest that all groups have; None where they share none."""
    if link.range_seconds is not None:
        return link.range_seconds
    common = set.intersection(*(set(intervals) for intervals in by_group.values()))
    return max(common, default=None)


def _missing(by_group: Mapping[str, Mapping[int, Summary]], length: int | None) -> tuple[str, ...]:
    """Groups that hold the figure back: without the length, or any; all where they share none."""
    if length is not None:
        return tuple(group for group, intervals in by_group.items() if length not in intervals)
    return tuple(group for group, intervals in by_group.items() if not intervals) or tuple(by_group)


def _need(link: Link, intervals: Sequence[Summary], usable: Fraction) -> Need:
    changed = sum(summary.changed_bytes_or for summary in intervals)
    need = need_bits_per_second(changed, link.resync_seconds, link.compression_ratio, link.dedupe_ratio)
    return Need(
        range_seconds=intervals[0].rung_seconds,
        end_us=min(summary.end_us for summary in intervals),
        coverage=min(summary.coverage for summary in intervals),
        changed_bytes=changed,
        required_bytes_per_second=float(need / BITS_PER_BYTE),
        headroom_ratio=headroom_ratio(need, link.paths, usable),
        paths=paths_for(need, usable),
        resync_seconds=ship_seconds(need, link.resync_seconds, link.paths, usable),
        basis=unique_basis(link, intervals),
    )
