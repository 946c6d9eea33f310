"""A table of the lake by the settings."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from streams.errors import SettingsError
from streams.lake.formats.table import Table
from streams.settings import Lake
from streams.wire.lake_tables import LakeTable

__all__ = ["is_installed", "open_table"]

_LIBRARIES: Final = {"delta": "deltalake", "iceberg": "pyiceberg", "parquet": "obstore"}


def is_installed(lake: Lake) -> bool:
    """Whether what the format needs, an optional extra, is there."""
    return find_spec(_LIBRARIES[lake.format]) is not None


def open_table(lake: Lake, table: LakeTable) -> Table:
    """The table, which is made where there is none.

    Raises:
        SettingsError: what the format needs is not installed, or not set.
        LakeError: something else is there, its columns conflict, or the storage does not answer.
    """
    if not is_installed(lake):
        raise SettingsError(
            f"lake.format {lake.format} needs {_LIBRARIES[lake.format]}, which the extra `lake` brings: "
            "pip install 'linkgauge[lake]'"
        )
    # The libraries are large, and each is needed by its own format alone.
    match lake.format:
        case "delta":
            from streams.lake.formats.delta import DeltaLakeTable  # noqa: PLC0415

            return DeltaLakeTable(lake, table)
        case "iceberg":
            from streams.lake.formats.iceberg import IcebergTable  # noqa: PLC0415

            return IcebergTable(lake, table)
        case "parquet":
            from streams.lake.formats.parquet import ParquetTable  # noqa: PLC0415

            return ParquetTable(lake, table)
