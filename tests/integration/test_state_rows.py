"""State that a worker must not go on from: it names the row and the remedy, stops, and nothing is lost."""

from __future__ import annotations

import orjson
import pytest

from streams.store.reading import read_topic
from streams.wire.keys import parse_state_key, state_key
from streams.wire.record import Received, Record
from tests.integration.sites import Site
from tests.waiting import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.broker


def newest_state(site: Site) -> Received:
    rows = [row for row in read_topic(site.source, "state") if row.value is not None]
    return max(rows, key=lambda row: parse_state_key(row.key).offset)


WRONG = [
    ("format", 99, "a state row has format 99, this release reads 1", "start the release that wrote it"),
    ("cluster", "elsewhere", "belongs to cluster elsewhere", "point the worker to the right cluster"),
]


def test_a_row_that_does_not_fit_is_named_with_the_remedy(site: Site):
    site.begin(3, 12)
    assert site.workers.stop_all() == {"w0": 0}
    good = newest_state(site)
    wrong = state_key("g", parse_state_key(good.key).offset + 1)
    for number, (field, value, problem, remedy) in enumerate(WRONG, 1):
        content = orjson.dumps(orjson.loads(good.value) | {field: value})
        site.send_record(Record(wrong, content, good.headers), "state", good.partition)
        committed, rows = site.committed(), site.rows("tables", "intervals", "state")
        assert site.workers.start("w0").wait(PATIENCE_SECONDS) == 1
        topic, offset = site.source.topic("state"), good.offset + number
        place = f"{topic}, partition {good.partition}, offset {offset}, key {wrong.decode()}: "
        error = [line for line in site.workers.log("w0").splitlines() if "worker_failed" in line][-1]
        assert place in error
        assert problem in error
        assert remedy in error
        assert site.committed() == committed
        assert site.rows("tables", "intervals", "state") == rows

    site.send_record(Record(wrong, None), "state", good.partition)
    site.workers.start("w0")
    site.writes(1, (15, 25), 16)
    assert eventually(site.counted, lambda found: len(found) == 2) == [(0, 1, 1, 1.0, 0), (10, 2, 2, 1.0, 0)]
    assert site.workers.stop_all() == {"w0": 0}
