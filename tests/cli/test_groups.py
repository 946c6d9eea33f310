"""`linkgauge groups`: files in, definitions in force, collection started, stopped, ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.agents.definition_files import read_definitions
from streams.cli import groups
from streams.errors import DefinitionError, LinkgaugeError, MissingData
from streams.store import groups as stored_groups
from streams.store import read_group_state, read_group_states
from streams.store.reading import read_topic
from streams.wire.times import parse_time

TWO = """
[[groups]]
group = "ora"
interval_seconds = 60
members = [{array = "a", volume = "v"}, {array = "a", volume = "w", volume_bytes = 70000}]

[[groups]]
group = "mail"
expected_agents = 2
members = [{array = "b", volume = "v", extents = [[0, 65536]], agents = ["x"]}]
"""


def ok(printed) -> str:
    assert printed.exit_code == 0, printed.exception or printed.stderr
    return printed.stdout


@pytest.mark.broker
def test_the_life_of_a_group(run, source, worker):
    Path("two.toml").write_text(TWO)
    applied = run(groups, "groups apply two.toml")
    ok(applied)
    assert applied.stderr == "group ora: 2 volumes, in force\ngroup mail: 1 volume, in force\n"
    assert set(read_group_states(source)) == {"mail", "ora"}  # what is in force survives its worker
    assert list(stored_groups(source)) == ["mail", "ora"]

    listed = json.loads(ok(run(groups, "groups list --json")))
    assert [(row["group"], row["version"], row["volumes"], row["collection"]) for row in listed] == [
        ("mail", 1, 1, "on"),
        ("ora", 1, 2, "on"),
    ]
    Path("again.json").write_text(ok(run(groups, "groups show ora --json")))
    assert read_definitions([Path("again.json")])[0] == stored_groups(source)["ora"][0].definition
    ok(run(groups, "groups apply again.json"))
    assert len(stored_groups(source)["ora"]) == 1

    changed = json.loads(Path("again.json").read_text())
    changed["members"] = changed["members"][:1]
    Path("again.json").write_text(json.dumps(changed))
    ok(run(groups, "groups apply again.json"))
    versions = [(row.version, len(row.definition.members)) for row in stored_groups(source)["ora"]]
    assert versions == [(1, 2), (2, 1)]

    changed["track_bytes"] = 4096
    Path("again.json").write_text(json.dumps(changed))
    refused = run(groups, "groups apply again.json")
    assert isinstance(refused.exception, DefinitionError)
    assert "group ora: track_bytes is 65536 and cannot become 4096" in str(refused.exception)

    for typed in ("start ora --at 2026-01-01", "apply two.toml --start 2026-01-01"):
        on = run(groups, f"groups {typed}").exception
        assert isinstance(on, DefinitionError)
        assert "group ora: at 2026-01-01T00:00:00Z collection is on already (on)" in str(on)
        assert "run `linkgauge groups stop ora` first" in str(on)
    assert len(stored_groups(source)["ora"]) == 2  # the refused file was not sent

    assert run(groups, "groups stop ora").stderr == "group ora: collection off\n"
    assert run(groups, "groups start ora --at 2026-01-01 --intervals 3").stderr == (
        "group ora: collection from 2026-01-01T00:00:00Z to 2026-01-01T00:03:00Z\n"
    )
    assert run(groups, "groups delete mail", "--yes").stderr == "group mail: collection deleted\n"
    with pytest.raises(MissingData, match="'mail' is not known"):
        raise run(groups, "groups stop mail").exception


@pytest.mark.broker
def test_a_group_may_begin_later(run, source, worker):
    Path("two.toml").write_text(TWO)
    ok(run(groups, "groups apply two.toml --start 2026-01-01T00:00:00Z --intervals 2"))
    state = read_group_state(source, "ora")
    start_us = parse_time("2026-01-01T00:00:00Z")
    assert state.windows == [(start_us, start_us + 120_000_000)]


@pytest.mark.broker
def test_groups_of_the_settings_file(run, source, worker):
    Path("linkgauge.toml").write_text('[groups.mine]\nmembers = [{array = "a", volume = "v"}]\n')
    ok(run(groups, "groups apply"))
    shown = ok(run(groups, "groups show mine"))
    assert shown.startswith("group mine, version 1 of 1, from its beginning\n")
    assert "\n  interval_seconds: 300\n  slot_seconds: 10\n  rungs_seconds: 900, 3600\n" in shown
    assert "\n  discards_mark: no\n  expected_agents: 1\n  agent_names: none\n" in shown
    assert shown.splitlines()[-1].split() == ["a", "v", "unknown", "all", "of", "it", "any"]
    assert "None" not in shown
    assert json.loads(ok(run(groups, "groups show mine --json")))["agent_names"] == []
    missing = run(groups, "groups show mine --version 7").exception
    assert isinstance(missing, MissingData)
    assert str(missing) == "group mine has no version 7; there are: 1"


@pytest.mark.broker
def test_without_a_worker_the_command_says_what_to_check(run, source):
    Path("two.toml").write_text(TWO)
    failed = run(groups, "groups apply two.toml --patience 0.2")
    assert isinstance(failed.exception, LinkgaugeError)
    assert "group ora is sent, but was not taken up within 0.2 s" in str(failed.exception)
    sent = run(groups, "groups apply two.toml --no-wait")
    assert sent.stderr == "group ora: 2 volumes, sent\ngroup mail: 1 volume, sent\n"


@pytest.mark.broker
def test_unknown_groups_are_named(run, source):
    for command in ("stop", "start", "show", "delete --yes"):
        failed = run(groups, f"groups {command} nope")
        assert isinstance(failed.exception, MissingData)
        assert "there is none yet" in str(failed.exception)
    assert list(read_topic(source, "writes")) == []


@pytest.mark.broker
def test_nothing_to_apply(run, source):
    assert run(groups, "groups apply").exit_code == 2
    assert run(groups, "groups apply no-such-file").exit_code == 2


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "group = 5", "a.toml: group"),
        ("a.toml", "x = [", "a.toml: not the TOML or JSON"),
        ("a.json", "{", "a.json: not the TOML or JSON"),
        ("a.json", "[]", "no group in it"),
        ("a.json", '[{"group": "g"}]', r"groups\[0\].members: this field is missing"),
        ("a.toml", '[groups.g]\nmembers = [{array = "a"}]', r"groups.g.members\[0\].volume"),
        ("a.toml", '[groups.g]\nmember = []\nmembers = [{array="a", volume="v"}]', "member: unknown field"),
        (
            "a.json",
            '[{"group":"g","members":[{"array":"a","volume":"v"}]},{"group":"g","members":[{"array":"a","volume":"w"}]}]',
            "group g is defined twice",
        ),
        ("a.toml", "groups = {g = 5}", "groups.g: expected an object"),
    ],
)
def test_a_wrong_file_is_named_with_the_place(tmp_path, name, text, message):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(DefinitionError, match=message):
        read_definitions([file])


def test_forms_of_a_file(tmp_path):
    one = '{"group": "g", "members": [{"array": "a", "volume": "v"}]}'
    forms = {
        "one.json": one,
        "list.json": f"[{one}]",
        "groups.json": f'{{"groups": [{one}]}}',
        "named.toml": '[groups.g]\nmembers = [{array = "a", volume = "v"}]',
        "one.toml": 'group = "g"\nmembers = [{array = "a", volume = "v"}]',
    }
    found = set()
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        (definition,) = read_definitions([tmp_path / name])
        found.add((definition.group, definition.members))
    assert len(found) == 1
