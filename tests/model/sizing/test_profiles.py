"""Every figure of a profile has its source, and what a replicator cannot do is refused."""

from dataclasses import fields

import pytest

from streams.model.sizing.basis import MODES
from streams.model.sizing.profiles import PROFILES, require_profile

FIGURES = {
    "block_bytes",
    "cycle_seconds",
    "least_cycle_seconds",
    "most_cycle_seconds",
    "journal_ratio",
    "least_journal_bytes",
}


@pytest.mark.parametrize("name", PROFILES)
def test_every_figure_has_a_source_and_every_source_a_figure(name):
    profile = PROFILES[name]
    given = {figure for figure in FIGURES if getattr(profile, figure) is not None}
    assert set(profile.sources) == given | {"mode"}
    assert all(len(source) > 10 for source in profile.sources.values())


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_hold_together(name):
    profile = PROFILES[name]
    assert profile.mode in MODES
    if profile.basis == "written":
        assert profile.block_bytes is None
        assert profile.cycle_seconds is None
    else:
        assert profile.journal_ratio is profile.least_journal_bytes is None
    if profile.cycle_seconds is not None:
        assert profile.cycle() == profile.cycle_seconds


def test_all_figures_are_looked_at():
    other = {"title", "mode", "sources", "remark"}
    assert {field.name for field in fields(PROFILES["zerto"])} == FIGURES | other


def test_cycles():
    mirror = require_profile("global-mirror-change-volumes")
    assert (mirror.cycle(), mirror.cycle(900), mirror.queue_depth) == (300, 900, 1)
    assert PROFILES["srdf-a-powermax"].queue_depth is None
    for cycle in (59, 86_401):
        with pytest.raises(ValueError, match=f"cycle_seconds {cycle}: .* takes 60 to 86400 s"):
            mirror.cycle(cycle)
    with pytest.raises(ValueError, match=r"cycle_seconds 0: .* takes 1 s or more"):
        PROFILES["srdf-a-vmax"].cycle(0)
    with pytest.raises(ValueError, match="vSphere Replication has no default; give one"):
        PROFILES["vsphere-replication"].cycle()


def test_journals():
    assert PROFILES["universal-replicator"].journal_bytes(3200) == 3300
    assert PROFILES["volume-replicator"].journal_bytes(1) == 110 * 1024 * 1024
    assert PROFILES["zerto"].journal_bytes(7) == 7


def test_an_unknown_profile_is_told_the_nearest():
    with pytest.raises(ValueError, match="profile 'srdf-a' is not known; choose one of srdf-a-"):
        require_profile("srdf-a")
    with pytest.raises(ValueError, match=r"choose one of ceph-rbd-journal, .*zerto"):
        require_profile("???")
