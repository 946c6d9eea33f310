"""Which Java runs the broker."""

from __future__ import annotations

import pytest

from streams.broker import java
from streams.errors import BrokerError


def pretend_java(folder, version):
    """A program that answers `-version` as a Java of that version does."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("text", "major"), [("1.8.0_402", 8), ("11.0.2", 11), ("17.0.15", 17), ("25", 25), ("26-ea", 26)]
)
def test_versions_are_read_in_all_their_forms(tmp_path, text, major):
    assert java.major_version(pretend_java(tmp_path, text)) == major


def test_what_does_not_run_or_is_no_java_has_no_version(tmp_path):
    assert java.major_version(tmp_path / "missing") is None
    silent = pretend_java(tmp_path, "17")
    silent.write_text("#!/bin/sh\nexit 0\n")
    assert java.major_version(silent) is None
    silent.write_text("#!/bin/sh\nexit 1\n")
    assert java.major_version(silent) is None


def test_java_home_goes_before_the_path(tmp_path, monkeypatch):
    chosen = pretend_java(tmp_path / "home", "21.0.1")
    on_path = pretend_java(tmp_path / "path", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/bin")
    assert java.find_java() == java.Java(chosen, 21)
    monkeypatch.delenv("JAVA_HOME")
    assert java.find_java() == java.Java(on_path, 17)


def test_an_old_java_gives_way_to_the_bundled_one(tmp_path, monkeypatch):
    pretend_java(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/bin")
    found = java.find_java()
    assert found.path == java.bundled_java()
    assert found.version >= java.OLDEST_JAVA


def test_without_any_java_the_error_tells_what_was_seen_and_what_to_do(tmp_path, monkeypatch):
    old = pretend_java(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(java, "bundled_java", lambda: None)
    # The pretended Java is a shell script, which finds its shell by an absolute path.
    with pytest.raises(BrokerError) as refusal:
        java.find_java()
    text = str(refusal.value)
    assert f"no Java 17 or newer for the embedded Kafka; seen: {old} (version 11)" in text
    assert "linkgauge[broker]" in text
    assert "--bootstrap" in text
