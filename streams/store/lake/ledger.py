"""Which files a table of plain Parquet has now, by the newest entry of its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from streams.errors import LakeError
from streams.store.lake.objects import names_in, read_file

__all__ = ["ledger_files"]

_LEDGER: Final = "_linkgauge/ledger"
_STAGED: Final = "_linkgauge/staged"


def ledger_files(
    uri: str, options: Mapping[str, str], table: str
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The path of each file, the values of its folder, and where it is until its commit has moved it.

    Raises:
        LakeError: there is no ledger, or an entry is none.
    """
    names = sorted(name for name in names_in(uri, options, _LEDGER) if name.endswith(".json"))
    if not names:
        raise LakeError(
            f"{uri}: files are there and no ledger, so something else wrote them; name the lake's folder as "
            "lake.path"
        )
    entries: list[dict[str, Any]] = []
    for name in reversed(names):
        entries.append(_entry(uri, options, name, table))
        if "files" in entries[-1]:
            break
    else:
        raise LakeError(f"{uri}: no entry of the ledger says in full which files there are; restore it")
    files = {found["path"]: found for found in entries[-1]["files"]}
    for entry in reversed(entries[:-1]):
        for path in entry["removed"]:
            files.pop(path, None)
        files |= {found["path"]: found for found in entry["added"]}
    for path, found in files.items():
        yield path, dict(found["values"]), f"{_STAGED}/{path.rpartition('/')[2]}"


def _entry(uri: str, options: Mapping[str, str], name: str, table: str) -> dict[str, Any]:
    place = f"{uri}/{_LEDGER}/{name}"
    try:
        entry = orjson.loads(read_file(uri, options, f"{_LEDGER}/{name}"))
        if (entry["format"], entry["table"]) != (1, table):
            raise LakeError(f"{place}: of {entry['table']} in format {entry['format']}, not read here")
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LakeError(f"{place}: no entry of a ledger: {error}; restore it") from None
    else:
        found: dict[str, Any] = entry
        return found
