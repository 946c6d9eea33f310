"""Compression and deduplication: what of the written or changed bytes is payload on the link.

They lower the need, and nothing else does; everything that lowers what a path gives is in `link`. So nothing
counts twice. Both ratios are of bytes before over bytes after, at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from streams.model.sizing.exact import Number, exact

__all__ = ["Reduction"]


@dataclass(frozen=True, slots=True)
class Reduction:
    """Both ratios; without them every byte is payload."""

    compression_ratio: Number = 1
    dedupe_ratio: Number = 1

    def __post_init__(self) -> None:
        """Refuses ratios below 1: replication that makes more of its data states an efficiency instead."""
        for name in ("compression_ratio", "dedupe_ratio"):
            if exact(getattr(self, name)) < 1:
                raise ValueError(f"{name} {getattr(self, name)}: bytes before over bytes after, at least 1")

    @property
    def ratio(self) -> Fraction:
        """Bytes before over bytes after both."""
        return exact(self.compression_ratio) * exact(self.dedupe_ratio)

    def shipped(self, amount: Fraction) -> Fraction:
        """The payload of an amount, or rate, of written or changed bytes."""
        return amount / self.ratio

    def carried(self, payload: Fraction) -> Fraction:
        """The written or changed bytes that an amount, or rate, of payload stands for."""
        return payload * self.ratio
