"""Every clause of the rule is needed: a collector without it is caught by the crash tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.model.crash.mutants.table import TABLE

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("module", TABLE)
def test_a_collector_without_a_clause_is_caught(module):
    command = [
        sys.executable,
        "-m",
        "tests.model.crash.mutating",
        "--seeds",
        "60",
        "--redundant",
        "1",
        module,
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_names_are_unique_and_redundant_ones_say_why():
    mutants = [mutant for module in TABLE.values() for mutant in module]
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    assert all(mutant.clause for mutant in mutants)
    assert sum(bool(mutant.redundant) for mutant in mutants) < len(mutants) / 10
