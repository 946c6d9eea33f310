"""What the embedded broker is told."""

from __future__ import annotations

from pathlib import Path

from streams.broker import config


def read(properties):
    return dict(line.split("=", 1) for line in properties.splitlines())


def test_it_listens_to_this_machine_only():
    settings = read(config.server_properties(19092, 20001))
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:20001"
    assert settings["advertised.listeners"] == settings["listeners"]


def test_one_node_needs_no_copies_and_creates_nothing_by_itself():
    settings = read(config.server_properties(19092, 20001))
    assert {value for key, value in settings.items() if key.endswith("replication.factor")} == {"1"}
    assert settings["auto.create.topics.enable"] == "false"


def test_paths_are_relative_to_the_data_folder():
    assert read(config.server_properties(1, 2))["log.dirs"] == "kafka"
    assert read(config.log_settings())["appender.file.fileName"] == "broker.log"


def test_the_command_lines_name_java_the_jars_and_the_class():
    run = config.run_command(Path("/java"), [Path("/a.jar"), Path("/b.jar")], "server.properties")
    assert run[0] == "/java"
    assert run[-4:] == ["-cp", "/a.jar:/b.jar", "kafka.Kafka", "server.properties"]
    prepare = config.format_command(Path("/java"), [Path("/a.jar")], "ID", "p")
    assert prepare[-7:] == ["kafka.tools.StorageTool", "format", "--standalone", "-t", "ID", "-c", "p"]


def test_the_default_address_is_one_constant():
    assert config.DEFAULT_BOOTSTRAP == "127.0.0.1:19092"
