"""The Dockerfile: linted, and what it says of its bases and its user."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.dockerfile import stages

ROOT = Path(__file__).parents[2]
STAGES = stages((ROOT / "Dockerfile").read_text())


def test_the_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([hadolint, ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_bases_are_pinned_to_a_release_and_the_user_is_a_number_but_not_root():
    assert {stage.base.count(".") for stage in STAGES} == {2}
    assert STAGES[-1].last("USER") == "10001:10001"


def test_an_unknown_instruction_is_an_error():
    with pytest.raises(ValueError, match="ADD"):
        stages("FROM scratch\nADD secret /\n")
