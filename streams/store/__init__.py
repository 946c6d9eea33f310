"""Reading what was measured: entries, summaries, gaps, definitions, state and dead letters.

Every function takes a `Source` first: the cluster, the prefix of the topic names, the client's options. What
the lake keeps too is read from a `LakeSource` just so (`lake`). Only
the partition of the group is read, and only rows of the group are decoded. Ranges `[from_us, to_us)` choose
intervals by their start. A group that does not exist raises `MissingData`, which names those that do; a known
group without results gives an empty list. Nothing here joins a consumer group or leaves a trace.

Reports read ranges through `read_stored` alone: parts of tables, wherever they are kept (`tableparts`), are
collected by volume outside of memory (`shelf`) and given back as columns, a volume at a time (`stored`).
"""

from __future__ import annotations

from streams.store.dead_letters import FoundLetter, read_dead_letters
from streams.store.definitions import GroupVersion
from streams.store.either import (
    Place,
    group_versions,
    groups,
    read_gaps,
    read_intervals,
    read_stored,
    read_summaries,
)
from streams.store.lake.known import has_older
from streams.store.lake.place import LakeSource
from streams.store.lake.requiring import require_captured
from streams.store.lake.unions import Only, UnitedRange, lake_unions
from streams.store.rungs import closed_rungs, or_of
from streams.store.source import Source
from streams.store.state import StateWatch, definition_in_force, read_group_state, read_group_states
from streams.store.stored import StoredInterval, StoredRange, StoredVolume
from streams.store.tableparts import oldest_start

__all__ = [
    "FoundLetter",
    "GroupVersion",
    "LakeSource",
    "Only",
    "Place",
    "Source",
    "StateWatch",
    "StoredInterval",
    "StoredRange",
    "StoredVolume",
    "UnitedRange",
    "closed_rungs",
    "definition_in_force",
    "group_versions",
    "groups",
    "has_older",
    "lake_unions",
    "oldest_start",
    "or_of",
    "read_dead_letters",
    "read_gaps",
    "read_group_state",
    "read_group_states",
    "read_intervals",
    "read_stored",
    "read_summaries",
    "require_captured",
]
