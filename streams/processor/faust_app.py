"""The Faust application, built by a factory so that importing this starts nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import faust
from aiokafka.helpers import create_ssl_context

from streams.errors import SettingsError
from streams.processor.options import WorkerOptions

__all__ = ["build_app"]

_NEVER_SECONDS = 1e9
"""Faust complains when nothing is committed for long; a held interval is no livelock."""


_HONOURED = {
    "security.protocol",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.password",
    "sasl.username",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
}


def build_app(options: WorkerOptions) -> faust.App:
    """An app that consumes, keeps its place in the group, and produces; it owns no tables and no topics."""
    return faust.App(
        options.application,
        broker=";".join(f"kafka://{address.strip()}" for address in options.bootstrap.split(",")),
        broker_credentials=_credentials(options),
        broker_session_timeout=options.session_timeout_seconds,
        broker_heartbeat_interval=options.session_timeout_seconds / 6,
        broker_rebalance_timeout=max(10.0, options.session_timeout_seconds),
        broker_request_timeout=30.0,
        broker_commit_interval=options.commit_interval_seconds,
        broker_commit_livelock_soft_timeout=_NEVER_SECONDS,
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=options.name,
        consumer_max_fetch_size=4 << 20,
        producer_max_batch_size=256 << 10,
        producer_max_request_size=2 << 20,
        producer_request_timeout=options.patience_seconds,
        stream_wait_empty=False,
        stream_buffer_maxsize=options.buffered_messages,
        datadir=Path(tempfile.gettempdir()) / "linkgauge-worker",  # Faust makes one, though nothing goes in
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        worker_redirect_stdouts=False,
    )


def _credentials(options: WorkerOptions) -> Any:
    """The client's security settings in Faust's words; None for a plain connection.

    Raises:
        SettingsError: an option that cannot be honoured; ignoring it could mean less security than asked for.
    """
    client = options.client
    if unknown := sorted(set(client) - _HONOURED):
        known = ", ".join(sorted(_HONOURED))
        raise SettingsError(f"broker.client {', '.join(unknown)}: a worker knows only {known}")
    protocol = client.get("security.protocol", "PLAINTEXT").upper()
    if protocol == "PLAINTEXT":
        return None
    context = create_ssl_context(
        cafile=client.get("ssl.ca.location"),
        certfile=client.get("ssl.certificate.location"),
        keyfile=client.get("ssl.key.location"),
        password=client.get("ssl.key.password"),
    )
    if protocol == "SSL":
        return faust.SSLCredentials(context=context)
    return faust.SASLCredentials(
        username=client.get("sasl.username"),
        password=client.get("sasl.password"),
        mechanism=client.get("sasl.mechanism", client.get("sasl.mechanisms", "PLAIN")),
        ssl_context=context if protocol == "SASL_SSL" else None,
    )
