"""What a report may be about: groups, volumes and controllers that are defined, and data sets as extents."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from streams.cli.reports.asking import unknown
from streams.errors import DefinitionError
from streams.model.groups import Definition, require_disjoint
from streams.store import Place, groups

__all__ = ["Known", "extents_of", "known_groups"]

Extent = tuple[int, int]

_WHOLE = (0, 1 << 62)
_COLUMNS = ["volume", "offset_bytes", "length_bytes"]


@dataclass(frozen=True, slots=True)
class Known:
    """The newest definitions of the groups that a report may read."""

    definitions: Mapping[str, Definition]

    def require_volumes(self, names: Sequence[str]) -> frozenset[str]:
        """The volumes of these names.

        Raises:
            BadParameter: one of them is in none of the groups.
        """
        every = {volume for definition in self.definitions.values() for volume in definition.by_id}
        for name in names:
            if name not in every:
                raise unknown("volume", name, every, "`linkgauge groups apply FILE` defines groups")
        return frozenset(names)

    def require_controllers(self, names: Sequence[str]) -> frozenset[str]:
        """The volumes of the arrays of these names.

        Raises:
            BadParameter: one of them has no volume in the groups.
        """
        arrays: dict[str, set[str]] = {}
        for definition in self.definitions.values():
            for volume, member in definition.by_id.items():
                arrays.setdefault(member.array, set()).add(volume)
        for name in names:
            if name not in arrays:
                raise unknown("controller", name, arrays, "`linkgauge groups apply FILE` defines groups")
        return frozenset(volume for name in names for volume in arrays[name])

    def holding(self, volumes: Collection[str] | None) -> list[str]:
        """The groups that have one of the volumes, by name.

        Raises:
            BadParameter: two of them share an extent, which a report counts once.
        """
        wanted = {
            name: definition
            for name, definition in sorted(self.definitions.items())
            if volumes is None or not definition.by_id.keys().isdisjoint(volumes)
        }
        try:
            require_disjoint(wanted.values())
        except DefinitionError as error:
            raise typer.BadParameter(
                f"{error}; a report counts every extent once: choose with --group"
            ) from error
        return list(wanted)


def known_groups(source: Place, names: Sequence[str] | None) -> Known:
    """The groups of these names; without names all.

    Raises:
        BadParameter: one of them is not defined, or there is none at all.
    """
    found = {name: versions[-1].definition for name, versions in groups(source).items()}
    for name in names or ([] if found else [""]):
        if name not in found:
            raise unknown("group", name, found, "`linkgauge groups apply FILE` defines groups")
    return Known(found if names is None else {name: found[name] for name in names})


def extents_of(given: Sequence[str], file: Path | None) -> dict[str, list[Extent]]:
    """The extents of a data set, by volume.

    Raises:
        BadParameter: none is given, or one is no extent; the message names it.
    """
    found: dict[str, list[Extent]] = {}
    for text in given:
        volume, extent = _extent(text)
        found.setdefault(volume, []).append(extent)
    if file is not None:
        for place, row in _rows(file):
            if not row or (place == 1 and row == _COLUMNS):
                continue
            volume, extent = _row(row, f"{file}:{place}")
            found.setdefault(volume, []).append(extent)
    if not found:
        raise typer.BadParameter("a data set has at least one extent: give --extent or --extents")
    return found


def _extent(text: str) -> tuple[str, Extent]:
    volume, colon, extent = text.rpartition(":")
    if not colon or "+" not in extent:
        return text, _WHOLE
    return volume, _numbers(extent.split("+"), f"--extent {text}")


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with their numbers, from 1."""
    place = 0
    try:
        for place, row in enumerate(csv.reader(file.read_text("utf-8").splitlines()), 1):
            yield place, row
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise typer.BadParameter(f"{file}:{line}: this is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}; name a file that can be read") from error
    except csv.Error as error:
        raise typer.BadParameter(f"{file}:{place + 1}: {error}; expected {','.join(_COLUMNS)}") from error


def _row(row: list[str], place: str) -> tuple[str, Extent]:
    if len(row) != len(_COLUMNS):
        raise typer.BadParameter(f"{place}: expected {','.join(_COLUMNS)}")
    return row[0], _numbers(row[1:], place)


def _numbers(parts: list[str], place: str) -> Extent:
    try:
        offset, length = map(int, parts)
    except ValueError as error:
        raise typer.BadParameter(f"{place}: whole bytes are needed, such as 65536+1048576") from error
    if offset < 0 or length < 1 or offset + length > 1 << 63:
        raise typer.BadParameter(f"{place}: an extent begins at 0 or later and has at least one byte")
    return offset, length
