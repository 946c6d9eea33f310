"""Wrong usage: exit code 2 and one line, before anything is read from or sent to a broker."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
import typer

from streams.cli import main
from streams.cli.usage import group_name, time_range

REPLAY = "agent replay t.csv --format csv --mapping time=1,volume=2,offset=3,length=4"


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """`typed("entries --group g")`: exit code and what is said, where no broker answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINKGAUGE_CONFIG", raising=False)
    monkeypatch.setenv("LINKGAUGE_BROKER__BOOTSTRAP", "127.0.0.1:1")
    Path("t.csv").write_text("1,v,0,4096\n")

    def typed(line: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["linkgauge", *shlex.split(line)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert said.out == ""
        return end.value.code or 0, said.err

    return typed


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (f"{REPLAY} --group g --track 0", "track_bytes 0: 512 to 1048576"),
        (f"{REPLAY} --group g --track 100", "track_bytes 100: 512 to 1048576"),
        (f"{REPLAY} --group g --interval 90000", "interval_seconds 90000"),
        (f"{REPLAY} --group g --interval 0", "--interval"),
        (f"{REPLAY} --group g --speed 0", "speed 0"),
        (f"{REPLAY} --group g --speed nan", "speed nan"),
        (f"{REPLAY} --group g --patience -1", "--patience"),
        (f"{REPLAY} --group g --patience nan", "--patience"),
        (f"{REPLAY} --group g --start noon", "'noon' is no time"),
        (f"{REPLAY} --group g --action Z", "action Z"),
        (f"{REPLAY} --group g --array a/b", "array 'a/b'"),
        (f"{REPLAY} --group ''", "a name is needed"),
        (f"{REPLAY} --group {'x' * 256}", "at most 255 bytes"),
        ("agent replay t.csv --format csv --group g", "a mapping of columns is needed"),
        ("agent replay t.csv --format csv --group g --mapping foo", "'foo'"),
        ("agent replay t.csv --format tar --group g", "format tar"),
        ("agent replay no.csv --format msr --group g", "'no.csv' does not exist"),
        ("agent synthetic --group ''", "a name is needed"),
        ("agent synthetic --track 100", "track_bytes 100"),
        ("agent synthetic --volumes 0", "volumes_per_array"),
        ("agent synthetic --write-bytes 100000", "write_bytes"),
        ("measure t.csv --format csv", "a mapping of columns is needed"),
        ("measure t.csv --format msr --track 0", "track_bytes 0"),
        ("entries --group ''", "a name is needed"),
        ("entries --group g --from 2020-01-02 --to 2020-01-01", "--from 2020-01-02 must lie before"),
        ("entries --group g --from 2020-01-02 --to 2020-01-02", "--from 2020-01-02 must lie before"),
        ("entries --group g --rung 0", "--rung"),
        ("entries --group g --volume v", "name it ARRAY/VOLUME"),
        ("entries --group g --volume /v", "name it ARRAY/VOLUME"),
        ("report group ''", "a name is needed"),
        ("report group g --from 2020-01-02 --to 2020-01-01", "must lie before"),
        ("report link ''", "it is empty"),
        ("report link east --from 2020-01-02 --to 2020-01-01", "must lie before"),
        ("plan", "under-determined: --changed, --paths, --path, --time are left out"),
        ("plan --changed 1TiB --path OC-3", "give 1 more of them"),
        ("plan --changed 1 --path 1 --time 1 --paths 1", "over-determined: all of --changed"),
        ("plan --changed 1T --path OC-3 --time 1h", "--changed '1T': say TB"),
        ("plan --changed -1 --path OC-3 --time 1h", "--changed '-1': it cannot be negative"),
        ("plan --changed 1 --path 0 --time 1h", "--path '0': it must be more than zero"),
        ("plan --changed 1 --path -5Mbit/s --time 1h", "--path '-5Mbit/s': it must be more than zero"),
        ("plan --changed 1 --path 1 --time 0", "--time '0': it must be more than zero"),
        ("plan --changed 1 --path 1 --paths 2,3", "--paths: give one number"),
        ("plan --changed 1 --path 1,2 --time 1", "--path: one value, without commas"),
        ("plan --changed 1 --path 1 --time 1 --rtt -1ms", "--rtt '-1ms': it must be more than zero"),
        ("plan --changed 1 --path 1 --time 1 --rtt 1ms --loss 1", "--loss '1': a share of the packets"),
        ("plan --changed 1 --path 1 --time 1 --loss 0.1", "only together with --rtt"),
        ("plan --changed 1 --path 1 --time 1 --ceiling 110%", "--ceiling '110%': a share above 0"),
        (
            "plan --changed 1 --path 1 --time 1 --compression 0.5",
            "--compression '0.5': a factor of at least 1",
        ),
        ("plan --changed 1 --path 1 --time 1 --medium ip", "--medium 'ip': choose one of raw"),
        ("plan --changed 1 --path 1 --time 1 --horizon 1e9", "--horizon '1e9': years to plan ahead"),
        (
            "plan --changed 1 --path 1 --paths 2 --spare 2",
            "spare_paths 2: of 2 paths at least one must carry",
        ),
        ("plan --changed 1 --path 1 --time 1 --rpo 1min", "--rpo: only with measured data"),
        ("plan --group g --percentile 101", "--percentile '101': a percentage, from 0 to 100"),
        ("plan --group g --link l", "--group and --link exclude each other"),
        ("plan --file no.toml", "'no.toml' does not exist"),
        ("groups start ''", "a name is needed"),
        ("groups stop '' --no-wait", "a name is needed"),
        ("groups show g --version 0", "--version"),
        ("groups stop g --patience -1", "--patience"),
        ("groups apply .", "is a directory"),
        ("dead-letters list --group ''", "a name is needed"),
        ("--config no.toml groups list", "'no.toml' does not exist"),
        ("--bootstrap '' groups list", "it is empty"),
        ("groups list --bootstrap", "requires an argument"),
        ("groups lst", "No such command"),
        ("entries", "--group"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(typed, line, what):
    code, said = typed(line)
    assert code == 2
    assert said.startswith("linkgauge: ")
    assert what in said
    assert said.count("\n") == 1


def test_where_to_read_on_is_told(typed):
    _, said = typed("groups start g --intervals 0")
    assert said.endswith("; see `linkgauge groups start --help`\n")


def test_right_usage_asks_the_broker(typed):
    code, said = typed("entries --group g --from 2020-01-01 --to 2020-01-02")
    assert (code, "no Kafka broker answers" in said) == (1, True)


def test_help_that_was_asked_for_is_no_complaint(monkeypatch, capsys):
    for line, code in (("groups", 2), ("groups --help", None)):
        monkeypatch.setattr(sys, "argv", ["linkgauge", *line.split()])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert (end.value.code or None, said.err) == (code, "")
        assert "Usage: linkgauge groups" in said.out


def test_names_and_ranges_that_are_right():
    assert group_name("x" * 255) == "x" * 255
    assert group_name(None) is None
    assert time_range("1970-01-01", "1970-01-01T00:00:00.000001Z") == (0, 1)
    assert time_range(None, "1970-01-01") == (None, 0)
    with pytest.raises(typer.BadParameter):
        group_name("")
