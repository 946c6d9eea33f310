"""Rows of the topics as tests want them: everything has a value, some of it chosen."""

from __future__ import annotations

import pytest

from streams.model.entries import Gap, Summary, Totals
from streams.model.groups import Definition, Geometry, Member
from streams.model.intervals import US
from streams.model.silence import Attendance
from streams.model.state import Version
from streams.wire.states import Shown


class Rows:
    """Makes rows; times are counted in base intervals of 300 s."""

    def summary(self, index=0, group="oracle", *, length=300, changed=65_536, shipped=None, **fields):
        """The summary of the interval that begins with base interval `index`."""
        chosen = {
            "group": group,
            "definition_version": 1,
            "rung_seconds": length,
            "start_us": index * 300 * US,
            "revision": 0,
            "partial": False,
            "coverage": 1.0,
            "volumes": 2,
            "track_bytes": 65_536,
            "changed_tracks_or": changed // 65_536,
            "changed_tracks_sum": (shipped or changed) // 65_536,
            "changed_bytes_or": changed,
            "changed_bytes_sum": shipped or changed,
            "writes": 10,
            "written_bytes": 40_960,
            "slot_seconds": 10,
            "written_bytes_by_slot": None,
            "discards": 0,
            "late_writes": 0,
            "watermark_us": (index * 300 + length) * US,
            "totals": Totals(intervals_closed=index + 1, writes=10 * (index + 1)),
        }
        return Summary(**chosen | fields)

    def gap(self, first, end, group="oracle"):
        return Gap(group, 1, first * 300 * US, end * 300 * US)

    def mark(self, group="oracle", offset=0, *, silent=0, ended=False, closed=None, **totals):
        """What is shown of a mark; `closed` counts base intervals that are closed."""
        closed_us = None if closed is None else closed * 300 * US
        return Shown(group, offset, Totals(**totals), closed_us, Attendance(silent, ended))

    def version(self, group="oracle", number=1, **geometry):
        definition = Definition(group, (Member("array", group),), Geometry(**geometry))
        return Version(number, None, 0, definition)


@pytest.fixture(scope="session")
def rows() -> Rows:
    return Rows()
