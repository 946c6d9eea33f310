"""Modules stay small: none above 500 lines, half of them below 200."""

from __future__ import annotations

import statistics
from pathlib import Path

import streams

MODULES = sorted(Path(streams.__file__).parent.rglob("*.py"))
LONGEST_LINES = 500
MEDIAN_LINES = 200


def lines_of(module):
    return len(module.read_text("utf-8").splitlines())


def test_no_module_is_long():
    long = {str(module): lines_of(module) for module in MODULES if lines_of(module) > LONGEST_LINES}
    assert long == {}


def test_most_modules_are_short():
    assert len(MODULES) > 1
    assert statistics.median(lines_of(module) for module in MODULES) < MEDIAN_LINES
