"""What does not parse in a block: which lines, and for the first of them the exact place."""

from __future__ import annotations

from operator import itemgetter

import numpy as np

from streams.agents.traces.fields import Fields, Grid, Mask, Positions
from streams.agents.traces.files import PAD_BYTES
from streams.errors import TraceError

__all__ = ["Faults"]

_SHOWN_CHARACTERS = 80


class Faults:
    """The lines of a grid that break the format, gathered check by check.

    `bad` marks them. Of a line with several faults the leftmost is told, of several in one place the first.
    """

    def __init__(self, grid: Grid) -> None:
        self.bad: Mask = np.zeros(len(grid), np.bool_)
        self._grid = grid
        self._notes: list[tuple[Positions, Fields, str]] = []

    def add(self, wrong: Mask, fields: Fields, expected: str, lines: Positions | None = None) -> None:
        """Note that the fields marked `wrong` are not what was expected.

        `lines`: the grid's lines that the fields stand on, ascending; None for all of them.
        """
        rows = np.flatnonzero(wrong)
        if len(rows):
            at = rows if lines is None else lines[rows]
            self.bad[at] = True
            self._notes.append((at, fields.take(rows), expected))

    def error(self) -> TraceError:
        """The error of the first bad line; there must be one."""
        row = int(np.argmax(self.bad))
        told = (
            (int(fields.start[at]), int(fields.stop[at]), expected)
            for lines, fields, expected in self._notes
            if (at := int(np.searchsorted(lines, row))) < len(lines) and lines[at] == row
        )
        start, stop, expected = min(told, key=itemgetter(0))
        block = self._grid.block
        line = int(self._grid.line[row])
        line_start = int(self._grid.start[row])
        found = _text(self._grid, start, stop)[:_SHOWN_CHARACTERS]
        if block.first_line + line == 1 and line_start == PAD_BYTES and not any(c.isdigit() for c in found):
            expected += " (if this is a header: only the format csv reads one, with header=yes)"
        column = len(_text(self._grid, line_start, start)) + 1
        return TraceError(block.file, block.first_line + line, column, expected, found)


def _text(grid: Grid, start: int, stop: int) -> str:
    return grid.block.text[start:stop].tobytes().decode(errors="replace")
