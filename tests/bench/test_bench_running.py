"""Taking turns, ratios inside a run, and what is left after a failure."""

from contextlib import contextmanager

import pytest

from bench.running import Comparison, Ratio, Result, WrongAnswer, measure, median, spread


def comparison(order, measures, ratios=()):
    def counted(name, values):
        def run():
            order.append(name)
            value = next(values)
            if value is None:
                raise WrongAnswer("wrong")
            return {"rate": value}

        return run

    @contextmanager
    def contenders():
        order.append("open")
        try:
            yield {name: counted(name, iter(values)) for name, values in measures.items()}
        finally:
            order.append("closed")

    return Comparison("some", contenders, ratios)


def run(some, runs):
    said, result = [], Result("bench", "some")
    try:
        measure(some, runs, about_to=lambda *place: said.append(place), into=result)
    except WrongAnswer:
        said.append("wrong")
    return result.figures, said


def test_contenders_take_turns_and_each_begins_once():
    order = []
    figures, said = run(comparison(order, {"a": [1, 2, 3], "b": [4, 5, 6], "c": [7, 8, 9]}), 3)
    assert order == ["open", *"abc", *"bca", *"cab", "closed"]
    assert said[:4] == [(0, "a"), (0, "b"), (0, "c"), (1, "b")]
    assert figures == {"a": {"rate": [1, 2, 3]}, "b": {"rate": [4, 5, 6]}, "c": {"rate": [7, 8, 9]}}


def test_ratios_are_taken_inside_a_run():
    some = comparison([], {"a": [1, 10, 100], "b": [2, 100, 300]}, (Ratio("rate", "b", "a"),))
    figures, _ = run(some, 3)
    assert figures["b"]["rate / a"] == [2, 10, 3]
    assert median(figures["b"]["rate / a"]) == 3  # not 100 / 10


def test_a_wrong_answer_ends_the_comparison_and_its_run_does_not_count():
    order = []
    figures, said = run(comparison(order, {"a": [1, 2], "b": [3, None]}), 3)
    assert figures == {"a": {"rate": [1]}, "b": {"rate": [3]}}
    assert said[-1] == "wrong"
    assert order[-1] == "closed"


@pytest.mark.parametrize(("values", "share"), [([5.0], 0), ([4, 5, 6], 0.2), ([0, 0], 0), ([-4, -6], 0.2)])
def test_spread_is_half_the_range_over_the_median(values, share):
    assert spread(values) == pytest.approx(share)
