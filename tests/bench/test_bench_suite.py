"""One way of running for all commands."""

from contextlib import contextmanager

import orjson
import pytest

from bench import machine, suite
from bench.options import Options
from bench.running import Benchmark, Comparison, WrongAnswer
from bench.site import QUICK


def benchmark(name, measure):
    @contextmanager
    def contenders():
        yield {"one": measure}

    return lambda site: Benchmark(name, f"Title of {name}", [Comparison("some", contenders)])


def wrong():
    raise WrongAnswer("a bit is missing")


def interrupted():
    raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suite, "FOLDER", tmp_path)
    monkeypatch.setattr(
        machine,
        "facts",
        lambda: {"cpu": "c", "cores": 1, "python": "3", "commit": "0", "load_average": (0.0, 0.0, 0.0)},
    )

    def go(measures, **more):
        made = {name: benchmark(name, measure) for name, measure in measures.items()}
        code = suite.run(suite.Suite("test", made, **more), Options(2, QUICK, tuple(made)))
        [path] = tmp_path.glob("test-*.json")
        return code, capsys.readouterr().out, orjson.loads(path.read_bytes())

    return go


def test_all_results_are_printed_and_saved(run):
    code, out, saved = run(
        {"a": lambda: {"x": 1.0}, "b": lambda: {"y": 2.0}}, notes=["a note"], about={"who": 7}
    )
    assert code == 0
    assert "Title of a" in out
    assert "Title of b" in out
    assert "a note" in out
    assert saved["who"] == 7
    assert [result["figures"] for result in saved["results"]] == [
        {"one": {"x": [1, 1]}},
        {"one": {"y": [2, 2]}},
    ]


def test_a_wrong_answer_fails_the_command_and_the_others_are_measured(run):
    code, out, saved = run({"a": wrong, "b": lambda: {"y": 2.0}})
    assert code == 1
    assert "some: WrongAnswer: a bit is missing" in out
    assert saved["results"][1]["figures"] == {"one": {"y": [2, 2]}}


def test_an_interruption_ends_all_and_keeps_what_was_found(run):
    code, _, saved = run({"a": lambda: {"x": 1.0}, "b": interrupted, "c": lambda: {"x": 1.0}})
    assert code == 1
    assert [result["failure"] for result in saved["results"]] == ["", "interrupted"]


def test_what_follows_from_all_results_is_added_before_they_are_printed_and_saved(run):
    def double(results):
        for result in results:
            result.figures["one"]["twice"] = [2 * value for value in result.figures["one"]["x"]]

    _, out, saved = run({"a": lambda: {"x": 4.5}}, finish=double)
    assert "twice" in out
    assert saved["results"][0]["figures"]["one"]["twice"] == [9, 9]
