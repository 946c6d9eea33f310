"""What every format of the lake can do: say how far it has come, append in one step, and replace a folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import pyarrow as pa

from streams.errors import LakeError
from streams.lake.progress import LogId, Move, Progress

__all__ = ["ROW_GROUP_ROWS", "Changed", "Folder", "OffsetsMoved", "Snapshot", "Table", "require_columns"]

ROW_GROUP_ROWS: Final = 1 << 13
"""A day of 28 volumes at 5 minutes: who asks for a group of ten reads little else, and footers stay small."""


class OffsetsMoved(LakeError):
    """Another sink has committed rows of the same partitions. What is buffered here may be in already."""


class Changed(LakeError):
    """Somebody has committed since the snapshot was taken: take a new one and do it again."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one partition, by the values of its columns; a table without any has one folder."""

    values: Mapping[str, date | int]
    files: int
    rows: int
    size_bytes: int

    @property
    def day(self) -> date | None:
        """The day whose rows it holds."""
        found = self.values.get("day")
        return found if isinstance(found, date) else None

    def __str__(self) -> str:
        return "/".join(f"{name}={value}" for name, value in self.values.items()) or "all rows"


class Snapshot(Protocol):
    """A table as it was at one commit."""

    def folders(self) -> list[Folder]:
        """All folders, by their values."""

    def read(self, folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a folder: all columns of the table's schema, or these."""

    def replace(self, folder: Folder, rows: pa.Table) -> None:
        """Puts these rows, which may be none, in the place of all rows of the folder, in one step.

        Raises:
            Changed: somebody has committed since.
            LakeError: the storage does not take it.
        """


class Table(Protocol):
    """One table of the lake. Every call looks at the newest commit."""

    def progress(self, log: LogId, partitions: Collection[int]) -> Progress:
        """How far the table has come in these partitions of the log, or which other log feeds it.

        Raises:
            LakeError: the storage does not answer.
        """

    def append(self, rows: pa.Table, move: Move | None = None) -> None:
        """Adds rows and moves the offsets of their partitions, all of it or nothing.

        Partitions that the move does not name stay where they are: another sink may be busy with them, and
        its commit in between is no obstacle. Rows without a move come from no log.

        Raises:
            OffsetsMoved: the table does not stand where the move begins; nothing is written.
            LakeError: the storage does not take it; whether it is in all the same, `progress` tells.
        """

    def adopt(self, log: LogId) -> None:
        """Takes another log as its source, to be read from its beginning."""

    def snapshot(self) -> Snapshot:
        """The table as it is now."""

    def vacuum(self, older_than_hours: float) -> int:
        """Removes files that no commit of the last hours needs; how many they were."""


def require_columns(place: str, found: pa.Schema, wanted: pa.Schema) -> list[pa.Field]:
    """The columns that a table lacks and may be given, because an older release made it.

    Raises:
        LakeError: it is not one of ours: a column that every row has is missing, or one is of another type.
    """
    missing = []
    for field in wanted:
        at = found.get_field_index(field.name)
        if at < 0 and not field.nullable:
            raise LakeError(
                f"{place}: there is a table without the column {field.name}, so something else wrote it: "
                "choose another lake.path"
            )
        if at < 0:
            missing.append(field)
        elif not _alike(found.field(at).type, field.type):
            raise LakeError(
                f"{place}: column {field.name} is {found.field(at).type} and must be {field.type}: something "
                "else wrote or changed the table; choose another lake.path"
            )
    return missing


def _alike(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether the types hold the same values, whatever widths and names a format gives them."""
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return bool(is_list and _alike(found.value_type, wanted.value_type))
    if pa.types.is_struct(wanted):
        return bool(
            pa.types.is_struct(found)
            and all(
                found.get_field_index(field.name) >= 0 and _alike(found.field(field.name).type, field.type)
                for field in wanted
            )
        )
    if pa.types.is_string(wanted) or pa.types.is_binary(wanted):
        texts = (pa.string(), pa.large_string(), pa.string_view())
        blobs = (pa.binary(), pa.large_binary(), pa.binary_view())
        return found in (texts if pa.types.is_string(wanted) else blobs)
    if pa.types.is_timestamp(wanted):
        return bool(pa.types.is_timestamp(found) and found.unit == "us" and found.tz)
    return bool(found == wanted)
