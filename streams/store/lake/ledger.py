"""What the ledger of a table of plain Parquet files says: which files count, in numbered entries.

Each entry says what was added and removed; one in many says in full what there is. The sink, which makes
them, keeps the offsets in them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson

from streams.errors import LakeError
from streams.store.lake.objects import names_in, read_file

__all__ = [
    "LEDGER",
    "STAGED",
    "DataFile",
    "Entry",
    "entry_name",
    "ledger_files",
    "missing_entry",
    "staged_name",
]

LEDGER: Final = "_linkgauge/ledger"
STAGED: Final = "_linkgauge/staged"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of rows, and the folder that it is in."""

    path: str
    values: tuple[tuple[str, date | int], ...]
    rows: int
    size_bytes: int

    @property
    def day(self) -> date | None:
        """The day whose rows it holds."""
        found = dict(self.values).get("day")
        return found if isinstance(found, date) else None

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
class Entry:
    """One entry: `files` are all that count after it, None where it says only what changed.

    `progress` has the offsets, as the sink writes them.
    """

    added: tuple[DataFile, ...]
    removed: frozenset[str]
    files: tuple[DataFile, ...] | None
    progress: Mapping[str, Any]

    @staticmethod
    def decode(data: bytes, table: str, place: str) -> Entry:
        """The entry of `table` that stands at `place`.

        Raises:
            LakeError: it is none, or of another table or format.
        """
        try:
            found = orjson.loads(data)
            if (found["format"], found["table"]) != (_FORMAT, table):
                raise LakeError(
                    f"{place}: of {found['table']} in format {found['format']}, expected {table} in format "
                    f"{_FORMAT}"
                )
            files = found.get("files")
            return Entry(
                tuple(map(DataFile.from_json, found.get("added", ()))),
                frozenset(found.get("removed", ())),
                None if files is None else tuple(map(DataFile.from_json, files)),
                found["progress"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LakeError(f"{place}: no entry of a ledger ({error}): restore it from a copy") from None

    def encode(self, table: str, version: int) -> bytes:
        """The inverse of `decode`."""
        entry: dict[str, Any] = {
            "format": _FORMAT,
            "table": table,
            "version": version,
            "progress": self.progress,
            "added": [file.to_json() for file in self.added],
            "removed": sorted(self.removed),
        }
        if self.files is not None:
            entry["files"] = [file.to_json() for file in self.files]
        return orjson.dumps(entry)

    def after(self, files: Mapping[str, DataFile]) -> dict[str, DataFile]:
        """The files by path that count after it, where these counted before."""
        kept = {path: file for path, file in files.items() if path not in self.removed}
        return kept | {file.path: file for file in self.added}


def ledger_files(uri: str, options: Mapping[str, str], table: str) -> Iterable[DataFile]:
    """The files that count after the newest entry.

    Raises:
        LakeError: there is no ledger, an entry is missing, or is none.
    """
    names = [name for name in names_in(uri, options, LEDGER) if name.endswith(".json")]
    if not names:
        raise LakeError(
            f"{uri}: files are there and no ledger, so something else wrote them; name the lake's folder as "
            "lake.path"
        )
    newer: list[Entry] = []
    for version in range(int(max(names).removesuffix(".json")), -1, -1):
        name = entry_name(version)
        try:
            data = read_file(uri, options, name)
        except FileNotFoundError:
            raise missing_entry(uri, version) from None
        entry = Entry.decode(data, table, f"{uri}/{name}")
        if entry.files is not None:
            files = {file.path: file for file in entry.files}
            for each in reversed(newer):
                files = each.after(files)
            return files.values()
        newer.append(entry)
    raise LakeError(f"{uri}: no entry of the ledger says in full which files there are; restore it")


def entry_name(version: int) -> str:
    """Where an entry stands."""
    return f"{LEDGER}/{version:020d}.json"


def missing_entry(uri: str, version: int) -> LakeError:
    """What to say where an entry is not there and newer ones are."""
    return LakeError(
        f"{uri}/{entry_name(version)}: this entry of the ledger is missing, so nobody knows which files "
        "count: restore it from a copy"
    )


def staged_name(path: str) -> str:
    """Where a file is until its commit has moved it to its path."""
    return f"{STAGED}/{path.rpartition('/')[2]}"
