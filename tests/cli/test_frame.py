"""The command as a whole: help, version, global options anywhere, errors and exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from streams import __version__
from streams.cli import app, main
from streams.cli.anywhere import moved_to_front
from streams.cli.session import Session
from streams.errors import SettingsError
from streams.settings import Settings
from tests.programs import LINKGAUGE


@pytest.fixture(autouse=True)
def somewhere_quiet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)
    monkeypatch.delenv("LINKGAUGE_BROKER__BOOTSTRAP", raising=False)


def test_version():
    assert CliRunner().invoke(app, ["--version"]).stdout == f"linkgauge {__version__}\n"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["a", "--config", "f", "-x"], ["--config", "f", "a", "-x"]),
        (["a", "--bootstrap=h:1", "b", "--config", "f"], ["--bootstrap=h:1", "--config", "f", "a", "b"]),
        (["a", "--", "--config", "f"], ["a", "--", "--config", "f"]),
        (["a", "--configure"], ["a", "--configure"]),
        (["a", "--config"], ["--config"]),
        (["a", "--bootstrap", "h:1", "--config"], ["--bootstrap", "h:1", "--config"]),
        ([], []),
    ],
)
def test_global_options_move_to_the_front(typed, read):
    assert moved_to_front(typed) == read


def test_global_options_behind_the_sub_command():
    Path("mine.toml").write_text('[broker]\ntopic_prefix = "mine."\n')
    typed = ["config", "show", "--config", "mine.toml", "--bootstrap", "host:1", "--no-defaults"]
    shown = CliRunner().invoke(app, typed)
    assert shown.stdout == '[broker]\nbootstrap = "host:1"\ntopic_prefix = "mine."\n'
    assert shown.stderr == "settings file: mine.toml\n"


def test_a_kafka_of_ones_own(monkeypatch):
    assert not Session().has_own_kafka
    assert Session(bootstrap="host:1").has_own_kafka
    monkeypatch.setenv("LINKGAUGE_BROKER__BOOTSTRAP", "host:1")
    assert Session().has_own_kafka
    assert Session().source.bootstrap == "host:1"
    assert Session(bootstrap="flag:1").settings == Settings(broker={"bootstrap": "flag:1"})


def test_a_named_error_is_one_line_and_exit_code_1(monkeypatch, capsys):
    def refuse():
        raise SettingsError("the key [x] is wrong")

    failing = typer.Typer()
    failing.command()(refuse)
    monkeypatch.setattr("streams.cli.app", failing)
    monkeypatch.setattr(sys, "argv", ["linkgauge"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert capsys.readouterr() == ("", "linkgauge: the key [x] is wrong\n")


def test_wrong_usage_is_exit_code_2():
    assert CliRunner().invoke(app, ["config", "show", "--colour"]).exit_code == 2
    assert CliRunner().invoke(app, ["no-such-command"]).exit_code == 2


def test_the_installed_program_names_a_wrong_setting():
    Path("linkgauge.toml").write_text("[brokr]\n")
    ended = subprocess.run([LINKGAUGE, "config", "show"], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("linkgauge: brokr: there is no such key; did you mean broker?")


def test_a_question_that_is_denied_is_exit_code_1():
    command = [LINKGAUGE, "groups", "delete", "g"]
    ended = subprocess.run(command, input="n\n", capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.endswith("linkgauge: not confirmed, nothing is done\n")
