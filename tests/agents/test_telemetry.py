"""What an embedded publisher shows over HTTP: sent, spooled, lost, failed."""

# the addresses are those of our own server

from urllib.request import urlopen

import pytest

from streams.agents.publisher import Publisher, PublisherOptions
from streams.agents.telemetry import FAMILIES, serving_metrics


def page(port, path="/metrics"):
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return reply.read().decode()


@pytest.mark.broker
def test_sent_and_spooled(topics):
    options = PublisherOptions(topic_prefix=topics.prefix)
    with (
        Publisher(topics.bootstrap, 'g"1"', "a", "x", options) as publisher,
        serving_metrics([publisher], port=0) as port,
    ):
        publisher.write("v", 0, 4096)
        publisher.flush()
        text = page(port)
        labels = '{data_group="g\\"1\\"",array="a",agent="x"}'
        assert f"linkgauge_agent_sent_writes_total{labels} 1.0" in text
        assert f"linkgauge_agent_spooled_messages{labels} 0.0" in text
        assert f"linkgauge_agent_failed{labels} 0.0" in text
        assert [name for name in FAMILIES if f"# TYPE linkgauge_{name} " not in text] == []
        assert page(port, "/healthz") == "ok\n"
