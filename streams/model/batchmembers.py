"""Which members of a group the writes of a batch go to: looked up once per message, not once per write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.model.groups import Definition, Member
from streams.model.writes import Codes, WriteBatch, volume_id

__all__ = ["BatchMembers", "members_of"]

_FEW_NAMES = 64  # to count so many costs less than to sort one row


@dataclass(frozen=True, slots=True)
class BatchMembers:
    """The volumes that occur in a batch, by their codes, which ascend.

    `ids` are their identities, `members` what the definition has of them (None: nothing), and `writes` how
    many of the `rows` go to each.
    """

    codes: NDArray[np.int64]
    ids: tuple[str, ...]
    members: tuple[Member | None, ...]
    writes: NDArray[np.int64]
    rows: int

    def by_code(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """One value for each volume that occurs, laid out so that the codes of rows index it."""
        if len(values) == self.codes[-1] + 1:
            return values
        laid_out = np.zeros(int(self.codes[-1]) + 1, np.uint64)
        laid_out[self.codes] = values
        return laid_out


def members_of(writes: WriteBatch, array: str, definition: Definition) -> BatchMembers:
    """The members of the definition that the writes, at least one, go to. Their volumes are of `array`."""
    codes, counts = _used(writes.volume_codes, len(writes.volumes))
    ids = tuple(volume_id(array, writes.volumes[code]) for code in codes.tolist())
    return BatchMembers(codes, ids, tuple(map(definition.by_id.get, ids)), counts, len(writes))


def _used(codes: Codes, volumes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes that occur, and how often."""
    # A message may name many volumes and spread its writes over many intervals.
    if volumes > max(len(codes), _FEW_NAMES):
        few, counts = np.unique(codes, return_counts=True)
        return few.astype(np.int64), counts
    by_code = np.bincount(codes)
    found = np.flatnonzero(by_code)
    return found, by_code[found]
