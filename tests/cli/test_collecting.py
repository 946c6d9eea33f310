"""When collection may begin at a time, and when it would just have gone on."""

from __future__ import annotations

import pytest

from streams.cli.collecting import require_idle
from streams.cli.group_texts import facts, member_rows, since_text
from streams.errors import DefinitionError
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.state import State, Version

DEFINITION = Definition("g", (Member("a", "v"),), Geometry.for_interval(10))
ALWAYS = (None, None)


def state(*windows, closed=None) -> State:
    return State("g", 9, [Version(1, None, 0, DEFINITION)], closed=closed, windows=list(windows))


def seconds(start, end):
    return None if start is None else start * US, None if end is None else end * US


@pytest.mark.parametrize(
    ("windows", "closed", "at_seconds", "refused"),
    [
        ([ALWAYS], None, 100, True),
        ([ALWAYS], None, None, False),
        ([], None, 100, False),
        ([(None, 50)], None, 100, False),
        ([(None, 100)], None, 100, False),  # it goes on where it ends
        ([(None, 101)], None, 100, True),
        ([(100, None)], None, 100, True),
        ([(101, None)], None, 100, False),  # what was to come is replaced
        ([(None, 20), (90, 110)], None, 100, True),
        ([(150, None)], 15, 100, True),  # closed to 160: a start in the past takes effect now, and it is on
        ([(150, 155)], 15, 152, False),
    ],
)
def test_a_start_at_a_time(windows, closed, at_seconds, refused):
    now = state(*(seconds(*window) for window in windows), closed=closed)
    at_us = None if at_seconds is None else at_seconds * US
    if not refused:
        require_idle("g", now, at_us, "--at")
        return
    with pytest.raises(DefinitionError, match="groups stop g` first, or leave out --at"):
        require_idle("g", now, at_us, "--at")


def test_a_group_that_no_worker_has_marked_is_collected():
    with pytest.raises(DefinitionError, match=r"is on already \(on\)"):
        require_idle("g", None, 0, "--at")


def test_definitions_in_words():
    members = (
        Member("a", "v", 1 << 20, ((0, 65_536), (131_072, 65_536)), ("x", "y")),
        Member("a", "w"),
    )
    definition = Definition("g", members, Geometry(discards_mark=True), 2, ("a/x", "a/y"))
    texts = dict(facts(definition))
    assert (texts["discards_mark"], texts["agent_names"]) == ("yes", "a/x, a/y")
    assert texts["rungs_seconds"] == "900, 3600"
    assert "members" not in texts
    assert list(member_rows(definition)) == [
        ("a", "v", 1 << 20, "65536 B at 0, 65536 B at 131072", "x, y"),
        ("a", "w", "unknown", "all of it", "any"),
    ]


def test_since_when_a_version_holds():
    assert since_text(Version(1, None, 0, DEFINITION)) == ""
    assert since_text(Version(2, 6, 0, DEFINITION)) == " from 1970-01-01T00:01:00Z on"
