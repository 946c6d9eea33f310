"""docs/requirements.md names a test for every requirement that is promised, and the tests are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "requirements.md"
PROMISED = [f"R{number:02}" for number in (*range(1, 19), *range(21, 26), *range(28, 34))]
ROW = re.compile(r"^\| (R\d\d) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")

ROWS = {number: tests for number, _, tests in ROW.findall(PAGE.read_text())}


def test_the_page_lists_every_promised_requirement():
    assert sorted(ROWS) == PROMISED


@pytest.mark.parametrize("requirement", PROMISED)
def test_the_named_tests_exist(requirement):
    named = TEST.findall(ROWS[requirement])
    assert named, f"{requirement} names no test"
    for file, function in named:
        tree = ast.parse((ROOT / file).read_text())
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, (
            f"{requirement}: {file} has no {function}"
        )
