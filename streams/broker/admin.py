"""Asking a Kafka cluster: a client that is quiet, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined] # not re-exported

from streams.errors import BrokerError, BrokerUnreachable, SettingsError

__all__ = ["CONTACT_SECONDS", "REQUEST_SECONDS", "admin_client", "answers", "require_broker"]

CONTACT_SECONDS = 5.0
"""How long a cluster may take to answer at all: with the start of a command it stays well below 10 s."""

REQUEST_SECONDS = 8.0
"""How long one question to a cluster that answers may take before an error is raised."""

_SILENT = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})  # noqa: SLF001 - librdkafka's own error codes begin so


def require_broker(
    bootstrap: str,
    timeout_seconds: float = CONTACT_SECONDS,
    client_options: Mapping[str, str] | None = None,
) -> ClusterMetadata:
    """What the cluster at `bootstrap` says of itself; BrokerUnreachable when it says nothing in time."""
    causes: list[KafkaError] = []
    client = admin_client(bootstrap, client_options, causes)
    try:
        return client.list_topics(timeout=timeout_seconds)
    except KafkaException as error:
        client.poll(0)  # hands over what went wrong on the connections
        raise _unreachable(bootstrap, causes or [error.args[0]]) from error


def admin_client(
    bootstrap: str,
    client_options: Mapping[str, str] | None = None,
    causes: list[KafkaError] | None = None,
) -> AdminClient:
    """A client with the user's options for TLS and SASL; what fails on its connections goes to `causes`."""
    report = [] if causes is None else causes
    settings: dict[str, Any] = {
        "log_level": 0,  # librdkafka would print every attempt to connect on stderr
        "error_cb": report.append,
        **(client_options or {}),
        "bootstrap.servers": bootstrap,
    }
    try:
        return AdminClient(settings)
    except KafkaException as error:
        raise SettingsError(f"Kafka client options: {error.args[0].str()}") from error


@contextmanager
def answers(bootstrap: str, question: str) -> Iterator[None]:
    """Turns what goes wrong while the cluster is asked into an error that names `question` and the remedy."""
    try:
        yield
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        if cause.code() in _SILENT:
            raise _unreachable(bootstrap, [cause]) from error
        raise BrokerError(f"{question}: the cluster at {bootstrap} answers: {cause.str()}") from error


def _unreachable(bootstrap: str, causes: list[KafkaError]) -> BrokerUnreachable:
    # "All brokers down" only repeats what the causes before it say.
    telling = [cause for cause in causes if cause.code() != KafkaError._ALL_BROKERS_DOWN] or causes  # noqa: SLF001 - as above
    return BrokerUnreachable(
        f"no Kafka broker answers at {bootstrap} ({telling[-1].str()}): start one with `linkgauge up`, "
        "or name yours with --bootstrap HOST:PORT"
    )
