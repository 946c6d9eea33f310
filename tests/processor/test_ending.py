"""A process that hangs on its way out is ended, with the exit code and the words that it would have had."""

import subprocess
import sys

import pytest

HANGING = """
import time
from streams.processor.ending import end_within
end_within(0.1, lambda: {failure})
time.sleep(600)
"""
QUICK = """
from streams.processor.ending import end_within
end_within(600, lambda: None)
raise SystemExit(3)
"""


@pytest.mark.parametrize(("failure", "code"), [("None", 0), ("ValueError('no Kafka')", 1)])
def test_what_hangs_is_ended(failure, code):
    script = HANGING.format(failure=failure)
    ended = subprocess.run(
        [sys.executable, "-c", script], timeout=30, capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert "stopped_without_farewell" in ended.stdout
    assert ("no Kafka" in ended.stdout) == bool(code)


def test_what_ends_in_time_is_left_alone():
    ended = subprocess.run(
        [sys.executable, "-c", QUICK], timeout=30, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, "")
