"""Delta tables: the rows, and the offsets as application transactions, in one entry of the table's log.

Delta records an application transaction and guards nothing by it: the same one twice is taken twice. So
every commit is tried exactly once, on top of the version whose offsets were read. Where another entry has
that place the commit fails, the offsets are read again, and it is tried again only if they still are where
its rows begin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.schema import Field

from streams.errors import LakeError
from streams.lake.formats.objects import Objects
from streams.lake.formats.table import (
    ROW_GROUP_ROWS,
    Changed,
    Folder,
    OffsetsMoved,
    require_known,
    require_unused,
)
from streams.lake.progress import LogId, Move, Progress
from streams.settings import Lake
from streams.store.lake.columns import require_columns
from streams.store.lake.storage import delta_options, object_store_options
from streams.store.lake.wording import said
from streams.wire.lake_tables import LakeTable

__all__ = ["DeltaLakeTable"]

_SOURCE: Final = "linkgauge"  # the application whose version tells logs apart
_METADATA: Final = "linkgauge"  # the same for people, in the entry's own words
_LOG: Final = "_delta_log"
_ATTEMPTS: Final = 20
_OPAQUE: Final = ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE")
_WRITER: Final = WriterProperties(
    compression="ZSTD",
    compression_level=3,
    max_row_group_size=ROW_GROUP_ROWS,
    column_properties={"tracks": _OPAQUE, "quarantined_tracks": _OPAQUE},
)


class DeltaLakeTable:
    """A table of the lake in Delta."""

    def __init__(self, lake: Lake, table: LakeTable) -> None:
        self.spec = table
        self._uri = lake.table_uri(table.name)
        self._options = delta_options(lake)
        self._storage = object_store_options(lake)
        self._table = self._opened()

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
            except Changed:
                continue
            return
        raise LakeError(f"{self._uri}: {_ATTEMPTS} commits of others came first; what else writes there?")

    def adopt(self, log: LogId) -> None:
        """As in `Table`."""
        self._refresh()
        self._commit(self.spec.schema.empty_table(), Move(log, {}, {}))

    def snapshot(self) -> _DeltaSnapshot:
        """As in `Table`."""
        with self.errors("cannot be read"):
            return _DeltaSnapshot(self, DeltaTable(self._uri, storage_options=self._options))

    def vacuum(self, older_than_hours: float) -> int:
        """As in `Table`."""
        self._refresh()
        with self.errors("cannot be cleaned"):
            removed = self._table.vacuum(
                retention_hours=int(older_than_hours), enforce_retention_duration=False, dry_run=False
            )
            self._table.cleanup_metadata()
        return len(removed)

    def write(self, table: DeltaTable, rows: pa.Table, properties: CommitProperties, **how: Any) -> None:
        """One entry on top of the version that `table` is at.

        Raises:
            Changed: another entry has that place.
        """
        with self.errors("not written"):
            for field in pa.schema(table.schema().to_arrow()):
                if field.name not in rows.schema.names:  # of a newer release
                    rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
            write_deltalake(table, rows, writer_properties=_WRITER, commit_properties=properties, **how)

    def require_known(self, table: DeltaTable) -> None:
        """Refuses rows that cannot be written anew by this release."""
        require_known(self._uri, pa.schema(table.schema().to_arrow()).names, self.spec)

    def _opened(self) -> DeltaTable:
        with self.errors("cannot be opened as a Delta table"):
            if not self._is_there():
                objects = Objects(self._uri, self._storage)
                names = [found.name for found in objects.list() if not found.name.startswith(_LOG)]
                if not self._is_there():  # somebody else may begin at the same time
                    require_unused(self._uri, names, "Delta table")
                DeltaTable.create(
                    self._uri,
                    self.spec.schema,
                    mode="ignore",  # two sinks may begin at once
                    partition_by=list(self.spec.partition_by),
                    name=self.spec.name,
                    storage_options=self._options,
                )
            table = DeltaTable(self._uri, storage_options=self._options)
            found = pa.schema(table.schema().to_arrow())
            if missing := require_columns(self._uri, found, self.spec.schema):
                table.alter.add_columns([Field.from_arrow(field) for field in missing])
            return table

    def _is_there(self) -> bool:
        return bool(DeltaTable.is_deltatable(self._uri, self._options))

    def _refresh(self) -> None:
        with self.errors("cannot be read"):
            self._table.update_incremental()

    def _known(self, log: LogId, partitions: Collection[int]) -> Progress:
        with self.errors("cannot be read"):  # the library looks into the log again for each
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
        self.write(self._table, rows, properties, mode="append")

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """What the libraries raise as what the lake raises."""
        try:
            yield
        except CommitFailedError as error:
            raise Changed(f"{self._uri}: somebody else has committed") from error
        except (DeltaError, OSError, pa.ArrowException) as error:
            raise LakeError(f"{self._uri}: {what}: {said(error)}") from error


class _DeltaSnapshot:
    def __init__(self, owner: DeltaLakeTable, table: DeltaTable) -> None:
        self._owner = owner
        self._table = table

    def folders(self) -> list[Folder]:
        found: dict[tuple[tuple[str, Any], ...], list[tuple[int, int]]] = {}
        with self._owner.errors("cannot be read"):
            actions = pa.table(self._table.get_add_actions(flatten=False)).to_pylist()
        for action in actions:
            values = tuple((action.get("partition") or {}).items())
            found.setdefault(values, []).append((action["num_records"], action["size_bytes"]))
        return [
            Folder(dict(values), len(files), sum(rows for rows, _ in files), sum(size for _, size in files))
            for values, files in sorted(found.items())
        ]

    def read(self, folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
        chosen = [(name, "=", value) for name, value in folder.values.items()]
        names = columns or self._owner.spec.schema.names
        if columns is None:
            self._owner.require_known(self._table)
        with self._owner.errors("cannot be read"):
            rows = self._table.to_pyarrow_table(filters=chosen or None, columns=list(names))
        schema = self._owner.spec.schema
        return rows.select(list(names)).cast(pa.schema([schema.field(name) for name in names]))

    def replace(self, folder: Folder, rows: pa.Table) -> None:
        where = " AND ".join(
            f"{name} = '{value}'" if isinstance(value, date) else f"{name} = {value}"
            for name, value in folder.values.items()
        )
        properties = CommitProperties(max_commit_retries=0)
        self._owner.write(self._table, rows, properties, mode="overwrite", predicate=where or None)


def _app(log: LogId, partition: int) -> str:
    return f"linkgauge/{log.cluster_id}/{log.topic}/{log.topic_id}/{partition}"


def _fingerprint(log: LogId) -> int:
    """A number for the log: the version of an application is one."""
    digest = hashlib.sha256(str(log).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
