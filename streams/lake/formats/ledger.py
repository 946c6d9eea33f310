"""The ledger of a table of plain Parquet files as the sink keeps it: which files count, and the offsets.

Entry n is a file that is created only where there is none, so of two writers one has it. Every fiftieth says
in full what there is, so that nobody reads more than fifty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from streams.errors import LakeError
from streams.lake.formats.objects import Objects
from streams.lake.progress import Progress
from streams.store.lake.ledger import LEDGER, DataFile, Entry, entry_name, missing_entry

__all__ = ["Ledger", "State"]

_FULL_EVERY: Final = 50


@dataclass(frozen=True, slots=True)
class State:
    """What counts after entry `version`. `removed` are files that the entries read here took out."""

    version: int
    files: Mapping[str, DataFile]
    progress: Progress
    removed: frozenset[str] = frozenset()


class Ledger:
    """The entries of one table; keeps what it has read."""

    def __init__(self, objects: Objects, table: str) -> None:
        self._objects = objects
        self._table = table
        self._state: State | None = None

    def newest(self) -> State | None:
        """What counts now, None where there is no ledger.

        Raises:
            LakeError: an entry is missing or is none.
        """
        state = self._state
        if state is None:
            if (last := self._last()) is None:
                return None
            state = self._full(last)
        while (after := self._next(state)) is not None:
            state = after
        self._state = state
        return state

    def begin(self) -> State:
        """Makes the first entry.

        Raises:
            Changed: somebody else has.
        """
        self._create(0, Entry((), frozenset(), (), _offsets(Progress())))
        self._state = State(0, {}, Progress())
        return self._state

    def commit(
        self, on: State, added: Collection[DataFile], removed: Collection[str], progress: Progress
    ) -> State:
        """Makes the entry behind `on`.

        Raises:
            Changed: somebody else has.
        """
        entry = Entry(tuple(added), frozenset(removed), None, _offsets(progress))
        after = _after(on, entry)
        if after.version % _FULL_EVERY == 0:
            entry = Entry(entry.added, entry.removed, tuple(after.files.values()), entry.progress)
        self._create(after.version, entry)
        self._state = after
        return after

    def forget(self, on: State) -> int:
        """Removes entries that nobody needs any more: those before the last but one full one."""
        needed = on.version // _FULL_EVERY * _FULL_EVERY - _FULL_EVERY
        old = [found.name for found in self._objects.list(LEDGER) if int(found.name[-25:-5]) < needed]
        for name in old:
            self._objects.delete(name)
        return len(old)

    def _last(self, behind: int = -1) -> int | None:
        """The number of the last entry behind this one, None where there is none."""
        found = self._objects.list(LEDGER, after=None if behind < 0 else entry_name(behind))
        return max((int(each.name[-25:-5]) for each in found), default=None)

    def _next(self, on: State) -> State | None:
        """What counts one entry later, or several where upkeep has removed those between.

        An entry that is lost must not be taken for one that nobody has made: another one in its place would
        have offsets that newer ones are beyond.
        """
        version = on.version + 1
        if (entry := self._entry(version)) is not None:
            return _after(on, entry)
        if (last := self._last(on.version - 1)) is None:  # such as a folder whose disk is not mounted
            raise missing_entry(self._objects.uri, on.version)
        if last == on.version:
            return None
        if (entry := self._entry(version)) is not None:  # it and others were made meanwhile
            return _after(on, entry)
        if last - last % _FULL_EVERY < version:
            raise missing_entry(self._objects.uri, version)
        return self._full(last)

    def _full(self, last: int) -> State:
        """What the newest entry up to this one that says so in full says."""
        version = last - last % _FULL_EVERY
        entry = self._entry(version)
        if entry is None:
            raise missing_entry(self._objects.uri, version)
        if entry.files is None:
            raise LakeError(
                f"{self._objects.uri}/{entry_name(version)}: this entry of the ledger must say which files "
                "count: restore it from a copy"
            )
        files = {file.path: file for file in entry.files}
        return State(version, files, _progress(entry), entry.removed)

    def _entry(self, version: int) -> Entry | None:
        name = entry_name(version)
        data, place = self._objects.get(name), f"{self._objects.uri}/{name}"
        return None if data is None else Entry.decode(data, self._table, place)

    def _create(self, version: int, entry: Entry) -> None:
        self._objects.create(entry_name(version), entry.encode(self._table, version))


def _after(on: State, entry: Entry) -> State:
    return State(on.version + 1, entry.after(on.files), _progress(entry), on.removed | entry.removed)


def _progress(entry: Entry) -> Progress:
    return Progress.from_json(orjson.dumps(entry.progress).decode())


def _offsets(progress: Progress) -> Mapping[str, object]:
    found: Mapping[str, object] = orjson.loads(progress.to_json())
    return found
