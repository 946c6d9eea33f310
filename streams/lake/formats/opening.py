"""A table of the lake by the settings."""

from __future__ import annotations

from streams.errors import SettingsError
from streams.lake.formats.table import Table
from streams.settings import Lake
from streams.wire.lake_tables import LakeTable

__all__ = ["open_table"]


def open_table(lake: Lake, table: LakeTable) -> Table:
    """The table, which is made where there is none.

    Raises:
        SettingsError: what the format needs is not installed, or not set.
        LakeError: something else is there, its columns conflict, or the storage does not answer.
    """
    try:
        match lake.format:
            case "delta":
                from streams.lake.formats.delta import DeltaLakeTable  # noqa: PLC0415  # an optional extra

                return DeltaLakeTable(lake, table)
            case "iceberg":
                from streams.lake.formats.iceberg import IcebergTable  # noqa: PLC0415  # as above

                return IcebergTable(lake, table)
            case "parquet":
                from streams.lake.formats.parquet import ParquetTable  # noqa: PLC0415  # as above

                return ParquetTable(lake, table)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"lake.format {lake.format} needs {error.name}, which the extra `lake` brings: "
            "pip install 'linkgauge[lake]'"
        ) from None
