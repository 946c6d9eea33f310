"""Tables, CSV and JSON on stdout, words for people on stderr, units."""

import csv
import io
import json
import math

import pytest
import typer

from streams.cli.output import Layout, complain, layout_of, print_json, print_rows, say, working
from streams.cli.units import (
    bits_per_second_text,
    bytes_text,
    count_text,
    percent_text,
    seconds_text,
    time_argument,
)

COLUMNS = ["volume", "writes", "coverage"]
ROWS = [["trace/8,16", 12, 1.0], ['[red]odd[/] "name"', None, 0.5]]


def test_csv(capsys):
    print_rows(COLUMNS, ROWS, Layout.CSV)
    out = capsys.readouterr().out
    assert out == 'volume,writes,coverage\n"trace/8,16",12,1.0\n"[red]odd[/] ""name""",,0.5\n'
    assert [row[0] for row in csv.reader(io.StringIO(out))][1:] == [row[0] for row in ROWS]


def test_json(capsys):
    print_rows(COLUMNS, iter(ROWS), Layout.JSON)
    assert json.loads(capsys.readouterr().out) == [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    print_rows(COLUMNS, [], Layout.JSON)
    assert json.loads(capsys.readouterr().out) == []
    print_json({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"a": 1}


def test_table_off_a_terminal_is_plain_and_uncut(capsys):
    long = "x" * 500
    print_rows(COLUMNS, [*ROWS, [long, 7, 0.25]], Layout.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == COLUMNS
    assert lines[2].split() == ["[red]odd[/]", '"name"', "0.5"]
    assert lines[3].split() == [long, "7", "0.25"]
    assert "\x1b" not in "".join(lines)


def test_table_columns_at_the_right(capsys):
    print_rows(["a", "b", "c"], [["x", "1 B", 1], ["y", "10 B", 10]], Layout.TABLE, right=["b"])
    assert capsys.readouterr().out.splitlines() == ["a     b   c", "x   1 B   1", "y  10 B  10"]


def test_words_go_to_stderr(capsys):
    say("hello [world]")
    with working("busy"):
        pass
    complain("no [x]")
    assert capsys.readouterr() == ("", "hello [world]\nlinkgauge: no [x]\n")


def test_truth_is_no_number_and_reads_as_the_layout_has_it(capsys):
    rows = [("a", True), ("b", False)]
    for layout, shown in (
        (Layout.CSV, "name,holds\na,true\nb,false\n"),
        (Layout.JSON, '[\n{"name":"a","holds":true},\n{"name":"b","holds":false}\n]\n'),
        (Layout.TABLE, "name  holds\na     yes  \nb     no   \n"),
    ):
        print_rows(["name", "holds"], rows, layout)
        assert capsys.readouterr().out == shown


def test_one_layout():
    assert layout_of(csv=False, json=False) is Layout.TABLE
    assert layout_of(csv=True, json=False) is Layout.CSV
    assert layout_of(csv=False, json=True) is Layout.JSON
    with pytest.raises(typer.BadParameter, match="exclude"):
        layout_of(csv=True, json=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count_text(1, "volume"), "1 volume"),
        (count_text(2, "volume"), "2 volumes"),
        (count_text(None, "write"), "? writes"),
        (bytes_text(0), "0 B"),
        (bytes_text(1023), "1023 B"),
        (bytes_text(1536), "1.50 KiB"),
        (bytes_text(65_536_000_000), "61.04 GiB"),
        (bytes_text(2**90), "1073741824.00 EiB"),
        (bytes_text(None), "?"),
        (bits_per_second_text(155_520_000), "155.52 Mbit/s"),
        (bits_per_second_text(0.5), "0.50 bit/s"),
        (seconds_text(1685.596), "28.09 min"),
        (seconds_text(90_000), "1.04 d"),
        (seconds_text(0.25), "0.25 s"),
        (seconds_text(math.inf), "never"),
        (seconds_text(None), "?"),
        (percent_text(0.125), "12.50 %"),
        (percent_text(-math.inf), "-inf %"),
        (percent_text(None), "?"),
    ],
)
def test_units(text, expected):
    assert text == expected


def test_time_arguments():
    assert time_argument(None) is None
    assert time_argument("1970-01-01T00:00:01Z") == 1_000_000
    assert time_argument("1970-01-02") == 86_400_000_000
    with pytest.raises(typer.BadParameter, match="yesterday"):
        time_argument("yesterday")
