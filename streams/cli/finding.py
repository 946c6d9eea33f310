"""What a check of `linkgauge doctor` found."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; the sentence says what to do where it does not hold."""

    check: str
    holds: bool
    sentence: str
