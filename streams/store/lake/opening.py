"""Opening and reading the files of a table: what is gone or damaged is named, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from streams.errors import LakeError
from streams.settings import Lake
from streams.store.lake.files import LakeFile, table_files
from streams.store.lake.wording import said
from streams.wire.lake_tables import LakeTable

__all__ = ["OpenFile", "opened"]

_ATTEMPTS: Final = 3
_CODED: Final = ("array", "volume")


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file of a table that is open."""

    file: LakeFile
    parquet: pq.ParquetFile

    def row_group(self, number: int, columns: Sequence[str]) -> pa.Table:
        """These columns of a row group, where the file has them.

        Raises:
            LakeError: they cannot be read.
        """
        with _named(self.file):
            found = self.parquet.read_row_group(number, columns=list(columns))
            found.validate(full=True)
        return found

    def rows(self, columns: Sequence[str]) -> pa.Table:
        """These columns of all rows, where the file has them.

        Raises:
            LakeError: they cannot be read.
        """
        there = [name for name in columns if name in self.parquet.schema_arrow.names]
        with _named(self.file):
            found = self.parquet.read(columns=there)
            found.validate(full=True)
        return found


def opened(
    lake: Lake, table: LakeTable, files: Sequence[LakeFile], day: date | None, stack: ExitStack
) -> list[OpenFile]:
    """The files of a day, all open until `stack` ends: what compaction removes meanwhile stays readable.

    Which files these are is asked anew where one of them is gone.

    Raises:
        LakeError: a file of the table is not there, is damaged, or they change all the time.
    """
    for _ in range(_ATTEMPTS):
        own, found = [file for file in files if file.day == day], []
        with ExitStack() as trying:
            for file in own:
                try:
                    found.append(_open(file, table, trying))
                except FileNotFoundError:
                    gone = file
                    break
            else:
                stack.push(trying.pop_all())
                return found
        files = table_files(lake, table)
    if any(file.path == gone.path for file in files):
        raise LakeError(f"{gone.place}: the table names this file and it is not there: {_remedy(gone)}")
    raise LakeError(f"{lake.table_uri(table.name)}: files come and go all the time; ask again")


def _open(file: LakeFile, table: LakeTable, stack: ExitStack) -> OpenFile:
    coded = [name for name in _CODED if name in table.schema.names]
    with _named(file, FileNotFoundError):
        parquet = pq.ParquetFile(
            stack.enter_context(file.open()), read_dictionary=coded, page_checksum_verification=True
        )
    rows = parquet.metadata.num_rows
    if file.rows not in (None, rows):
        raise LakeError(
            f"{file.place}: the file has {rows} rows where the table says {file.rows}: {_remedy(file)}"
        )
    return OpenFile(file, parquet)


@contextmanager
def _named(file: LakeFile, *passed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except LakeError:
        raise
    except passed:
        raise
    except Exception as error:  # storage, files and what is in them have errors of many libraries
        raise LakeError(f"{file.place}: the file cannot be read ({said(error)}): {_remedy(file)}") from error


def _remedy(file: LakeFile) -> str:
    if file.day is None:
        return "restore it from a copy"
    return f"restore it from a copy, or leave {file.day} out with --from and --to"
