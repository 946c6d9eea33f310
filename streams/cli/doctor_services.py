"""What the doctor finds of the services: do workers take what comes in, does the reporter answer?"""

from __future__ import annotations

from streams.cli.finding import Finding
from streams.cli.membership import Membership, membership
from streams.cli.probing import ask, local_url
from streams.cli.units import count_text
from streams.errors import BrokerError
from streams.processor.options import WorkerOptions
from streams.settings import Reporter, Settings

__all__ = ["judged", "reporter_finding", "worker_finding"]


def worker_finding(settings: Settings) -> Finding:
    """Whether somebody is in the workers' consumer group, and how much lies behind its committed place."""
    broker = settings.broker
    options = WorkerOptions(broker.bootstrap, "", "", "", broker.topic_prefix)
    try:
        found = membership(broker.bootstrap, options.application, options.topic("writes"), broker.client)
    except BrokerError as error:
        return Finding("worker", holds=False, sentence=f"who works is not known: {error}")
    return judged(found)


def judged(found: Membership) -> Finding:
    """The finding about a consumer group; lag alone is no fault, for what is open is held on purpose."""
    lag = count_text(found.lag_messages, "message")
    group = f"consumer group {found.group}"
    if not found.members:
        sentence = f"nobody is in {group}, {lag} not taken up: run `linkgauge worker`, or `linkgauge up`"
        return Finding("worker", holds=False, sentence=sentence)
    members = count_text(found.members, "member")
    if found.rebalancing:
        sentence = f"{group} is being shared out among {members}, {lag} behind: ask again in some seconds"
        return Finding("worker", holds=False, sentence=sentence)
    if not found.working:
        sentence = f"{members} in {group}, but none has a partition: see the log of the worker and restart it"
        return Finding("worker", holds=False, sentence=sentence)
    sentence = f"{members} in {group}, {lag} behind its place, those of open intervals among them"
    return Finding("worker", holds=True, sentence=sentence)


def reporter_finding(reporter: Reporter) -> Finding:
    """Whether the reporter answers where the settings say, is alive, and has read what there was."""
    if not reporter.port:
        return Finding(
            "reporter", holds=True, sentence="not asked: reporter.port is 0, so it serves on any free port"
        )
    url = local_url(reporter.host, reporter.port)
    alive, ready = ask(f"{url}/healthz"), ask(f"{url}/readyz")
    if alive is None or ready is None:
        sentence = (
            f"nobody answers at {url}: run `linkgauge reporter`, or `linkgauge up`; where it runs elsewhere, "
            "set reporter.host and reporter.port to that"
        )
        return Finding("reporter", holds=False, sentence=sentence)
    if (alive.status, alive.text) == (503, "stuck\n"):
        sentence = f"at {url} it answers but reads no more: see its log and restart it"
        return Finding("reporter", holds=False, sentence=sentence)
    if (alive.status, alive.text) != (200, "ok\n"):
        sentence = f"what answers at {url} is no reporter of linkgauge: choose another reporter.port"
        return Finding("reporter", holds=False, sentence=sentence)
    if ready.status != 200:
        sentence = (
            f"at {url} it still reads what there was, so /metrics is not complete: ask again in a moment, "
            "and see its log if that does not end"
        )
        return Finding("reporter", holds=False, sentence=sentence)
    return Finding("reporter", holds=True, sentence=f"it answers at {url} and is ready")
