"""Iceberg tables: the rows, and the offsets as a property of the snapshot that brings them.

A commit changes the catalog's pointer only if it still is where the commit began, so of two writers one has
it. Every snapshot carries the offsets, those of maintenance too: older ones may expire.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import (
    CommitFailedException,
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.table import Table as Iceberg
from sqlalchemy.exc import DBAPIError

from streams.errors import LakeError, SettingsError
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
from streams.store.lake.catalog import catalog_of
from streams.store.lake.columns import require_columns
from streams.store.lake.wording import said
from streams.wire.lake_tables import LakeTable

__all__ = ["IcebergTable"]

_PROPERTY: Final = "linkgauge"
_METADATA: Final = "metadata"  # a beginner that was killed may have left some
_ATTEMPTS: Final = 20
_TABLE_PROPERTIES: Final = {
    "commit.retry.num-retries": "0",  # a commit is never put on top of what it has not seen
    "write.parquet.compression-codec": "zstd",
    "write.parquet.row-group-limit": str(ROW_GROUP_ROWS),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "100",
}


_BEGUN_BY_OTHERS = (
    NamespaceAlreadyExistsError,
    TableAlreadyExistsError,
    CommitFailedException,
    DBAPIError,  # a catalog in a database looks first, and then finds its own tables and rows there already
)
"""What a sink may meet that begins at the same time as another."""


class IcebergTable:
    """A table of the lake in Iceberg."""

    def __init__(self, lake: Lake, table: LakeTable) -> None:
        self.spec = table
        self._name = f"{lake.namespace}.{table.name}"
        self._place = f"{lake.path}, Iceberg table {self._name}"
        self._location = lake.table_uri(table.name)
        with self.errors("cannot be opened"):
            self._table = self._opened(lake)

    def progress(self, log: LogId, partitions: Collection[int]) -> Progress:
        """As in `Table`."""
        del log, partitions  # the snapshot names all
        self._refresh()
        return _known(self._table)

    def append(self, rows: pa.Table, move: Move | None = None) -> None:
        """As in `Table`."""
        for _ in range(_ATTEMPTS):
            self._refresh()
            known = _known(self._table)
            if move is not None and not known.stands_at(move):
                raise OffsetsMoved(f"{self._place}: another sink has committed rows of these partitions")
            try:
                with self.errors("not written"):
                    self._table.append(rows, _property(known if move is None else known.moved(move)))
            except Changed:
                continue
            return
        raise LakeError(f"{self._place}: {_ATTEMPTS} commits of others came first; what else writes there?")

    def adopt(self, log: LogId) -> None:
        """As in `Table`."""
        self._refresh()
        with self.errors("not written"):
            self._table.append(self.spec.schema.empty_table(), _property(Progress(log)))

    def snapshot(self) -> _IcebergSnapshot:
        """As in `Table`."""
        with self.errors("cannot be read"):
            self._table.refresh()
            return _IcebergSnapshot(self, self._table.catalog.load_table(self._name))

    def vacuum(self, older_than_hours: float) -> int:
        """As in `Table`: snapshots expire; files that only they had stay, for the library removes none."""
        self._refresh()
        before = datetime.now(UTC) - timedelta(hours=older_than_hours)
        count = len(self._table.snapshots())
        with self.errors("cannot be cleaned"):
            self._table.maintenance.expire_snapshots().older_than(before).commit()
        self._refresh()
        return count - len(self._table.snapshots())

    @contextmanager
    def errors(self, what: str) -> Iterator[None]:
        """What the library raises as what the lake raises."""
        try:
            yield
        except CommitFailedException as error:
            raise Changed(f"{self._place}: somebody else has committed") from error
        except (LakeError, SettingsError):
            raise
        except Exception as error:  # catalogs and storage have errors of many libraries
            raise LakeError(f"{self._place}: {what}: {said(error)}") from error

    def _opened(self, lake: Lake) -> Iceberg:
        error: Exception | None = None
        for attempt in range(5):
            time.sleep(0.2 * attempt)
            try:
                return self._made(catalog_of(lake), lake.namespace)
            except _BEGUN_BY_OTHERS as found:
                error = found
        if isinstance(error, DBAPIError):
            raise error
        raise LakeError(f"{self._place}: others make and remove it all the time")

    def _made(self, catalog: Catalog, namespace: str) -> Iceberg:
        catalog.create_namespace_if_not_exists(namespace)
        try:
            table = catalog.load_table(self._name)
        except NoSuchTableError:
            self._require_unused(catalog)
            making = catalog.create_table_transaction(
                self._name, self.spec.schema, location=self._location, properties=_TABLE_PROPERTIES
            )
            with making, making.update_spec() as spec:
                for column in self.spec.partition_by:
                    spec.add_identity(column)
            return catalog.load_table(self._name)
        if require_columns(self._place, table.schema().as_arrow(), self.spec.schema):
            with table.update_schema() as update:
                update.union_by_name(self.spec.schema)
        return table

    def _require_unused(self, catalog: Catalog) -> None:
        """Of a folder; where object storage is, the catalog alone may know how it is reached."""
        if "://" in self._location:
            return
        folder = Path(self._location)
        files = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
        names = [str(name) for name in files if name.parts[0] != _METADATA]
        if not catalog.table_exists(self._name):  # somebody else may begin at the same time
            require_unused(self._location, names, "Iceberg table in the catalog")

    def require_known(self, table: Iceberg) -> None:
        """Refuses rows that cannot be written anew by this release."""
        require_known(self._place, table.schema().as_arrow().names, self.spec)

    def _refresh(self) -> None:
        with self.errors("cannot be read"):
            self._table.refresh()


class _IcebergSnapshot:
    def __init__(self, owner: IcebergTable, table: Iceberg) -> None:
        self._owner = owner
        self._table = table

    def folders(self) -> list[Folder]:
        found: dict[tuple[tuple[str, Any], ...], list[tuple[int, int]]] = {}
        with self._owner.errors("cannot be read"):
            snapshot = self._table.current_snapshot()
            if snapshot is None or not snapshot.manifests(self._table.io):
                return []  # the library cannot join the files of no manifest
            for file in self._table.inspect.data_files().to_pylist():
                values = tuple((file["partition"] or {}).items())
                found.setdefault(values, []).append((file["record_count"], file["file_size_in_bytes"]))
        return [
            Folder(dict(values), len(files), sum(rows for rows, _ in files), sum(size for _, size in files))
            for values, files in sorted(found.items())
        ]

    def read(self, folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
        schema = self._owner.spec.schema
        names = tuple(columns or schema.names)
        if columns is None:
            self._owner.require_known(self._table)
        with self._owner.errors("cannot be read"):
            found = self._table.scan(_where(folder), selected_fields=names).to_arrow()
        return found.select(list(names)).cast(pa.schema([schema.field(name) for name in names]))

    def replace(self, folder: Folder, rows: pa.Table) -> None:
        with self._owner.errors("not written"):
            self._table.overwrite(rows, _where(folder), _property(_known(self._table)))


def _where(folder: Folder) -> str | BooleanExpression:
    terms = [f"{name} == '{value}'" for name, value in folder.values.items()]
    return " and ".join(terms) or AlwaysTrue()


def _known(table: Iceberg) -> Progress:
    """What the newest snapshot that says anything says."""
    snapshot = table.current_snapshot()
    while snapshot is not None:
        summary = snapshot.summary
        if summary is not None and (text := summary.additional_properties.get(_PROPERTY)):
            return Progress.from_json(text)
        snapshot = table.snapshot_by_id(snapshot.parent_snapshot_id) if snapshot.parent_snapshot_id else None
    return Progress()


def _property(progress: Progress) -> dict[str, str]:
    return {_PROPERTY: progress.to_json()}
