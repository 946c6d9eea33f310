"""Layers of the settings, errors that name key and place, and the generated page."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from streams.errors import DefinitionError, SettingsError
from streams.model.groups import Definition, Geometry, Member
from streams.model.sizing.link import usable_per_path
from streams.settings import (
    Settings,
    inline_definitions,
    load_settings,
    require_consistent_links,
    settings_file,
)
from streams.settings.client import MASK, masked
from streams.settings.page import GROUP_KEYS, MEMBER_KEYS, settings_page
from streams.wire.definitions import definition_from_json, definition_to_json

LINK = '[links.east]\ngroups = ["oracle"]\npath_bits_per_second = 155_520_000\n'
PAGE = Path(__file__).parents[1] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def somewhere_quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("LINKGAUGE_CONFIG", "LINKGAUGE_BROKER__BOOTSTRAP"):
        monkeypatch.delenv(name, raising=False)


def written(text, name="linkgauge.toml"):
    path = Path(name)
    path.write_text(text)
    return path


def test_nothing_needs_to_be_set():
    settings = load_settings()
    assert settings == Settings()
    assert settings.broker.bootstrap == "127.0.0.1:19092"
    assert settings.reporter.port == 9108


def test_each_layer_overrides_the_one_before_key_by_key(monkeypatch):
    written('[broker]\nbootstrap = "file:1"\ntopic_prefix = "file."\npartitions = 3\n' + LINK)
    monkeypatch.setenv("LINKGAUGE_BROKER__BOOTSTRAP", "environment:1")
    monkeypatch.setenv("LINKGAUGE_BROKER__TOPIC_PREFIX", "environment.")
    settings = load_settings(flags={"broker": {"bootstrap": "flag:1"}})
    broker = settings.broker
    assert (broker.bootstrap, broker.topic_prefix, broker.partitions) == ("flag:1", "environment.", 3)
    assert settings.links["east"].groups == ("oracle",)


def test_the_environment_spells_names_as_the_file_does(monkeypatch):
    written(LINK.replace("east", "East"))
    monkeypatch.setenv("LINKGAUGE_LINKS__EAST__PATHS", "4")
    monkeypatch.setenv("LINKGAUGE_LINKS__EAST__GROUPS", '["oracle", "mail"]')
    links = load_settings().links
    assert list(links) == ["East"]
    assert (links["East"].paths, links["East"].groups) == (4, ("oracle", "mail"))


def test_which_file(monkeypatch):
    assert settings_file() is None
    default, named, chosen = (written("", name) for name in ("linkgauge.toml", "named.toml", "chosen.toml"))
    assert settings_file() == default
    monkeypatch.setenv("LINKGAUGE_CONFIG", "named.toml")
    assert settings_file() == named
    assert settings_file(chosen) == chosen
    with pytest.raises(SettingsError, match=r"absent\.toml: there is no such file"):
        settings_file(Path("absent.toml"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[brokr]", r"^brokr: there is no such key; did you mean broker\? \(in linkgauge.toml\)$"),
        (
            '[broker]\nbootstap = "x"',
            r"^broker\.bootstap: .* did you mean bootstrap\? \(in linkgauge.toml\)$",
        ),
        ("[reporter]\nport = 70000", r"^reporter\.port: .*65535 \(in linkgauge.toml\)$"),
        ('[reporter]\nport = "many"', r"^reporter\.port: .*integer"),
        (
            "[links.east]\npath_bits_per_second = 1",
            r"^links\.east\.groups: it is needed \(in linkgauge.toml\)$",
        ),
        (
            "[links.east]\npath_bits_per_second = 1\ngroups = []",
            r"^links\.east\.groups: .*at least one group",
        ),
        (LINK.replace('"oracle"', '"a", "a"'), r"^links\.east\.groups: a group is listed twice"),
        (LINK.replace('"oracle"', '"a", 7'), r"^links\.east\.groups\.1: .*string \(in linkgauge.toml\)$"),
        (LINK + "loss_probability = 0.1", r"^links\.east: loss_probability needs rtt_seconds"),
        (LINK + "compression_ratio = 0.5", r"^links\.east\.compression_ratio: .*1"),
        (LINK + 'medium = "atm"', r"^links\.east\.medium: .*tcp1500"),
        (
            LINK + "path_bits_per_secnd = 1",
            r"^links\.east\.path_bits_per_secnd: .*did you mean path_bits_per_second",
        ),
        (
            '[broker.client]\n"enable.idempotence" = true',
            r"^broker\.client: enable\.idempotence is not passed",
        ),
        ("[broker.client]\nsasl.password = [1]", r"^broker\.client: sasl\.password: text"),
        ("[broker\n", r"linkgauge\.toml is not valid TOML: .*line 1"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(text, complaint):
    written(text)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


def test_all_wrong_keys_are_named_at_once():
    written("[reporter]\nport = -1\nhots = 'x'")
    with pytest.raises(SettingsError, match=r"reporter\.port: .*; reporter\.hots: "):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("LINKGAUGE_BROKR__BOOTSTRAP", "x", r"LINKGAUGE_BROKR__BOOTSTRAP: .*did you mean broker"),
        (
            "LINKGAUGE_BROKER__BOOTSTAP",
            "x",
            r"\(LINKGAUGE_BROKER__BOOTSTAP\): .*bootstrap\? \(in the environment",
        ),
        ("LINKGAUGE_REPORTER__PORT", "no", r"reporter\.port \(LINKGAUGE_REPORTER__PORT\): .*integer"),
        ("LINKGAUGE_REPORTER", "no", r"reporter \(LINKGAUGE_REPORTER\): .*dictionary"),
        ("LINKGAUGE_REPORTER_PORT", "29108", r"^LINKGAUGE_REPORTER_PORT: .*LINKGAUGE_REPORTER__PORT\?$"),
        ("LINKGAUGE_BROKER_TOPIC_PREFX", "x", r"did you mean LINKGAUGE_BROKER__TOPIC_PREFIX\?$"),
        ("linkgauge_worker_name", "x", r"^linkgauge_worker_name: .*LINKGAUGE_WORKER__NAME\?$"),
        ("LINKGAUGE_LINKS_EAST__PATHS", "2", r"there is no section links_east; did you mean links\?"),
        ("LINKGAUGE_LINKS_EAST_PATHS", "2", r"variables of links are LINKGAUGE_LINKS__NAME__KEY$"),
        (
            "LINKGAUGE_BROKER_CLIENT_SASL_PASSWORD",
            "x",
            r"did you mean LINKGAUGE_BROKER__CLIENT__SASL_PASSWORD\?$",
        ),
        ("LINKGAUGE_PORT", "29108", r"no such setting; variables are LINKGAUGE_SECTION__KEY"),
        ("LINKGAUGE_LINKS__EAST__GROUPS", "a,b", r"\(LINKGAUGE_LINKS__EAST__GROUPS\): .*tuple"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch, variable, value, complaint):
    written(LINK)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LINKGAUGE_CACHE", "/cache"),
        ("LINKGAUGE_TRACES", "/traces"),
        # As Kubernetes describes services that are called so.
        ("LINKGAUGE_SERVICE_HOST", "10.0.0.1"),
        ("LINKGAUGE_REPORTER_SERVICE_PORT", "9108"),
        ("LINKGAUGE_REPORTER_SERVICE_PORT_METRICS", "9108"),
        ("LINKGAUGE_REPORTER_PORT", "tcp://10.0.0.1:9108"),
        ("LINKGAUGE_REPORTER_PORT_9108_TCP", "tcp://10.0.0.1:9108"),
        ("LINKGAUGE_REPORTER_PORT_9108_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_variables_that_are_no_settings_are_left_alone(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert load_settings() == Settings()


def test_client_options_by_any_spelling(monkeypatch):
    written('[broker.client]\nsecurity.protocol = "SASL_SSL"\n"ssl.ca.location" = "/ca"\nssl.x = true')
    monkeypatch.setenv("LINKGAUGE_BROKER__CLIENT__SASL_PASSWORD", "12345")
    broker = load_settings().broker
    assert broker.client == {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": "/ca",
        "ssl.x": "true",
        "sasl.password": "12345",
    }
    assert "12345" not in repr(broker)


def test_secrets_are_masked():
    options = {
        "security.protocol": "SASL_SSL",
        "uri": "postgresql://me:p@catalog",
        "sasl.username": "me",
        "sasl.password": "p",
        "ssl.key.pem": "k",
        "sasl.oauthbearer.config": "c",
    }
    assert masked(options) == {
        "sasl.oauthbearer.config": MASK,
        "sasl.password": MASK,
        "sasl.username": "me",
        "security.protocol": "SASL_SSL",
        "ssl.key.pem": MASK,
        "uri": MASK,
    }


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().broker.bootstrap = "x"


def test_a_link_becomes_the_link_model():
    written(LINK + 'medium = "fcip1500"\nstreams_per_path = 3\nsafety_factor = 1.5\nspare_paths = 1')
    link = load_settings().links["east"]
    expected = 155_520_000 * Fraction(1448, 1538) * Fraction(2048, 2112) * Fraction("0.7")
    assert usable_per_path(link.path()).bits_per_second == expected
    assert link.path().streams == 3
    assert (link.plan().safety_factor, link.plan().spare_paths) == (1.5, 1)
    written(LINK + "efficiency = 0.5")
    assert usable_per_path(load_settings().links["east"].path()).bits_per_second == 54_432_000


def group(name, *extents, rungs=(900, 3600)):
    members = (Member("array", "volume", 1 << 30, extents or None),)
    return Definition(name, members, Geometry(rungs_seconds=rungs))


def test_overlapping_groups_of_a_link_are_refused():
    written(LINK.replace('"oracle"', '"a", "b", "unknown"'))
    links = load_settings().links
    half = 1 << 29
    require_consistent_links(links, {"a": group("a", (0, half)), "b": group("b", (half, half))})
    with pytest.raises(
        SettingsError, match=r"^links\.east\.groups: groups a and b overlap on .*array/volume"
    ):
        require_consistent_links(links, {"a": group("a", (0, half)), "b": group("b")})


def test_a_range_that_a_group_does_not_measure_is_refused():
    written(LINK + "range_seconds = 900")
    links = load_settings().links
    require_consistent_links(links, {"oracle": group("oracle")})
    with pytest.raises(SettingsError, match=r"^links\.east\.range_seconds 900: .*oracle .*300, 3600 s"):
        require_consistent_links(links, {"oracle": group("oracle", rungs=(3600,))})


def test_groups_in_the_settings():
    written('[groups.oracle]\ninterval_seconds = 60\nmembers = [{array = "a", volume = "v"}]')
    definition = inline_definitions(load_settings())["oracle"]
    assert (definition.group, definition.geometry.interval_seconds) == ("oracle", 60)
    assert [member.id for member in definition.members] == ["a/v"]
    written("[groups.oracle]\nmembers = []\ncolour = 1")
    with pytest.raises(SettingsError, match=r"^groups\.oracle: .*it has no volume"):
        load_settings()
    with pytest.raises(DefinitionError, match=r"^groups\.oracle: "):
        inline_definitions(Settings(groups={"oracle": {"members": []}}))


_WHOLE = 'members = [{array = "x", volume = "v"}]\n'
_PART = 'members = [{array = "x", volume = "v", extents = [[0, 65536]]}]\n'
_TWICE = 'members = [{array = "x", volume = "v", extents = [[0, 131072], [65536, 65536]]}]\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"[groups.a]\n{_TWICE}", r"^groups\.a: .*x/v.*extents overlap"),
        ('[groups.a]\nmembers = [{array = "x"}]', r"^groups\.a\.members.*volume"),
        (
            f"[groups.oracle]\n{_WHOLE}[groups.b]\n{_PART}" + LINK.replace('"oracle"', '"oracle", "b"'),
            r"^links\.east\.groups: groups b and oracle overlap",
        ),
        (
            f"[groups.oracle]\n{_WHOLE}{LINK}range_seconds = 77",
            r"^links\.east\.range_seconds 77: group oracle",
        ),
    ],
)
def test_groups_and_links_that_cannot_be_are_refused_at_loading(text, complaint):
    written(text)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


def test_groups_that_no_link_has_both_of_may_overlap():
    written(f"[groups.oracle]\n{_WHOLE}[groups.b]\n{_PART}{LINK}")
    assert set(load_settings().groups) == {"oracle", "b"}


def test_the_page_lists_every_key_of_a_definition():
    member = Member("a", "v", 1 << 20, ((0, 65_536),), ("x",))
    full = definition_to_json(Definition("g", (member,)))
    assert list(full) == list(GROUP_KEYS)
    assert list(full["members"][0]) == list(MEMBER_KEYS)
    shown = settings_page().partition("## [groups.NAME]")[2]
    for key in (*GROUP_KEYS, *MEMBER_KEYS):
        assert f"\n| `{key}` |" in shown


def test_the_page_tells_the_defaults_of_a_definition():
    needed = {key: "needed" for key, (_, default, _) in GROUP_KEYS.items() if default == "needed"}
    assert list(needed) == ["members"]
    least = definition_to_json(
        definition_from_json({"group": "g", "members": [{"array": "a", "volume": "v"}]})
    )
    for key, (_, default, _) in GROUP_KEYS.items():
        if default.startswith("`"):
            assert json.dumps(least[key]) == default.strip("`")


def test_the_page_is_that_of_the_model():
    assert PAGE.read_text("utf-8") == settings_page(), "python -m streams.settings.page > docs/settings.md"


def test_a_link_names_its_replicator():
    written(LINK + 'profile = "srdf-a-vmax"\nrpo_seconds = 60\n')
    link = load_settings().links["east"]
    assert (link.profile, link.mode, link.rpo_seconds) == ("srdf-a-vmax", None, 60)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('profile = "srdf-a-vmix"', r"^links\.east\.profile: .*choose one of srdf-a-vmax"),
        ('mode = "async"', r"^links\.east\.mode: .*cycle_single"),
        ("rpo_seconds = 0", r"^links\.east\.rpo_seconds: .*0"),
    ],
)
def test_an_unknown_replicator_is_refused(line, complaint):
    written(LINK + line)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()
