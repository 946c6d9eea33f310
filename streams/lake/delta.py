"""Delta tables: the rows, and the offsets as application transactions, in one entry of the table's log.

Delta records an application transaction and guards nothing by it: the same one twice is taken twice. So
every commit is tried exactly once, on top of the version whose offsets were read. Where another entry has
that place the commit fails, the offsets are read again, and it is tried again only if they still are where
its rows begin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from streams.errors import LakeError
from streams.lake.progress import LogId, Move, Progress
from streams.lake.tables import OffsetsMoved
from streams.settings import Lake
from streams.wire.lake_tables import LakeTable

__all__ = ["DeltaLakeTable"]

_SOURCE: Final = "linkgauge"  # the application whose version tells logs apart
_METADATA: Final = "linkgauge"  # the same for people, in the entry's own words
_ATTEMPTS: Final = 20
_WRITER: Final = WriterProperties(compression="ZSTD", compression_level=3)


class DeltaLakeTable:
    """A table of the lake in Delta."""

    def __init__(self, lake: Lake, table: LakeTable) -> None:
        self._uri = lake.table_uri(table.name)
        self._options = dict(lake.storage)
        self._table = self._opened(table)

    def progress(self, log: LogId, partitions: Collection[int]) -> Progress:
        """As in `Table`."""
        self._refresh()
        return self._known(log, partitions)

    def append(self, rows: pa.Table, move: Move | None = None) -> None:
        """As in `Table`."""
        for _ in range(_ATTEMPTS):
            self._refresh()
            if move is not None and not self._known(move.log, move.start).stands_at(move):
                raise OffsetsMoved(f"{self._uri}: another sink has committed rows of these partitions")
            try:
                self._commit(rows, move)
            except CommitFailedError:
                continue
            except (DeltaError, OSError) as error:
                raise LakeError(f"{self._uri}: not written: {error}") from error
            return
        raise LakeError(f"{self._uri}: {_ATTEMPTS} commits of others came first; what else writes there?")

    def _opened(self, table: LakeTable) -> DeltaTable:
        try:
            if not DeltaTable.is_deltatable(self._uri, self._options):
                return DeltaTable.create(
                    self._uri,
                    table.schema,
                    mode="ignore",  # two sinks may begin at once
                    partition_by=list(table.partition_by),
                    name=table.name,
                    storage_options=self._options,
                )
            return DeltaTable(self._uri, storage_options=self._options)
        except (DeltaError, OSError) as error:
            raise LakeError(f"{self._uri}: cannot be opened as a Delta table: {error}") from error

    def _refresh(self) -> None:
        try:
            self._table.update_incremental()
        except (DeltaError, OSError) as error:
            raise LakeError(f"{self._uri}: cannot be read: {error}") from error

    def _known(self, log: LogId, partitions: Collection[int]) -> Progress:
        mark = self._table.transaction_version(_SOURCE)
        if mark is None:
            return Progress()
        if mark != _fingerprint(log):
            return Progress(self._other_log())
        found = {number: self._table.transaction_version(_app(log, number)) for number in partitions}
        return Progress(log, {number: offset for number, offset in found.items() if offset is not None})

    def _other_log(self) -> LogId:
        """The log that feeds the table, from the newest entry that names one."""
        for entry in self._table.history():
            if _METADATA in entry and (log := Progress.from_json(entry[_METADATA]).log) is not None:
                return log
        return LogId("unknown", "unknown", "unknown")

    def _commit(self, rows: pa.Table, move: Move | None) -> None:
        properties = CommitProperties(max_commit_retries=0)
        if move is not None:
            offsets = [Transaction(_app(move.log, number), offset) for number, offset in move.end.items()]
            properties = CommitProperties(
                custom_metadata={_METADATA: Progress(move.log, move.end).to_json()},
                max_commit_retries=0,
                app_transactions=[Transaction(_SOURCE, _fingerprint(move.log)), *offsets],
            )
        write_deltalake(
            self._table, rows, mode="append", writer_properties=_WRITER, commit_properties=properties
        )


def _app(log: LogId, partition: int) -> str:
    return f"linkgauge/{log.cluster_id}/{log.topic}/{log.topic_id}/{partition}"


def _fingerprint(log: LogId) -> int:
    """A number for the log: the version of an application is one."""
    digest = hashlib.sha256(str(log).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
