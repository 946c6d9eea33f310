"""What every format of the lake can do: open a table, say how far it has come, and append in one step."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import pyarrow as pa

from streams.errors import LakeError, SettingsError
from streams.lake.progress import LogId, Move, Progress
from streams.settings import Lake
from streams.wire.lake_tables import LakeTable

__all__ = ["OffsetsMoved", "Table", "open_table"]


class OffsetsMoved(LakeError):
    """Another sink has committed rows of the same partitions. What is buffered here may be in already."""


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


def open_table(lake: Lake, table: LakeTable) -> Table:
    """The table, which is made where there is none.

    Raises:
        SettingsError: what the format needs is not installed.
        LakeError: something else is there, its columns conflict, or the storage does not answer.
    """
    try:
        from streams.lake.delta import DeltaLakeTable  # noqa: PLC0415  # an optional extra
    except ImportError as error:
        raise SettingsError(
            f"the lake needs {error.name}, which the extra `lake` brings: pip install 'linkgauge[lake]'"
        ) from None
    return DeltaLakeTable(lake, table)
