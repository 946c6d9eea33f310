"""docs/requirements.md names a test for every requirement that is promised, and the tests are there."""

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

from streams.cli import app

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "requirements.md"
PROMISED = [f"R{number:02}" for number in range(1, 35)]
ROW = re.compile(r"^\| (R\d\d) \| (.+?) \| (.+?) \|$", re.MULTILINE)
FEATURE = re.compile(r"^\| ([^|]+) \| `linkgauge ([^`]+)` \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

FEATURES = {name: (command.split(), tests) for name, command, tests in FEATURE.findall(PAGE.read_text())}
ROWS = {number: tests for number, _, tests in ROW.findall(PAGE.read_text())}


def test_the_page_lists_every_promised_requirement():
    assert sorted(ROWS) == PROMISED


@pytest.mark.parametrize("requirement", PROMISED)
def test_the_named_tests_exist(requirement):
    require_tests(requirement, ROWS[requirement])


def test_the_page_lists_every_feature_that_no_other_tool_has():
    own = {name.partition(":")[0] for name in FEATURES if re.match(r"N\d", name)}
    assert own == {f"N{number}" for number in range(1, 13)}


@pytest.mark.parametrize("feature", FEATURES)
def test_the_command_of_a_feature_takes_its_options_and_its_tests_exist(feature):
    words, tests = FEATURES[feature]
    require_tests(feature, tests)
    command = get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert command.callback is not None
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def require_tests(name, tests):
    named = TEST.findall(tests)
    assert named, f"{name} names no test"
    for file, function in named:
        tree = ast.parse((ROOT / file).read_text())
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (
            f"{name}: {file} has no {function}"
        )
