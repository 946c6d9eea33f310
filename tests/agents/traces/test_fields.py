"""Cutting blocks into fields, against str.split and a plain reading of CSV."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.traces.fields import Fields, Grid, split_at, split_at_blanks
from streams.agents.traces.files import PAD_BYTES, Block


def block_of(text: str) -> Block:
    padding = b"\0" * PAD_BYTES
    return Block("trace", 1, np.frombuffer(padding + text.encode() + padding, np.uint8))


def texts(fields: Fields) -> list[str]:
    return [
        fields.text[start:stop].tobytes().decode()
        for start, stop in zip(fields.start, fields.stop, strict=True)
    ]


def rows(grid: Grid) -> list[list[str]]:
    columns = [texts(grid.column(index)) for index in range(int(grid.count.max(initial=0)))]
    return [[column[row] for column in columns[: grid.count[row]]] for row in range(len(grid))]


@given(st.text("ab \t\r\n", max_size=80))
def test_blanks_split_as_python_splits(text):
    text += "\n"
    lines = text.split("\n")[:-1]
    grid = split_at_blanks(block_of(text))
    assert [line.split() for line in lines if line.split()] == rows(grid)
    assert [number for number, line in enumerate(lines) if line.split()] == grid.line.tolist()


PLAIN = st.text("ab \t", max_size=4).map(lambda cell: (cell, cell.strip()))
QUOTED = st.text("ab, \t", max_size=4).map(lambda cell: (f'"{cell}"', cell))
CELLS = st.lists(st.one_of(PLAIN, QUOTED), min_size=1, max_size=5)


@given(st.lists(CELLS, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_delimiters_split_and_quotes_protect(table, newline):
    text = "".join(",".join(raw for raw, _ in line) + newline for line in table)
    expected = [[cell for _, cell in line] for line in table if ",".join(raw for raw, _ in line).strip()]
    assert expected == rows(split_at(block_of(text), ","))


def test_a_quote_left_open_ends_with_its_line():
    assert rows(split_at(block_of('a,"b,c\nd,e,f\n'), ",")) == [["a", '"b,c'], ["d", "e", "f"]]


def test_an_absent_field_is_empty_and_lies_behind_its_line():
    grid = split_at(block_of("a,b\nc\n"), ",")
    absent = grid.column(1)
    assert texts(absent) == ["b", ""]
    assert absent.start[1] == PAD_BYTES + len("a,b\nc")


def test_texts_are_compared_whole():
    fields = split_at_blanks(block_of("Write\nWrit\nWrites\nread\nWrite\n")).column(0)
    assert fields.equal(b"Write").tolist() == [True, False, False, False, True]
    assert fields.any_of(("read", "Writ")).tolist() == [False, True, False, True, False]
    assert not fields.any_of(()).any()


def test_a_byte_is_sought_inside_the_field_only():
    fields = split_at_blanks(block_of("R\nWD\nRRD\n")).column(0)
    assert fields.contain(b"D", 8).tolist() == [False, True, True]
    assert fields.contain(b"D", 2).tolist() == [False, True, False]
