"""A block of lines cut into fields, all lines at once.

A field is a pair of positions in the block, never a Python string: parsing stays in numpy, and a field that
does not parse knows its line and column without being searched for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from streams.agents.traces.files import PAD_BYTES, Block

__all__ = ["Fields", "Grid", "Mask", "Positions", "split_at", "split_at_blanks"]

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

_NEWLINE, _QUOTE = ord("\n"), ord('"')
_BLANK = np.zeros(256, np.bool_)
_BLANK[[ord(" "), ord("\t"), ord("\r"), _NEWLINE]] = True


@dataclass(frozen=True, slots=True)
class Fields:
    """One field of each of many lines: `text[start:stop]`; an absent field is empty."""

    text: NDArray[np.uint8]
    start: Positions
    stop: Positions

    def __len__(self) -> int:
        return len(self.start)

    def take(self, rows: Mask | Positions) -> Fields:
        """The fields of the chosen lines."""
        return Fields(self.text, self.start[rows], self.stop[rows])

    def byte(self, index: int) -> NDArray[np.uint8]:
        """The byte `index` places after each start, within the field or not."""
        return self.text[self.start + index]

    def equal(self, literal: bytes) -> Mask:
        """Which fields are exactly this text."""
        same: Mask = (self.stop - self.start) == len(literal)
        for index, byte in enumerate(literal):
            same &= self.byte(index) == byte
        return same

    def any_of(self, literals: tuple[str, ...]) -> Mask:
        """Which fields are one of these texts."""
        found = self.none()
        for text in literals:
            found |= self.equal(text.encode())
        return found

    def none(self) -> Mask:
        """A mask that chooses no line."""
        return np.zeros(len(self), np.bool_)

    def contain(self, byte: bytes, within: int) -> Mask:
        """Which fields have the byte among their first `within` bytes."""
        found = self.none()
        for index in range(within):
            found |= (self.byte(index) == byte[0]) & (self.start + index < self.stop)
        return found


@dataclass(frozen=True, slots=True)
class Grid:
    """The lines of a block that are not blank, and their fields.

    `line`: 0-based number of each line in the block. `start`, `stop`: the line's text without its newline.
    Its fields are `field_start[k], field_stop[k]` for k in `[first, first + count)`; there may be blanks
    around them where `padded`, and quotes where `quoted`.
    """

    block: Block
    line: Positions
    start: Positions
    stop: Positions
    first: Positions
    count: Positions
    field_start: Positions
    field_stop: Positions
    padded: bool = False
    quoted: bool = False

    def __len__(self) -> int:
        return len(self.line)

    def whole(self) -> Fields:
        """Each line as one field."""
        return Fields(self.block.text, self.start, self.stop)

    def column(self, index: int) -> Fields:
        """The field of each line at a 0-based index, without blanks and quotes around it."""
        text = self.block.text
        there = self.count > index
        at = self.first + index
        if there.all():
            start, stop = self.field_start[at], self.field_stop[at]
        else:
            at = np.where(there, at, 0)
            start = np.where(there, self.field_start[at], self.stop)
            stop = np.where(there, self.field_stop[at], self.stop)
        if self.padded:
            _trim(text, start, stop)
        if self.quoted:
            pair = (text[start] == _QUOTE) & (text[stop - 1] == _QUOTE) & (stop - start >= 2)
            start, stop = start + pair, stop - pair
        return Fields(text, start, stop)

    def take(self, rows: Mask | Positions | slice) -> Grid:
        """The chosen lines."""
        return Grid(
            self.block,
            self.line[rows],
            self.start[rows],
            self.stop[rows],
            self.first[rows],
            self.count[rows],
            self.field_start,
            self.field_stop,
            self.padded,
            self.quoted,
        )


def split_at(block: Block, delimiter: str) -> Grid:
    """Fields between single delimiters, as in CSV; a delimiter inside double quotes does not count.

    A quote that is not closed ends with its line.
    """
    text = block.text
    ends = np.flatnonzero((text == ord(delimiter)) | (text == _NEWLINE))
    quotes = np.flatnonzero(text == _QUOTE)
    if len(quotes):
        ends = _outside_quotes(ends, quotes, text[ends] == _NEWLINE)
    behind = np.flatnonzero(text[ends] == _NEWLINE) + 1
    grid = Grid(
        block,
        *_lines(block, ends[behind - 1]),
        *_shares(behind),
        np.concatenate(([PAD_BYTES], ends[:-1] + 1)),
        ends,
        padded=any((text == blank).any() for blank in b" \t\r"),
        quoted=len(quotes) > 0,
    )
    if not grid.padded:
        return grid.take(grid.start < grid.stop)
    start, stop = grid.start.copy(), grid.stop.copy()
    _trim(text, start, stop)
    return grid.take(start < stop)


def split_at_blanks(block: Block) -> Grid:
    """Fields between runs of spaces and tabs, as `awk` sees them."""
    text = block.text
    inked = ~_BLANK[text]
    inked[:PAD_BYTES] = False
    inked[len(text) - PAD_BYTES :] = False
    edges = np.flatnonzero(inked[1:] != inked[:-1]) + 1
    starts, stops = edges[::2].copy(), edges[1::2].copy()
    newlines = np.flatnonzero(text == _NEWLINE)
    behind = np.searchsorted(starts, newlines)
    grid = Grid(block, *_lines(block, newlines), *_shares(behind), starts, stops)
    return grid.take(grid.count > 0)


def _lines(block: Block, newlines: Positions) -> tuple[Positions, Positions, Positions]:
    """Number, start and stop of each line."""
    start = np.concatenate(([PAD_BYTES], newlines[:-1] + 1))
    stop = np.maximum(newlines - (block.text[newlines - 1] == ord("\r")), start)
    return np.arange(len(newlines)), start, stop


def _shares(behind: Positions) -> tuple[Positions, Positions]:
    """First field and number of fields of each line, where `behind` counts the fields up to its end."""
    first = np.concatenate(([0], behind[:-1]))
    return first, behind - first


def _outside_quotes(ends: Positions, quotes: Positions, ends_line: Mask) -> Positions:
    """The ends of lines, and the delimiters with an even number of quotes before them on their line."""
    before = np.searchsorted(quotes, ends)
    line = np.concatenate(([0], np.cumsum(ends_line)[:-1]))
    before_line = np.concatenate(([0], before[ends_line]))[line]
    keep: Mask = ends_line | ((before - before_line) % 2 == 0)
    return ends[keep]


def _trim(text: NDArray[np.uint8], start: Positions, stop: Positions) -> None:
    """Move starts and stops inwards over blanks, in place."""
    rows = np.flatnonzero(_BLANK[text[start]] & (start < stop))
    while len(rows):
        start[rows] += 1
        rows = rows[_BLANK[text[start[rows]]] & (start[rows] < stop[rows])]
    rows = np.flatnonzero(_BLANK[text[stop - 1]] & (start < stop))
    while len(rows):
        stop[rows] -= 1
        rows = rows[_BLANK[text[stop[rows] - 1]] & (start[rows] < stop[rows])]
