"""Jars: pinned, fetched once, verified at every use."""

from __future__ import annotations

import functools
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.broker.jars import Jar, cache_folder, fetch_jars, parse_lock, pinned_jars
from streams.errors import BrokerError, SettingsError

RIGHT, WRONG = b"the right bytes", b"other bytes"
TOOL = Jar("org.example", "tool", "1.0", hashlib.sha256(RIGHT).hexdigest())
OTHER = Jar("org.example", "other", "2.0", hashlib.sha256(RIGHT).hexdigest())


class SlowHandler(SimpleHTTPRequestHandler):
    """Takes its time for a jar, and keeps the paths of all that was asked for."""

    asked: list[str]

    def do_GET(self):
        self.asked.append(self.path)
        threading.Event().wait(0.2)
        super().do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A Maven repository over HTTP that stands for Maven Central; put files into the folder it yields."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.setattr(SlowHandler, "asked", [], raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SlowHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    use_repository(monkeypatch, tmp_path, f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def use_repository(monkeypatch, folder, address):
    settings = folder / "jgo.conf"
    settings.write_text(f"[repositories]\ncentral = {address}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    monkeypatch.setattr("time.sleep", lambda _: None)  # between attempts


def publish(repository, jar, content):
    folder = repository.joinpath(*jar.group.split("."), jar.artifact, jar.version)
    folder.mkdir(parents=True)
    (folder / jar.filename).write_bytes(content)


def test_missing_jars_are_downloaded_verified_and_kept(repository, tmp_path):
    publish(repository, TOOL, RIGHT)
    publish(repository, OTHER, RIGHT)
    steps = []
    paths = fetch_jars([TOOL, OTHER], tmp_path / "cache", steps.append)
    assert [path.name for path in paths] == ["tool-1.0.jar", "other-2.0.jar"]
    assert {path.read_bytes() for path in paths} == {RIGHT}
    assert steps[-1] == "downloading Apache Kafka: 2 of 2 jars"
    assert sorted(path.name for path in (tmp_path / "cache/jars").iterdir()) == [
        "other-2.0.jar",
        "tool-1.0.jar",
    ]


def test_two_that_start_at_once_download_once(repository, tmp_path):
    publish(repository, TOOL, RIGHT)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: fetch_jars([TOOL], tmp_path / "cache"), range(2)))
    assert found == [[tmp_path / "cache/jars/tool-1.0.jar"]] * 2
    assert [path for path in SlowHandler.asked if path.endswith(".jar")] == [
        "/org/example/tool/1.0/tool-1.0.jar"
    ]


def test_a_full_cache_asks_nobody(monkeypatch, tmp_path):
    use_repository(monkeypatch, tmp_path, "http://127.0.0.1:1")
    fill(tmp_path, TOOL, RIGHT)
    assert fetch_jars([TOOL], tmp_path) == [tmp_path / "jars/tool-1.0.jar"]


def fill(cache, jar, content):
    (cache / "jars").mkdir()
    (cache / "jars" / jar.filename).write_bytes(content)


def test_a_changed_jar_in_the_cache_is_refused_by_name(tmp_path):
    fill(tmp_path, TOOL, WRONG)
    with pytest.raises(BrokerError) as refusal:
        fetch_jars([TOOL], tmp_path)
    text = str(refusal.value)
    assert str(tmp_path / "jars/tool-1.0.jar") in text
    assert "org.example:tool:1.0" in text
    assert f"expected {TOOL.sha256}, found {hashlib.sha256(WRONG).hexdigest()}" in text
    assert "delete the file" in text


def test_a_wrong_download_is_refused_by_name_and_not_kept(repository, tmp_path):
    publish(repository, TOOL, WRONG)
    with pytest.raises(
        BrokerError, match=r"download of org\.example:tool:1\.0 \(tool-1\.0\.jar\) is not the pinned"
    ):
        fetch_jars([TOOL], tmp_path / "cache")
    assert list((tmp_path / "cache/jars").iterdir()) == []


def test_without_network_the_error_names_the_jar_and_the_way_out(monkeypatch, tmp_path):
    use_repository(monkeypatch, tmp_path, "http://127.0.0.1:1")
    with pytest.raises(BrokerError, match=r"cannot download org\.example:tool:1\.0 .*network.*--bootstrap"):
        fetch_jars([TOOL], tmp_path / "cache")
    assert list((tmp_path / "cache/jars").iterdir()) == []


def test_a_jar_that_the_repository_lacks_is_named(repository, tmp_path):
    with pytest.raises(BrokerError, match=r"cannot download org\.example:tool:1\.0"):
        fetch_jars([TOOL], tmp_path / "cache")
    assert repository.exists()


def test_an_unusable_cache_folder_is_a_settings_error(tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(SettingsError, match="LINKGAUGE_CACHE"):
        fetch_jars([TOOL], tmp_path / "cache")


def test_the_cache_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("LINKGAUGE_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path("/home/me/.cache/linkgauge")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_folder() == Path("/home/me/.cache/linkgauge")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert cache_folder() == Path("/var/cache/me/linkgauge")
    monkeypatch.setenv("LINKGAUGE_CACHE", "~/mine")
    assert cache_folder() == Path("/home/me/mine")


def test_a_lock_file_is_read_line_by_line():
    text = f"# comment\n{TOOL.sha256} org.example:tool:1.0\n\n{OTHER.sha256} org.example:other:2.0\n"
    assert parse_lock(text) == (TOOL, OTHER)


def test_the_pins_are_one_kafka_and_no_two_jars_share_a_name():
    jars = pinned_jars()
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.3.1"}
    assert len({jar.filename for jar in jars}) == len(jars) == 46
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)
