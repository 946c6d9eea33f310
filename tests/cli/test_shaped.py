"""Text for people: no line is wider than the terminal, and nothing is lost."""

import pytest

from streams.cli import shaped
from streams.cli.shaped import print_facts, print_shaped, print_text


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(shaped, "width", lambda: 40)


def test_columns_that_do_not_fit_go_on_below(narrow, capsys):
    columns = ["volume", *(f"figure {place}" for place in range(7))]
    print_shaped(columns, [["a/1", *range(7)], ["a/2", *range(10, 17)]], columns[1:])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    assert lines == [
        "volume  figure 0  figure 1  figure 2",
        "a/1            0         1         2",
        "a/2           10        11        12",
        "",
        "volume  figure 3  figure 4  figure 5",
        "a/1            3         4         5",
        "a/2           13        14        15",
        "",
        "volume  figure 6",
        "a/1            6",
        "a/2           16",
    ]


def test_a_column_that_is_too_wide_stands_alone(narrow, capsys):
    print_shaped(["a", "b", "c"], [["x", "w" * 50, "y"]])
    assert [line.split() for line in capsys.readouterr().out.splitlines() if line] == [
        ["a", "b"],
        ["x", "w" * 50],
        ["a", "c"],
        ["x", "y"],
    ]


def test_an_empty_table_has_its_head(narrow, capsys):
    print_shaped(["a", "b"], [])
    assert capsys.readouterr().out.split() == ["a", "b"]


def test_sentences_and_values_are_broken_between_words(narrow, capsys):
    print_text("one two three four five six seven eight nine ten", "  ")
    print_facts([("a name", "a value that is far too long for one line"), ("b", "short")])
    assert capsys.readouterr().out.splitlines() == [
        "  one two three four five six seven",
        "  eight nine ten",
        "a name  a value that is far too long for",
        "        one line",
        "b       short",
    ]


def test_off_a_terminal_lines_have_80_columns():
    assert shaped.width() == 80
