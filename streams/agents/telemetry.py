"""What agents show of themselves: for a program that embeds publishers and is watched by Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from streams import __version__
from streams.agents.publisher import Publisher
from streams.telemetry.family import Family, Reading, by_name, line_of, page_of
from streams.telemetry.web import Answers, application, serving

__all__ = ["FAMILIES", "serving_metrics"]

_AGENT = ("data_group", "array", "agent")

FAMILIES: Final[Mapping[str, Family]] = by_name(
    (
        Family("agent_sent_messages_total", "counter", _AGENT, "Messages handed to the Kafka client."),
        Family("agent_sent_writes_total", "counter", _AGENT, "Writes in them."),
        Family(
            "agent_lost_writes_total",
            "counter",
            _AGENT,
            "Writes dropped because Kafka did not keep up; they show as missing coverage.",
        ),
        Family("agent_spooled_messages", "gauge", _AGENT, "Messages that Kafka has not acknowledged yet."),
        Family("agent_spooled_bytes", "gauge", _AGENT, "Bytes of these messages."),
        Family("agent_failed", "gauge", _AGENT, "1 once a delivery failed for good: no more is sent."),
        Family("build_info", "info", ("version",), "What runs here."),
    )
)
"""All families by name, in the order in which they are served."""


@contextmanager
def serving_metrics(
    publishers: Sequence[Publisher], host: str = "127.0.0.1", port: int = 9111
) -> Iterator[int]:
    """Serves `/metrics` and health of these publishers meanwhile; gives the port. 0 picks a free one.

    Raises:
        SettingsError: nobody can listen there.
    """

    def is_alive() -> bool:
        return not any(publisher.has_failed for publisher in publishers)

    answers = Answers("agent", lambda wanted: _page(publishers, open_metrics=wanted), is_alive, is_alive)
    with serving(application(answers), host, port, "agent") as listening:
        yield listening


def _page(publishers: Sequence[Publisher], *, open_metrics: bool) -> Iterator[str]:
    lines: dict[str, list[str]] = {}
    readings = [reading for publisher in publishers for reading in _readings(publisher)]
    for reading in (*readings, Reading("build_info", (__version__,), 1)):
        lines.setdefault(reading.family, []).append(line_of(FAMILIES[reading.family], reading))
    return page_of(FAMILIES, lines, open_metrics=open_metrics)


def _readings(publisher: Publisher) -> Iterator[Reading]:
    name, found = publisher.name, publisher.statistics
    yield Reading("agent_sent_messages_total", name, found.sent_messages)
    yield Reading("agent_sent_writes_total", name, found.sent_writes)
    yield Reading("agent_lost_writes_total", name, found.dropped_writes)
    yield Reading("agent_spooled_messages", name, found.unacknowledged)
    yield Reading("agent_spooled_bytes", name, found.unacknowledged_bytes)
    yield Reading("agent_failed", name, publisher.has_failed)
