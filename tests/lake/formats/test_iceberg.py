"""Sinks that begin an Iceberg lake at the same time."""

from __future__ import annotations

from itertools import chain, repeat

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy.exc import OperationalError

from streams.errors import LakeError
from streams.lake.formats.iceberg import IcebergTable
from streams.settings import Lake
from streams.wire.lake_tables import DEFINITIONS


@pytest.fixture
def lake(tmp_path):
    return Lake(format="iceberg", path=str(tmp_path / "lake"))


def test_a_namespace_that_another_sink_makes_meanwhile_is_taken(lake, monkeypatch):
    """The catalog looks for it, does not find it, and when it wants to note it, it is there."""
    IcebergTable(lake, DEFINITIONS)
    exists = SqlCatalog.namespace_exists
    seen = chain([False], repeat(True))
    monkeypatch.setattr(
        SqlCatalog, "namespace_exists", lambda catalog, name: next(seen) and exists(catalog, name)
    )
    assert IcebergTable(lake, DEFINITIONS).snapshot() is not None
    assert next(seen)


def test_tables_of_the_catalog_that_another_sink_makes_meanwhile_are_taken(lake, monkeypatch):
    create = SqlCatalog.create_tables
    made = []

    def create_second(catalog):
        made.append(catalog)
        create(catalog)
        if len(made) == 1:  # as if the other one had been first
            raise OperationalError("CREATE TABLE iceberg_tables", {}, Exception("table already exists"))

    monkeypatch.setattr(SqlCatalog, "create_tables", create_second)
    assert IcebergTable(lake, DEFINITIONS).snapshot() is not None
    assert len(made) == 1


def test_a_database_that_cannot_be_used_is_named_with_what_it_says(lake, monkeypatch):
    def refuse(_):
        raise OperationalError("SELECT 1", {}, Exception("disk I/O error"))

    monkeypatch.setattr(SqlCatalog, "create_tables", refuse)
    with pytest.raises(LakeError, match=r"cannot be opened: .*disk I/O error"):
        IcebergTable(lake, DEFINITIONS)
