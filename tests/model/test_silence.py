"""Who is silent, by what a mark says."""

import pytest

from streams.model.silence import Attendance, attendance
from streams.model.state import AgentState


def agent(heard=0, *, left=False):
    return AgentState(1, watermark_us=0, heard=heard, left_at=7 if left else None)


@pytest.mark.parametrize(
    ("agents", "more", "found"),
    [
        ({}, {"ticks": 11, "expected": 2}, Attendance(0, ended=False)),  # not silent for long enough
        ({}, {"ticks": 12, "expected": 2}, Attendance(2, ended=False)),
        ({"a/x": agent()}, {"ticks": 11, "expected": 1}, Attendance(0, ended=False)),
        ({"a/x": agent()}, {"ticks": 12, "expected": 1}, Attendance(1, ended=False)),
        ({"a/x": agent(5)}, {"ticks": 12, "expected": 2}, Attendance(1, ended=False)),
        ({"a/x": agent(left=True)}, {"ticks": 99, "expected": 1}, Attendance(0, ended=True)),
        ({"a/x": agent(left=True)}, {"ticks": 99, "expected": 2}, Attendance(1, ended=False)),
        ({"a/x": agent(left=True), "a/y": agent()}, {"ticks": 99}, Attendance(1, ended=False)),
        ({"a/x": agent(99)}, {"ticks": 99, "names": ("a/x", "a/y")}, Attendance(1, ended=False)),
        ({"a/z": AgentState(1)}, {"ticks": 99, "expected": 1}, Attendance(1, ended=False)),  # refused only
        ({}, {"ticks": 15, "defined_at": 10, "expected": 1}, Attendance(0, ended=False)),
    ],
)
def test_attendance(agents, more, found):
    asked = {"defined_at": 0, "silent_ticks": 12, "expected": 1} | more
    assert attendance(agents, **asked) == found
