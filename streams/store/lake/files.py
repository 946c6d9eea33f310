"""The files that a table of the lake consists of now, in any of its formats. Nothing is made or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any, Final

import pyarrow as pa

from streams.errors import LakeError, SettingsError
from streams.settings import Lake
from streams.store.lake.catalog import catalog_of, local_catalog
from streams.store.lake.columns import require_columns
from streams.store.lake.ledger import ledger_files, staged_name
from streams.store.lake.objects import has_files, opener
from streams.store.lake.storage import delta_options, object_store_options
from streams.store.lake.wording import said
from streams.wire.lake_tables import LakeTable

__all__ = ["LakeFile", "has_table", "table_files"]

_LIBRARIES: Final = {"delta": "deltalake", "iceberg": "pyiceberg", "parquet": "obstore"}


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A Parquet file of a table, the day that its rows are of, how many they are, and how it is opened.

    `place` is its whole name, for people; `rows` None where the table does not say.
    """

    path: str
    place: str
    day: date | None
    rows: int | None
    open: Callable[[], Any]


def has_table(lake: Lake, table: LakeTable) -> bool:
    """Whether there is anything to read: the extra is installed, and something lies where the table would."""
    if find_spec(_LIBRARIES[lake.format]) is None:
        return False
    if lake.format == "iceberg" and lake.catalog:
        return True
    with _named(lake, table):
        return has_files(lake.table_uri(table.name), object_store_options(lake))


def table_files(lake: Lake, table: LakeTable) -> list[LakeFile]:
    """The files of the newest commit, by day and path.

    Raises:
        SettingsError: what the format needs is not installed.
        LakeError: there is no such table, something else is there, or the storage does not answer.
    """
    if find_spec(_LIBRARIES[lake.format]) is None:
        raise SettingsError(
            f"lake.format {lake.format} needs {_LIBRARIES[lake.format]}, which the extra `lake` brings: "
            "pip install 'linkgauge[lake]'"
        )
    with _named(lake, table):
        found = {"delta": _delta, "iceberg": _iceberg, "parquet": _parquet}[lake.format](lake, table)
    return sorted(found, key=lambda file: (file.day or date.min, file.path))


def _delta(lake: Lake, table: LakeTable) -> list[LakeFile]:
    from deltalake import DeltaTable  # noqa: PLC0415  # large, and needed by its own format alone

    uri, options = lake.table_uri(table.name), delta_options(lake)
    if not DeltaTable.is_deltatable(uri, options):
        raise LakeError(_missing(lake, table))
    delta = DeltaTable(uri, storage_options=options)
    if features := set(delta.protocol().reader_features or ()) - {"timestampNtz"}:
        raise LakeError(
            f"{uri}: another writer has turned on {', '.join(sorted(features))}, which is not read here; "
            "write the table anew without it"
        )
    require_columns(uri, pa.schema(delta.schema().to_arrow()), table.schema)
    actions = pa.table(delta.get_add_actions(flatten=False)).to_pylist()
    open_in = opener(uri, object_store_options(lake))
    return [
        LakeFile(
            path=each["path"],
            place=f"{uri}/{each['path']}",
            day=(each.get("partition") or {}).get("day"),
            rows=each.get("num_records"),
            open=open_in(each["path"]),
        )
        for each in actions
    ]


def _iceberg(lake: Lake, table: LakeTable) -> list[LakeFile]:
    from pyiceberg.exceptions import NoSuchTableError  # noqa: PLC0415  # as above

    file = local_catalog(lake)
    if file is not None and "://" not in lake.path and not file.is_file():
        raise LakeError(_missing(lake, table))
    catalog = catalog_of(lake)
    try:
        iceberg = catalog.load_table(f"{lake.namespace}.{table.name}")
    except NoSuchTableError:
        raise LakeError(_missing(lake, table)) from None
    require_columns(lake.table_uri(table.name), iceberg.schema().as_arrow(), table.schema)
    has_days = "day" in table.partition_by
    found = []
    for task in iceberg.scan().plan_files():
        if task.delete_files:
            raise LakeError(
                f"{lake.table_uri(table.name)}: another writer has deleted single rows, which is not read "
                "here; rewrite its data files"
            )
        path, day = task.file.file_path, task.file.partition[0] if has_days else None
        if isinstance(day, int):
            day = date.fromordinal(date(1970, 1, 1).toordinal() + day)
        opens = iceberg.io.new_input(path).open
        found.append(LakeFile(path, path.removeprefix("file://"), day, task.file.record_count, opens))
    return found


def _parquet(lake: Lake, table: LakeTable) -> list[LakeFile]:
    uri, options = lake.table_uri(table.name), object_store_options(lake)
    if not has_files(uri, options):
        raise LakeError(_missing(lake, table))
    open_in = opener(uri, options)
    return [
        LakeFile(
            path=file.path,
            place=f"{uri}/{file.path}",
            day=file.day,
            rows=file.rows,
            open=open_in(file.path, staged_name(file.path)),
        )
        for file in ledger_files(uri, options, table.name)
    ]


def _missing(lake: Lake, table: LakeTable) -> str:
    return (
        f"{lake.table_uri(table.name)}: there is no {lake.format} table of linkgauge; lake.path and "
        "lake.format say where it is, and `linkgauge lake` writes it"
    )


@contextmanager
def _named(lake: Lake, table: LakeTable) -> Iterator[None]:
    """What the libraries raise as what the lake raises."""
    try:
        yield
    except (LakeError, SettingsError):
        raise
    except Exception as error:  # catalogs and storage have errors of many libraries
        uri = lake.table_uri(table.name)
        raise LakeError(
            f"{uri}: the table cannot be read ({said(error)}): see that the storage answers, or restore what "
            "is missing or damaged from a copy"
        ) from error
