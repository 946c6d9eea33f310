"""What the groups of a link save by sharing it, for whatever the mode ships."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from streams.cli.reports.counting import blocks_of
from streams.cli.reports.demands import ModeDemands
from streams.cli.reports.document import Figure, Section, Unit, facts
from streams.cli.reports.gathered import Gathered
from streams.cli.reports.grouprange import GroupRange
from streams.cli.units import count_text, seconds_text
from streams.model.intervals import US, total_us
from streams.model.sizing.history import History
from streams.model.sizing.shared import (
    diversity_factor,
    missing_spans,
    peak_diversity_factor,
    summed,
    together,
)
from streams.model.sizing.windows import window_unions

__all__ = ["sharing_sections"]


def sharing_sections(gathered: Gathered, demands: ModeDemands) -> Iterator[Section]:
    """The needs of the groups apart and together; none for a single group.

    Only what was written while all of them were measured is compared: elsewhere a gap of one would look like
    a saving.
    """
    if len(gathered.groups) < 2:
        return
    needs = _written_needs(gathered, demands)
    if demands.replicator.basis == "unique":
        needs = _unique_needs(gathered, demands)
    if needs is None:
        return
    apart, together_need, more = needs
    yield facts(
        "sharing",
        "What the groups save by sharing the link",
        [
            ("separate_bits_per_second", "links of their own need in all", Unit.RATE, sum(apart)),
            ("shared_bits_per_second", "the shared link needs", Unit.RATE, together_need),
            ("diversity_factor", "diversity factor", Unit.FACTOR, diversity_factor(apart, together_need)),
            *more,
        ],
        list(_notes(gathered)),
    )


_Needs = tuple[list[Fraction], Fraction, list[Figure]]


def _written_needs(gathered: Gathered, demands: ModeDemands) -> _Needs | None:
    parts = [group.written for group in gathered.groups if group.written is not None]
    if len(parts) < len(gathered.groups):
        return None
    known = together(parts)
    if not all(part.judged.any() for part in known):
        return None
    apart, whole = [demands.of_series(part) for part in known], demands.of_series(summed(known))
    peaks: list[Figure] = [
        ("peak_diversity_factor", "that of the peaks", Unit.FACTOR, peak_diversity_factor(parts))
    ]
    return apart, whole, peaks


def _unique_needs(gathered: Gathered, demands: ModeDemands) -> _Needs | None:
    """With the cycle, or the outage, of the link for each of the groups."""
    lengths = demands.unique_lengths
    parts = [
        window_unions(_known(gathered, group, demands.changes.block_bytes), lengths)
        for group in gathered.groups
        if group.stored.names
    ]
    if len(parts) < 2:
        return None
    changed = np.stack([part.changed_bytes for part in parts]).sum(axis=0)
    together_need = demands.of_unions(replace(parts[0], changed_bytes=changed))
    apart = [demands.of_unions(part) for part in parts]
    if together_need is None or None in apart:
        return None
    return [need for need in apart if need is not None], together_need, []


def _known(gathered: Gathered, group: GroupRange, block_bytes: int) -> Iterator[History]:
    """The volumes of a group, with what changed while all groups were measured."""
    measured = gathered.grid.measured
    for _, history in gathered.volumes(group):
        common = blocks_of(gathered.on_common_grid(history), block_bytes)
        kept = measured[common.interval]
        yield replace(
            common, interval=common.interval[kept], first=common.first[kept], last=common.last[kept]
        )


def _notes(gathered: Gathered) -> Iterator[str]:
    parts = [group.written for group in gathered.groups if group.written is not None]
    gaps = missing_spans(parts) if len(parts) == len(gathered.groups) else []
    if gaps:
        seconds = seconds_text(total_us(gaps) / US)
        yield (
            f"In {count_text(len(gaps), 'span')} of {seconds} in all a group was not measured while another "
            "one was: that time is left out here, and the link's other figures count "
            "what was seen in it, a lower bound."
        )
