"""What every format of the lake can do: say how far it has come, append in one step, and replace a folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

import pyarrow as pa

from streams.errors import LakeError
from streams.lake.progress import LogId, Move, Progress
from streams.wire.lake_tables import LakeTable

__all__ = [
    "ROW_GROUP_ROWS",
    "Changed",
    "Folder",
    "OffsetsMoved",
    "Snapshot",
    "Table",
    "WrongLog",
    "require_known",
    "require_unused",
]

ROW_GROUP_ROWS: Final = 1 << 13
"""A day of 28 volumes at 5 minutes: who asks for a group of ten reads little else, and footers stay small."""


class OffsetsMoved(LakeError):
    """Another sink has committed rows of the same partitions. What is buffered here may be in already."""


class Changed(LakeError):
    """Somebody has committed since the snapshot was taken: take a new one and do it again."""


class WrongLog(LakeError):
    """The log is not the one that a table was read from, or not all of it: somebody must decide."""


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
        """The rows of a folder: all columns of the table's schema, to write them anew, or these.

        Raises:
            LakeError: a file cannot be read, or all are asked for and the table has more of a newer release.
        """

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


def require_unused(place: str, names: Iterable[str], form: str) -> None:
    """Refuses to begin a table among files that are none of it: upkeep would take them for leftovers.

    Raises:
        LakeError: names one of them.
    """
    for name in names:
        raise LakeError(
            f"{place}: {name} is there and no {form}, so something else wrote it, or linkgauge in "
            "another format: correct lake.format, or choose another lake.path"
        )


def require_known(place: str, names: Iterable[str], table: LakeTable) -> None:
    """Refuses rows to be written anew that have columns which this release would leave out.

    Raises:
        LakeError: names one of them.
    """
    for name in names:
        if name not in table.schema.names:
            raise LakeError(
                f"{place}: column {name} is not of this release, and rows that it wrote anew would lose it; "
                "look after the table with the release that added it"
            )
