"""Synthetic fleets on the way of a replay: measured as they were made, refused where they do not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.agents.load import publish_fleet, recording_of_fleet
from streams.agents.replay import ReplayOptions
from streams.agents.synthetic import FleetSpec
from streams.errors import SettingsError
from streams.store import Source, groups
from tests.agents.replaying import DAY_US, stored


@pytest.mark.broker
def test_a_fleet_is_measured_as_it_was_made(source, worker):
    fleet = FleetSpec(
        arrays=("a", "b"),
        volumes_per_array=3,
        volume_bytes=1 << 26,
        start_us=DAY_US,
        duration_seconds=1000,
        writes_per_second=50,
        write_bytes=4096,
        pattern="hotspot",
    )
    publish_fleet(source, [fleet], "fleet", ReplayOptions())
    assert stored(source, "fleet") == fleet.expected().rows()
    (version,) = groups(source)["fleet"]
    assert {member.volume_bytes for member in version.definition.members} == {1 << 26}


def test_fleets_of_one_group_must_fit_together():
    fleet = FleetSpec(
        arrays=("a",),
        volumes_per_array=1,
        volume_bytes=1 << 26,
        start_us=0,
        duration_seconds=1,
        writes_per_second=1,
        write_bytes=1,
        pattern="uniform",
    )
    with pytest.raises(SettingsError, match="no array in two"):
        recording_of_fleet([fleet, fleet])
    with pytest.raises(SettingsError, match="no array in two"):
        recording_of_fleet([])
    other = replace(fleet, arrays=("b",), interval_seconds=60)
    with pytest.raises(SettingsError, match="same track_bytes and interval_seconds"):
        publish_fleet(Source("localhost:1"), [fleet, other], "g", ReplayOptions())
