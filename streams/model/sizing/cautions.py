"""What a reader must know before relying on a figure, as values; and when there is no figure at all."""

from __future__ import annotations

from typing import Literal, NamedTuple

from streams.errors import MissingData
from streams.model.intervals import US, total_us
from streams.model.sizing.exact import Number, positive
from streams.model.sizing.series import Series

__all__ = [
    "LEAST_COVERAGE",
    "SLOTS_PER_RPO",
    "Caution",
    "coarse_intervals",
    "coarse_slots",
    "hidden_peaks",
    "low_coverage",
    "require_coverage",
]

SLOTS_PER_RPO = 10
"""Slots are to be at most this part of the RPO, or peaks that break it stay unseen."""

LEAST_COVERAGE = 0.5
"""Below this share of the asked time no figure is given, unless the user says otherwise."""

_PEAK_SECONDS = 1


class Caution(NamedTuple):
    """A kind for machines, and a sentence for people that says what to do."""

    kind: Literal["coarse-intervals", "coarse-slots", "hidden-peaks", "low-coverage"]
    sentence: str


def coarse_slots(slot_seconds: int, rpo_seconds: Number) -> Caution | None:
    """Slots coarser than a tenth of the RPO hide the peaks that break it.

    Raises:
        ValueError: the RPO is not more than zero.
    """
    rpo = positive("rpo_seconds", rpo_seconds)
    if slot_seconds * SLOTS_PER_RPO <= rpo:
        return None
    finest = max(int(rpo / SLOTS_PER_RPO), 1)
    return Caution(
        "coarse-slots",
        f"slots of {slot_seconds} s are coarser than a tenth of the RPO of {float(rpo):g} s: peaks within "
        "them stay unseen, and rates for even flow are lower bounds; take the safe rate, or measure a new "
        f"group with slot_seconds {finest}",
    )


def coarse_intervals(interval_seconds: int, rpo_seconds: Number) -> Caution | None:
    """Base intervals coarser than a tenth of the RPO leave few cycles and phases to replay.

    Raises:
        ValueError: the RPO is not more than zero.
    """
    rpo = positive("rpo_seconds", rpo_seconds)
    if interval_seconds * SLOTS_PER_RPO <= rpo:
        return None
    finest = max(int(rpo / SLOTS_PER_RPO), 1)
    return Caution(
        "coarse-intervals",
        f"base intervals of {interval_seconds} s are coarser than a tenth of the RPO of {float(rpo):g} s: "
        "cycles are told apart in steps of them only, and begun between two of their marks they may need "
        f"more; take the bound for any phase, or measure a new group with interval_seconds {finest}",
    )


def hidden_peaks(slot_seconds: int) -> Caution | None:
    """A synchronous link must carry peaks that slots of more than a second level out."""
    if slot_seconds <= _PEAK_SECONDS:
        return None
    return Caution(
        "hidden-peaks",
        f"slots of {slot_seconds} s level out shorter peaks, and in synchronous mode each of them makes "
        f"writes wait: the rate is a lower bound; measure a new group with slot_seconds {_PEAK_SECONDS}",
    )


def low_coverage(series: Series, warn_below: float = 1.0) -> Caution | None:
    """Where less of the asked time was measured, figures are lower bounds."""
    coverage = series.coverage_ratio
    if coverage >= warn_below:
        return None
    gaps = series.gaps()
    return Caution(
        "low-coverage",
        f"{_percent(coverage)} of the asked time was measured, and {len(gaps)} gaps of "
        f"{total_us(gaps) // US} s in all are not judged: figures are lower bounds",
    )


def require_coverage(coverage: float, least_coverage: float = LEAST_COVERAGE) -> None:
    """Refuses figures from too little.

    Raises:
        ValueError: a threshold outside 0 to 1.
        MissingData: less was measured than the threshold asks for.
    """
    if not 0 <= least_coverage <= 1:
        raise ValueError(f"least_coverage {least_coverage}: a share of the asked time, from 0 to 1")
    if coverage < least_coverage:
        raise MissingData(
            f"only {_percent(coverage)} of the asked time was measured, and least_coverage asks for "
            f"{_percent(least_coverage)}: choose a range with fewer gaps, or lower least_coverage"
        )


def _percent(share: float) -> str:
    """Cut, not rounded: what is not whole never reads as 100 %."""
    return f"{int(share * 1000) / 10:g} %"
