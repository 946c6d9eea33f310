"""`config show`: what it prints is a settings file that says the same, without secrets."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from streams.cli import app
from streams.cli.config import as_toml, shown
from streams.settings import Settings, load_settings
from streams.settings.client import MASK

names = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.integers(-(2**62), 2**62) | st.booleans() | st.text(max_size=8) | st.floats(0.001, 1e6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(autouse=True)
def somewhere_quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)


def filled(table):
    """TOML has no sign for a table without keys unless it stands in an array: they are left out."""
    kept = {key: filled(value) if isinstance(value, dict) else value for key, value in table.items()}
    return {key: value for key, value in kept.items() if value != {}}


@given(st.dictionaries(names, values.filter(lambda value: isinstance(value, dict)), max_size=3))
def test_as_toml_says_the_same(table):
    assert filled(tomllib.loads(as_toml(table))) == filled(table)


def test_what_is_shown_is_a_settings_file():
    text = (
        '[broker]\ntopic_prefix = "x."\n[links."to the east"]\ngroups = ["a"]\npath_bits_per_second = 1e6\n'
        '[groups.a]\nmembers = [{array = "one", volume = "v"}]\n'
    )
    Path("linkgauge.toml").write_text(text)
    settings = load_settings()
    Path("linkgauge.toml").write_text(CliRunner().invoke(app, ["config", "show"]).stdout)
    again = load_settings()
    assert again == settings
    assert again != Settings()


def test_secrets_are_not_shown():
    Path("linkgauge.toml").write_text('[broker.client]\nsasl.password = "p4ss"\nsasl.username = "me"\n')
    for flags in ([], ["--json"]):
        ended = CliRunner().invoke(app, ["config", "show", *flags])
        assert "p4ss" not in ended.output
        assert MASK in ended.stdout
        assert "me" in ended.stdout


def test_json():
    ended = CliRunner().invoke(app, ["config", "show", "--json"])
    assert json.loads(ended.stdout) == shown(Settings())
    assert ended.stderr == "settings file: none\n"


def test_secrets_of_the_lake_are_masked():
    storage = {"aws_access_key_id": "known", "AWS_SECRET_ACCESS_KEY": "hidden-1"}
    catalog = {"type": "rest", "uri": "sql://user:hidden-2@host", "credential": "hidden-3"}
    settings = Settings(lake={"path": "s3://bucket", "storage": storage, "catalog": catalog})
    printed = as_toml(shown(settings))
    assert "known" in printed
    assert "rest" in printed
    assert "hidden" not in printed
