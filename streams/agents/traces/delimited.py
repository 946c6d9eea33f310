"""The reader of traces whose columns stand in fixed places, as a `CsvMapping` describes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.faults import Faults
from streams.agents.traces.fields import Fields, Grid, split_at, split_at_blanks
from streams.agents.traces.files import Block
from streams.agents.traces.mapping import BLANKS, CsvMapping
from streams.agents.traces.names import LONGEST_NAME_BYTES, Codes, joined, names
from streams.agents.traces.rows import DISCARD, READ, WRITE, Rows, extents
from streams.agents.traces.times import expected_time, microseconds
from streams.errors import TraceError

__all__ = ["DelimitedReader"]

_ONLY_VOLUME = "0"


class DelimitedReader:
    """Reads one file by a mapping; rows without an array column belong to `array`."""

    def __init__(self, mapping: CsvMapping, array: str) -> None:
        self._mapping = mapping
        self._array = array
        self._columns = mapping.columns
        self._header_is_ahead = mapping.header
        self._places = {name: at - 1 if isinstance(at, int) else 0 for name, at in mapping.places().items()}

    def rows(self, block: Block) -> Rows:
        """The rows of the next block of the file."""
        mapping = self._mapping
        grid = split_at_blanks(block) if mapping.delimiter == BLANKS else split_at(block, mapping.delimiter)
        if self._header_is_ahead and len(grid):
            self._read_header(grid)
            grid = grid.take(slice(1, None))
        faults = Faults(grid)
        self._check_count(grid, faults)
        cells = {name: grid.column(at) for name, at in self._places.items()}
        time_us, good = microseconds(cells["time"], mapping.time_unit)
        faults.add(~good, cells["time"], expected_time(mapping.time_unit))
        offset_bytes, length_bytes = extents(
            cells["offset"],
            cells["length"],
            (mapping.offset_unit_bytes, mapping.length_unit_bytes),
            faults,
        )
        codes, volumes = self._volumes(grid, cells, faults)
        kind = self._kinds(grid, cells, faults)
        return Rows(faults, kind, time_us, codes, volumes, offset_bytes, length_bytes)

    def _read_header(self, grid: Grid) -> None:
        """Find the named columns in the first line."""
        self._header_is_ahead = False
        first = grid.take(slice(0, 1))
        cells = [first.column(index) for index in range(int(first.count[0]))]
        titles = [_text(cell) for cell in cells]
        self._columns = self._columns or len(titles)
        for name, place in self._mapping.places().items():
            if isinstance(place, str):
                self._places[name] = _find(place, titles, grid)

    def _check_count(self, grid: Grid, faults: Faults) -> None:
        needed = self._columns or max(self._places.values()) + 1
        beyond = grid.column(needed)
        faults.add(grid.count < needed, beyond, f"{needed} columns")
        if self._columns:
            faults.add(grid.count > needed, beyond, f"the end of the line after {needed} columns")

    def _volumes(self, grid: Grid, cells: dict[str, Fields], faults: Faults) -> tuple[Codes, tuple[str, ...]]:
        everywhere = np.zeros(len(grid), np.int32)
        arrays: tuple[Codes, tuple[str, ...]] = (everywhere, (self._array,))
        volumes: tuple[Codes, tuple[str, ...]] = (everywhere, (_ONLY_VOLUME,))
        if "array" in cells:
            arrays = names(cells["array"], allowed=lambda name: "/" not in name)
            expected = f"the name of an array: 1 to {LONGEST_NAME_BYTES} bytes of UTF-8 without a slash"
            faults.add(arrays[0] < 0, cells["array"], expected)
        if "volume" in cells:
            volumes = names(cells["volume"])
            expected = f"the name of a volume: 1 to {LONGEST_NAME_BYTES} bytes of UTF-8"
            faults.add(volumes[0] < 0, cells["volume"], expected)
        return joined(arrays, volumes)

    def _kinds(self, grid: Grid, cells: dict[str, Fields], faults: Faults) -> NDArray[np.uint8]:
        mapping = self._mapping
        if "op" not in cells:
            return np.full(len(grid), WRITE, np.uint8)
        op = cells["op"]
        writes, discards = op.any_of(mapping.write), op.any_of(mapping.discard)
        if mapping.read:
            known = mapping.write + mapping.discard + mapping.read
            faults.add(~(writes | discards | op.any_of(mapping.read)), op, " or ".join(known))
        return np.select([writes, discards], [WRITE, DISCARD], READ).astype(np.uint8)


def _find(column: str, titles: list[str], grid: Grid) -> int:
    if titles.count(column) == 1:
        return titles.index(column)
    line = grid.block.first_line + int(grid.line[0])
    raise TraceError(grid.block.file, line, 1, f"a header with one column {column!r}", ", ".join(titles))


def _text(cell: Fields) -> str:
    return cell.text[int(cell.start[0]) : int(cell.stop[0])].tobytes().decode(errors="replace")
