"""The Iceberg catalog of the settings, for those who write tables and those who read them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from streams.errors import SettingsError
from streams.settings import Lake
from streams.store.lake.storage import iceberg_options

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

__all__ = ["catalog_of", "local_catalog"]


def local_catalog(lake: Lake) -> Path | None:
    """The file of the catalog beside the tables; None where the settings name another one."""
    return None if lake.catalog else Path(lake.path).expanduser().absolute() / "catalog.db"


def catalog_of(lake: Lake) -> Catalog:
    """The catalog of the settings; by default a SQLite file beside the tables, made where there is none.

    Raises:
        SettingsError: the lake is in object storage, where no such file can be.
    """
    from pyiceberg.catalog import load_catalog  # noqa: PLC0415  # large, and needed by its own format alone

    file = local_catalog(lake)
    if file is None:
        return load_catalog("linkgauge", **{"warehouse": lake.path, **iceberg_options(lake), **lake.catalog})
    if "://" in lake.path:
        raise SettingsError(
            "lake.catalog: Iceberg tables in object storage need a catalog; set `type` and `uri`: "
            '`type = "rest"`, or `type = "sql"` with the address of a database'
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    return load_catalog("linkgauge", type="sql", uri=f"sqlite:///{file}", warehouse=file.parent.as_uri())
