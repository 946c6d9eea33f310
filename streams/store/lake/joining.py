"""Which rows of a day must be made one before anybody counts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.model.intervals import US
from streams.store.lake.chosen import Chosen, Numbers, heads_of

__all__ = ["for_sums", "for_tables"]


def for_tables(chosen: Chosen) -> NDArray[np.bool_]:
    """Where a table has one row of each volume: those that become part of one interval with others."""
    order = np.lexsort((chosen.first_track, chosen.volume, chosen.start_us, chosen.group))
    rows = chosen.some(order)
    target, is_another = _targets(rows)
    return _back(order, np.isin(target, target[is_another]))


def for_sums(chosen: Chosen) -> NDArray[np.bool_]:
    """Where SUM and OR are asked for: those of volumes whose intervals overlap in the one they are part of.

    Others there add up as they are, such as those of a volume that has not become hours with its group. So do
    not those of a group that was defined afterwards and asks for longer intervals: its SUM is of its own.
    """
    order = np.lexsort(
        (chosen.own_seconds, chosen.own_start_us, chosen.volume, chosen.start_us, chosen.group)
    )
    rows = chosen.some(order)
    target, is_another = _targets(rows)
    end_us = rows.own_start_us + rows.own_seconds * US
    clashes = np.zeros(len(rows), np.bool_)
    clashes[1:] = is_another[1:] & (rows.own_start_us[1:] < end_us[:-1])
    if not chosen.as_captured:
        clashes |= is_another
    return _back(order, np.isin(target, target[clashes]))


def _targets(rows: Chosen) -> tuple[Numbers, NDArray[np.bool_]]:
    """A number for each volume's interval, and where there is another one of it than in the row before."""
    heads = heads_of(rows.group, rows.start_us, rows.volume)
    is_another = ~heads & heads_of(rows.own_start_us, rows.own_seconds, rows.source)
    return np.cumsum(heads) - 1, is_another


def _back(order: Numbers, found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What was found of rows in this order, in the order that they came in."""
    back = np.empty(len(found), np.bool_)
    back[order] = found
    return back
