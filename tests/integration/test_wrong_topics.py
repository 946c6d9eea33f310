"""Topics that are not as they must be: `topics check` and the worker say which, and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    ResourceType,
)

from tests.integration.sites import Site, eventually

pytestmark = pytest.mark.broker

LINKGAUGE = str(Path(sys.executable).with_name("linkgauge"))


def test_wrong_partitions_and_cleanup_are_told_by_check_and_worker(site: Site, tmp_path):
    client = AdminClient({"bootstrap.servers": site.source.bootstrap})
    tables, state = site.source.topic("tables"), site.source.topic("state")
    change = ConfigEntry("cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, tables, incremental_configs=[change])
    client.incremental_alter_configs([resource])[resource].result()
    client.create_partitions([NewPartitions(state, 3)])[state].result()
    asked = ConfigResource(ResourceType.TOPIC, tables)
    eventually(
        lambda: client.describe_configs([asked])[asked].result()["cleanup.policy"].value,
        lambda found: found == "delete",
    )
    eventually(lambda: client.list_topics(timeout=8).topics[state].partitions, lambda found: len(found) == 3)
    (tmp_path / "linkgauge.toml").write_text(
        f'[broker]\nbootstrap = "{site.source.bootstrap}"\ntopic_prefix = "{site.layout.prefix}"\n'
        f"partitions = {site.layout.partitions}\n"
    )
    for command, code in ((["topics", "check"], 3), (["worker"], 1)):
        ended = subprocess.run(
            [LINKGAUGE, *command], cwd=tmp_path, timeout=30, capture_output=True, text=True, check=False
        )
        assert ended.returncode == code
        assert (
            f"{tables}: cleanup.policy must be compact,delete, is delete; run `kafka-configs" in ended.stderr
        )
        assert f"{state}: partitions must be 2, is 3; set the number of partitions" in ended.stderr
    assert site.committed() == {}
