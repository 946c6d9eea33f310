"""The ledger of a table of plain Parquet files: which files count, and the offsets, in numbered entries.

Entry n is a file that is created only where there is none, so of two writers one has it. Each says what was
added and removed; every fiftieth says in full what there is, so that nobody reads more than fifty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import orjson

from streams.errors import LakeError
from streams.lake.formats.objects import Objects
from streams.lake.progress import Progress

__all__ = ["LEDGER", "DataFile", "Ledger", "State"]

LEDGER: Final = "_linkgauge/ledger"
_FULL_EVERY: Final = 50
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of rows, and the folder that it is in."""

    path: str
    values: tuple[tuple[str, date | int], ...]
    rows: int
    size_bytes: int

    def to_json(self) -> dict[str, Any]:
        """As it stands in an entry."""
        values = [
            [name, value.isoformat() if isinstance(value, date) else value] for name, value in self.values
        ]
        return {"path": self.path, "values": values, "rows": self.rows, "size_bytes": self.size_bytes}

    @staticmethod
    def from_json(found: Mapping[str, Any]) -> DataFile:
        """The inverse of `to_json`."""
        values = tuple(
            (name, date.fromisoformat(value) if isinstance(value, str) else value)
            for name, value in found["values"]
        )
        return DataFile(found["path"], values, found["rows"], found["size_bytes"])


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
        if self._state is None:
            versions = sorted(int(found.name[-25:-5]) for found in self._objects.list(LEDGER))
            if not versions:
                return None
            self._state = self._full(versions[-1] // _FULL_EVERY * _FULL_EVERY)
        while (entry := self._entry(self._state.version + 1)) is not None:
            self._state = self._after(self._state, entry)
        return self._state

    def begin(self) -> State:
        """Makes the first entry.

        Raises:
            Changed: somebody else has.
        """
        self._objects.create(_name(0), self._encoded(0, {"files": []}, Progress()))
        self._state = State(0, {}, Progress())
        return self._state

    def commit(
        self, on: State, added: Collection[DataFile], removed: Collection[str], progress: Progress
    ) -> State:
        """Makes the entry behind `on`.

        Raises:
            Changed: somebody else has.
        """
        version = on.version + 1
        gone = frozenset(removed)
        files = {path: file for path, file in on.files.items() if path not in gone}
        files |= {file.path: file for file in added}
        entry: dict[str, Any] = {"added": [file.to_json() for file in added], "removed": sorted(gone)}
        if version % _FULL_EVERY == 0:
            entry["files"] = [file.to_json() for file in files.values()]
        self._objects.create(_name(version), self._encoded(version, entry, progress))
        self._state = State(version, files, progress, on.removed | gone)
        return self._state

    def forget(self, on: State) -> int:
        """Removes entries that nobody needs any more: those before the last but one full one."""
        needed = on.version // _FULL_EVERY * _FULL_EVERY - _FULL_EVERY
        old = [found.name for found in self._objects.list(LEDGER) if int(found.name[-25:-5]) < needed]
        for name in old:
            self._objects.delete(name)
        return len(old)

    def _full(self, version: int) -> State:
        entry = self._entry(version)
        if entry is None or "files" not in entry:
            raise LakeError(f"{self._objects.uri}: {_name(version)} is missing or holds no files: restore it")
        files = [DataFile.from_json(found) for found in entry["files"]]
        removed = frozenset(entry.get("removed", ()))
        return State(version, {file.path: file for file in files}, _progress(entry), removed)

    def _after(self, on: State, entry: Mapping[str, Any]) -> State:
        gone = frozenset(entry["removed"])
        files = {path: file for path, file in on.files.items() if path not in gone}
        added = [DataFile.from_json(found) for found in entry["added"]]
        files |= {file.path: file for file in added}
        return replace(
            on,
            version=on.version + 1,
            files=files,
            progress=_progress(entry),
            removed=on.removed | gone,
        )

    def _entry(self, version: int) -> dict[str, Any] | None:
        data = self._objects.get(_name(version))
        if data is None:
            return None
        try:
            entry: dict[str, Any] = orjson.loads(data)
            found = (entry["format"], entry["table"])
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(f"{self._objects.uri}: {_name(version)} is no entry: {error}") from None
        if found != (_FORMAT, self._table):
            raise LakeError(
                f"{self._objects.uri}: {_name(version)} is of {found[1]} in format {found[0]}, expected "
                f"{self._table} in format {_FORMAT}"
            )
        return entry

    def _encoded(self, version: int, entry: Mapping[str, Any], progress: Progress) -> bytes:
        head = {"format": _FORMAT, "table": self._table, "version": version}
        return orjson.dumps({**head, "progress": orjson.loads(progress.to_json()), **entry})


def _progress(entry: Mapping[str, Any]) -> Progress:
    return Progress.from_json(orjson.dumps(entry["progress"]).decode())


def _name(version: int) -> str:
    return f"{LEDGER}/{version:020d}.json"
