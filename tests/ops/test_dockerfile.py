"""The image: linted, and made by the Dockerfile's own steps where there is no engine."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ops.dockerfile import stages
from tests.ops.roots import Root

ROOT = Path(__file__).parents[2]
STAGES = stages((ROOT / "Dockerfile").read_text())
TOOLS = ("bin/pip", "lib/python3.11/site-packages/pip", "lib/python3.11/site-packages/pytest")


def test_the_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([hadolint, ROOT / "Dockerfile"], check=False, capture_output=True, text=True)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_bases_are_pinned_to_a_release_and_the_user_is_a_number_but_not_root():
    assert {stage.base.count(".") for stage in STAGES} == {2}
    assert STAGES[-1].last("USER") == "10001:10001"


def test_an_unknown_instruction_is_an_error():
    with pytest.raises(ValueError, match="ADD"):
        stages("FROM scratch\nADD secret /\n")


@pytest.mark.external
def test_the_built_image_runs_as_nobody_on_a_root_that_cannot_be_written(image, tmp_path):
    root = Root(tmp_path, [(f"--bind {image.at('/opt/linkgauge')}", "/opt/linkgauge")], read_only=True)
    words = [f"/opt/linkgauge/bin/{STAGES[-1].command('ENTRYPOINT')[0]}", *STAGES[-1].command("CMD")]
    shown = in_root(root, words)
    assert shown.returncode == 0
    assert "Measures how wide" in shown.stdout
    assert in_root(root, ["id", "-u"]).stdout == "10001\n"
    assert in_root(root, ["touch", "/etc/linkgauge/x"]).returncode != 0


@pytest.mark.external
def test_the_image_is_slim(image):
    assert image.at("/opt/linkgauge/bin/linkgauge").is_file()
    for tool in TOOLS:
        assert not image.at(f"/opt/linkgauge/{tool}").exists()
    assert not image.at("/build").exists()


def in_root(root, words):
    run = root.command(words, STAGES[-1].last("USER"))
    return subprocess.run(run, check=False, capture_output=True, text=True)
