"""Ports of 127.0.0.1 for the embedded broker: finding a free one, telling whether one is taken."""

from __future__ import annotations

import random
import socket

from streams.errors import BrokerError

__all__ = ["HOST", "free_port", "is_free"]

HOST = "127.0.0.1"

# Below the range from which systems take the ports of outgoing connections. A client that keeps knocking at
# a stopped broker's port inside that range is sooner or later given that very port and connects to itself;
# the broker can then not start again.
_FIRST, _LAST = 20_000, 32_000
_TRIES = 200


def free_port() -> int:
    """A port that nobody uses now; somebody else may take it before it is bound."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)
        if is_free(port):
            return port
    raise BrokerError(f"no free port on {HOST} between {_FIRST} and {_LAST}")


def is_free(port: int) -> bool:
    """Whether a server could listen at `port` now."""
    with socket.socket() as probe:
        # As Kafka does it: the last connections of a server that just stopped do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
