"""Topics that are not as they must be: `topics check` and the worker say which, and what to do."""

from __future__ import annotations

import subprocess

import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from tests.integration.sites import Site
from tests.programs import LINKGAUGE
from tests.waiting import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("shell", ["faust"])
def test_wrong_partitions_and_cleanup_are_told_by_check_and_worker(site: Site, tmp_path):
    client = AdminClient({"bootstrap.servers": site.source.bootstrap})
    tables, state = site.source.topic("tables"), site.source.topic("state")
    site.configure("tables", "cleanup.policy", "delete")
    client.create_partitions([NewPartitions(state, 3)])[state].result()
    eventually(lambda: client.list_topics(timeout=8).topics[state].partitions, lambda found: len(found) == 3)
    site.write_settings()
    for command, code in ((["topics", "check"], 3), (["worker"], 1)):
        ended = subprocess.run(
            [LINKGAUGE, *command],
            cwd=tmp_path,
            timeout=PATIENCE_SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code
        assert (
            f"{tables}: cleanup.policy must be compact,delete, is delete; run `kafka-configs" in ended.stderr
        )
        assert f"{state}: partitions must be 2, is 3; set the number of partitions" in ended.stderr
    assert site.committed() == {}
