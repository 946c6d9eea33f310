"""Free ports of this machine."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from streams.broker import ports
from streams.errors import BrokerError

CLAIM = "import sys; from streams.broker import ports; print(ports._claim(int(sys.argv[1])))"


def test_a_free_port_can_be_bound_and_is_no_port_of_outgoing_connections():
    port = ports.free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not ports.is_free(port)
    assert ports.is_free(port)
    assert port < 32_768  # where Linux begins to take them from


def test_a_taken_port_is_passed_over(monkeypatch):
    offered = iter([1, 2, 3])
    monkeypatch.setattr("random.randint", lambda *_: next(offered))
    monkeypatch.setattr(ports, "is_free", lambda port: port == 3)
    assert ports.free_port() == 3


def test_a_port_is_given_once_even_while_nobody_listens(monkeypatch):
    first = ports.free_port()
    offered = iter([first, first - 1, first - 2, first - 3])
    monkeypatch.setattr("random.randint", lambda *_: next(offered))
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    other = subprocess.run(
        [sys.executable, "-c", CLAIM, str(first)], capture_output=True, text=True, check=True
    )
    assert other.stdout == "False\n"
    assert ports.free_port() < first


def test_a_machine_without_free_ports_says_so(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(BrokerError, match="no free port"):
        ports.free_port()
