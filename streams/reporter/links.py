"""What a link needs and gives, from the newest intervals of its groups: the mode of a resynchronisation.

A group that nobody vouches for is missing, and what the others need is then a lower bound of what the link
must carry. Such a bound may say that the link is too narrow. It never says that the link is wide enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

__all__ = ["LinkFigures", "Need", "known_headroom", "link_figures", "unique_basis"]


@dataclass(frozen=True, slots=True)
class Need:
    """What the link must carry: the changes (OR) of its groups over `range_seconds`, shipped in time.

    `coverage` is the lowest of its groups, 0 where one is missing: then all figures are those of the others,
    and lower bounds. `end_us` is the earliest end of their intervals. `headroom_ratio` is None where it is
    not known (`known_headroom`), `paths` where no number of paths is enough. `basis` is `lower` where the
    replicator ships blocks that are coarser than the captured tracks: it ships more than the figure says.
    """

    range_seconds: int
    end_us: int
    coverage: float
    changed_bytes: int
    required_bytes_per_second: float
    headroom_ratio: float | None
    paths: int | None
    resync_seconds: float
    basis: str


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """A link: what it gives, and what those of its groups need that are not missing; None where all are."""

    path_bytes_per_second: float
    link_bytes_per_second: float
    binding: Binding
    missing: tuple[str, ...]
    need: Need | None


def link_figures(
    link: Link,
    newest: Mapping[str, Sequence[Summary]],
    lengths: Mapping[str, Collection[int]] | None = None,
) -> LinkFigures:
    """Figures of a link from the newest intervals of each group, one of each length.

    `lengths` are those that the definitions of groups without any interval measure: the range of the link
    shall not change because one of them fell silent.
    """
    usable = usable_per_path(link.path())
    by_group = {group: {s.rung_seconds: s for s in newest.get(group, ())} for group in link.groups}
    length = _range(link, by_group, lengths or {})
    measured = [found for intervals in by_group.values() if (found := _measured(intervals, length))]
    per_path = usable.bits_per_second / BITS_PER_BYTE
    return LinkFigures(
        path_bytes_per_second=float(per_path),
        link_bytes_per_second=float(per_path * link.paths),
        binding=usable.binding,
        missing=tuple(group for group, found in by_group.items() if not _measured(found, length)),
        need=_need(link, measured, usable.bits_per_second) if measured else None,
    )


def known_headroom(ratio: float, *, all_measured: bool) -> float | None:
    """The headroom, or None where a missing group could take what seems to be left."""
    return ratio if all_measured or ratio < 0 else None


def unique_basis(link: Link, intervals: Iterable[Summary]) -> str:
    """`unique`, or `lower` where blocks are coarser than what was captured."""
    profile = require_profile(link.profile) if link.profile else None
    block = link.block_bytes or (profile.block_bytes if profile else None)
    coarser = block is not None and any(block > summary.track_bytes for summary in intervals)
    return "lower" if coarser else "unique"


def _range(
    link: Link, by_group: Mapping[str, Mapping[int, Summary]], lengths: Mapping[str, Collection[int]]
) -> int | None:
    """The length that is asked for, else the longest that all groups have; None where they share none."""
    if link.range_seconds is not None:
        return link.range_seconds
    known = [set(intervals or lengths.get(group, ())) for group, intervals in by_group.items()]
    return max(set.intersection(*filter(None, known)), default=None) if any(known) else None


def _measured(intervals: Mapping[int, Summary], length: int | None) -> Summary | None:
    """A group's interval of the length; None where there is none, or nobody vouches for any of it."""
    found = None if length is None else intervals.get(length)
    return found if found is not None and (found.coverage or found.changed_bytes_or) else None


def _need(link: Link, intervals: Sequence[Summary], usable: Fraction) -> Need:
    changed = sum(summary.changed_bytes_or for summary in intervals)
    need = need_bits_per_second(changed, link.resync_seconds, link.compression_ratio, link.dedupe_ratio)
    all_measured = len(intervals) == len(link.groups)
    return Need(
        range_seconds=intervals[0].rung_seconds,
        end_us=min(summary.end_us for summary in intervals),
        coverage=min(summary.coverage for summary in intervals) if all_measured else 0.0,
        changed_bytes=changed,
        required_bytes_per_second=float(need / BITS_PER_BYTE),
        headroom_ratio=known_headroom(headroom_ratio(need, link.paths, usable), all_measured=all_measured),
        paths=paths_for(need, usable),
        resync_seconds=ship_seconds(need, link.resync_seconds, link.paths, usable),
        basis=unique_basis(link, intervals),
    )
