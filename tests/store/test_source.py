"""How a cluster is asked, and what it is called when it refuses."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from streams.lake.intake import group_name
from streams.processor.options import WorkerOptions
from streams.settings.sections import Lake
from streams.store.source import Source


def test_every_consumer_group_begins_with_the_prefix_so_that_one_rule_allows_them_all():
    source = Source("kafka:9092", "site-a.")
    groups = [
        source.reader_group,
        group_name("site-a.", Lake()),
        WorkerOptions("kafka:9092", "w", "h", "d", "site-a.").application,
    ]
    assert [group.startswith("site-a.") for group in groups] == [True] * 3


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (KafkaError.GROUP_AUTHORIZATION_FAILED, "consumer groups site-a."),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "topics site-a."),
    ],
)
def test_a_cluster_that_forbids_says_what_to_allow(code, told):
    error = Source("kafka:9092", "site-a.").named(KafkaError(code), [])
    assert told in str(error)
    assert "docs/operations.md" in str(error)
