"""Kills of two workers on a real Kafka, and every row compared with the oracle."""

from pathlib import Path

import pytest

from streams.broker.layout import TopicLayout
from streams.broker.process import EmbeddedBroker
from streams.broker.topics import create_topics
from streams.processor.options import Shell
from tests.integration.chaos import Campaign, run

pytestmark = [pytest.mark.broker, pytest.mark.long]

KILLS = {"faust": 12, "confluent": 6}
"""`make chaos WORKER_SHELL=confluent` kills more often."""


def test_no_row_is_wrong_missing_or_double_after_kills(shell: Shell, tmp_path: Path) -> None:
    layout = TopicLayout(prefix="chaos.", partitions=4)
    with EmbeddedBroker(tmp_path / "kafka", port=0) as broker:
        create_topics(broker.bootstrap, layout)
        campaign = Campaign(
            KILLS[shell], seed=20, freezes=0.1, broker_restarts=1, pause_seconds=(0.2, 1.2), shell=shell
        )
        outcome = run(broker, layout, tmp_path, campaign)
    assert outcome.kills == KILLS[shell]
    assert outcome.broker_restarts == 1
    assert outcome.verdict.marks > 0
    assert outcome.verdict.rows > 1000
