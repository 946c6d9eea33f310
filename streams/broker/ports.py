"""Ports of 127.0.0.1 for the embedded broker: finding a free one, telling whether one is taken."""

from __future__ import annotations

import random
import socket
import sys

from streams.errors import BrokerError

__all__ = ["HOST", "free_port", "is_free"]

HOST = "127.0.0.1"

# Below the range from which systems take the ports of outgoing connections. A client that keeps knocking at
# a stopped broker's port inside that range is sooner or later given that very port and connects to itself;
# the broker can then not start again.
_FIRST, _LAST = 20_000, 32_000
_TRIES = 200

_claims: list[socket.socket] = []
"""Names that this process holds, one for each port that it was given."""


def free_port() -> int:
    """A port that nobody uses now and that no other process was given here; a stranger may still take it."""
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)
        if is_free(port) and _claim(port):
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


def _claim(port: int) -> bool:
    """Claims a port until this process ends: a broker binds it only seconds later, and again at a restart.

    The claim is a name in Linux' abstract namespace, which is bound to no file. Elsewhere nobody can claim.
    """
    if sys.platform != "linux":
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0linkgauge-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
