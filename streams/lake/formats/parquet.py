"""Plain Parquet files in folders by day, for readers that know no table format.

A commit stages its files out of sight, makes the entry of the ledger that names them, and only then moves
them to where readers look. Whoever opens the table next moves what a crash has left staged.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streams.errors import LakeError
from streams.lake.formats.ledger import Ledger, State
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
from streams.store.lake.ledger import LEDGER, STAGED, DataFile, staged_name
from streams.store.lake.storage import object_store_options
from streams.store.lake.wording import said
from streams.wire.lake_tables import LakeTable

__all__ = ["ParquetTable"]

_OWN: Final = "_linkgauge"
_ATTEMPTS: Final = 20


class ParquetTable:
    """A table of the lake in plain Parquet files."""

    def __init__(self, lake: Lake, table: LakeTable) -> None:
        self._spec = table
        self._objects = Objects(lake.table_uri(table.name), object_store_options(lake))
        self._ledger = Ledger(self._objects, table.name)
        self._opened()
        self._is_settled = False

    def progress(self, log: LogId, partitions: Collection[int]) -> Progress:
        """As in `Table`."""
        del log, partitions  # the ledger names all
        return self._newest().progress

    def append(self, rows: pa.Table, move: Move | None = None) -> None:
        """As in `Table`."""
        added: list[DataFile] | None = None
        for _ in range(_ATTEMPTS):
            on = self._newest()
            if move is not None and not on.progress.stands_at(move):
                raise OffsetsMoved(
                    f"{self._objects.uri}: another sink has committed rows of these partitions"
                )
            if added is None:
                added = self._staged(rows)
            try:
                self._commit(on, added, (), on.progress if move is None else on.progress.moved(move))
            except Changed:
                continue
            return
        raise LakeError(
            f"{self._objects.uri}: {_ATTEMPTS} commits of others came first; what else writes there?"
        )

    def adopt(self, log: LogId) -> None:
        """As in `Table`."""
        on = self._newest()
        self._commit(on, (), (), Progress(log))

    def snapshot(self) -> _ParquetSnapshot:
        """As in `Table`."""
        return _ParquetSnapshot(self, self._newest())

    def vacuum(self, older_than_hours: float) -> int:
        """As in `Table`."""
        on = self._newest()
        before = datetime.now(UTC) - timedelta(hours=older_than_hours)
        leftover = [
            found.name
            for found in self._objects.list()
            if not found.name.startswith(LEDGER) and found.name not in on.files and found.written < before
        ]
        staged = {staged_name(path) for path in on.files}
        removable = [name for name in leftover if name not in staged]
        for name in removable:
            self._objects.delete(name)
        return len(removable) + self._ledger.forget(on)

    def read(self, file: DataFile, columns: Sequence[str] | None) -> pa.Table:
        """The rows of one file, with the columns that its folder says."""
        schema = self._spec.schema
        names = list(columns or schema.names)
        values = dict(file.values)
        data = self._objects.get(file.path) or self._objects.get(staged_name(file.path))
        if data is None:
            raise Changed(f"{self._objects.uri}: {file.path} is gone")
        try:
            parquet = pq.ParquetFile(pa.BufferReader(data))
            if columns is None:
                require_known(f"{self._objects.uri}/{file.path}", parquet.schema_arrow.names, self._spec)
            there = [name for name in names if name in parquet.schema_arrow.names]
            found = parquet.read(columns=there)
        except (pa.ArrowException, OSError) as error:
            raise LakeError(
                f"{self._objects.uri}: {file.path} cannot be read: {error}; restore it"
            ) from error
        arrays: list[Any] = []
        for name in names:
            field = schema.field(name)
            if name in there:
                arrays.append(found.column(name).cast(field.type))
            else:
                arrays.append(pa.repeat(pa.scalar(values.get(name), field.type), file.rows))
        return pa.table(arrays, schema=pa.schema([schema.field(name) for name in names]))

    def replace(self, on: State, old: Collection[DataFile], rows: pa.Table) -> None:
        """Puts rows in the place of files, if nobody has committed since."""
        if self._newest().version != on.version:
            raise Changed(f"{self._objects.uri}: somebody else has committed")
        added = self._staged(rows)
        self._commit(on, added, [file.path for file in old], on.progress)

    @contextmanager
    def _reading(self, file: DataFile) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            place = f"{self._objects.uri}: {file.path}"
            raise LakeError(f"{place} cannot be read: {said(error)}; restore it") from error

    def _opened(self) -> None:
        if (state := self._ledger.newest()) is not None:
            self._require_columns(state)
            return
        names = [found.name for found in self._objects.list() if not found.name.startswith(_OWN)]
        if self._ledger.newest() is None:  # somebody else may begin at the same time
            require_unused(self._objects.uri, names, "ledger of plain Parquet")
        with suppress(Changed):  # somebody else begins at the same time
            self._ledger.begin()

    def _require_columns(self, state: State) -> None:
        """Looks at one file; that others are alike is what the ledger is for."""
        for file in list(state.files.values())[-1:]:
            data = self._objects.get(file.path)
            if data is not None:
                with self._reading(file):
                    found = pq.read_schema(pa.BufferReader(data))
                wanted = [field for field in self._spec.schema if field.name not in self._spec.partition_by]
                require_columns(self._objects.uri, found, pa.schema(wanted))

    def _newest(self) -> State:
        """What counts now; what a crash between an entry and its files has left is done first."""
        state = self._ledger.newest()
        if state is None:
            raise LakeError(f"{self._objects.uri}: the ledger is gone")
        if not self._is_settled:
            self._settle(state)
            self._is_settled = True
        return state

    def _staged(self, rows: pa.Table) -> list[DataFile]:
        staged = []
        for values, part in _parts(rows, self._spec.partition_by):
            folder = "".join(f"{name}={value}/" for name, value in values)
            path = f"{folder}{uuid.uuid4().hex}.parquet"
            data = _encoded(part.drop_columns([name for name, _ in values]))
            self._objects.put(staged_name(path), data)
            staged.append(DataFile(path, values, part.num_rows, len(data)))
        return staged

    def _commit(
        self, on: State, added: Collection[DataFile], removed: Collection[str], progress: Progress
    ) -> None:
        self._is_settled = False
        self._ledger.commit(on, added, removed, progress)
        for file in added:
            self._objects.move(staged_name(file.path), file.path)
        for path in removed:
            self._objects.delete(path)
        self._is_settled = True

    def _settle(self, state: State) -> None:
        """Gives staged files of the ledger their names, and removes those that it has taken out."""
        staged = {found.name for found in self._objects.list(STAGED)}
        for path in state.files:
            if (name := staged_name(path)) in staged:
                self._objects.move(name, path)
        if state.removed:
            there = {found.name for found in self._objects.list()}
            for path in state.removed & there:
                self._objects.delete(path)


class _ParquetSnapshot:
    def __init__(self, table: ParquetTable, state: State) -> None:
        self._table = table
        self._state = state

    def folders(self) -> list[Folder]:
        found: dict[tuple[tuple[str, date | int], ...], list[DataFile]] = {}
        for file in self._state.files.values():
            found.setdefault(file.values, []).append(file)
        return [
            Folder(
                dict(values),
                len(files),
                sum(file.rows for file in files),
                sum(file.size_bytes for file in files),
            )
            for values, files in sorted(found.items())
        ]

    def read(self, folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
        return pa.concat_tables([self._table.read(file, columns) for file in self._of(folder)])

    def replace(self, folder: Folder, rows: pa.Table) -> None:
        self._table.replace(self._state, self._of(folder), rows)

    def _of(self, folder: Folder) -> list[DataFile]:
        return [file for file in self._state.files.values() if dict(file.values) == folder.values]


def _parts(
    rows: pa.Table, partition_by: Sequence[str]
) -> Iterator[tuple[tuple[tuple[str, date | int], ...], pa.Table]]:
    """The rows of each folder in their order."""
    if not rows.num_rows:
        return
    if not partition_by:
        yield (), rows
        return
    distinct = rows.select(list(partition_by)).group_by(list(partition_by)).aggregate([]).to_pylist()
    for values in sorted(distinct, key=lambda found: tuple(found.values())):
        chosen = None
        for name, value in values.items():
            same = pc.equal(rows.column(name), pa.scalar(value, rows.schema.field(name).type))
            chosen = same if chosen is None else pc.and_(chosen, same)
        yield tuple((name, values[name]) for name in partition_by), rows.filter(chosen)


def _encoded(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    plain = [field.name for field in rows.schema if not pa.types.is_binary(field.type)]
    pq.write_table(
        rows,
        out,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
        use_dictionary=plain,
        write_statistics=plain,
        store_schema=False,
    )
    return out.getvalue()
