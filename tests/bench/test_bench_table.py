"""The table that a benchmark ends with."""

import pytest

from bench.running import Result
from bench.table import number, table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.05321, "0.0532"),
        (0.99949, "0.999"),
        (1.0, "1"),
        (1.004, "1.00"),
        (9.994, "9.99"),
        (9.996, "10.0"),
        (99.96, "100"),
        (123.4, "123"),
        (1500.5, "1,500"),
        (9_994, "9,994"),
        (9_996, "10.0 k"),
        (26_000, "26.0 k"),
        (155_400, "155 k"),
        (999_900, "1.00 M"),
        (6_421_000, "6.42 M"),
        (24_576_000_000, "24.6 G"),
        (-6_421_000, "-6.42 M"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_columns_are_aligned_and_gaps_stay_empty():
    results = [
        Result("worker", "zipf", {"drain": {"writes/s": [2e6, 3e6, 2.5e6]}}),
        Result(
            "worker", "uniform", {"worker": {"writes/s": [1e6] * 3, "peak MiB": [100.25, 100.25, 110.25]}}
        ),
    ]
    assert table("Title", results).splitlines() == [
        "Title",
        "--------------------------------------",
        "                    writes/s  peak MiB",
        "zipf     drain   2.50 M ±20%",
        "uniform  worker  1.00 M       100 ± 5%",
    ]


def test_a_single_run_has_no_spread():
    assert "±" not in table("Title", [Result("a", "b", {"c": {"x": [1.5]}})])


def test_failures_stand_below():
    lines = table("Title", [Result("a", "b", {}, "WrongAnswer: 1, must be 2")]).splitlines()
    assert lines[-1] == "b: WrongAnswer: 1, must be 2"
