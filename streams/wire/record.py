"""A Kafka record as a value: what is sent, and what was received at its place in a log."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_MESSAGE_BYTES", "Header", "Headers", "Received", "Record"]

MAX_MESSAGE_BYTES = 1_000_000
"""No record that linkgauge writes is larger: key, value and headers together."""

_FRAME_BYTES = 64  # lengths and attributes of a record and its batch, generously
_HEADER_BYTES = 10  # the two lengths of a header

Header = tuple[str, bytes | None]
Headers = tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be sent. A header may be null, as Kafka allows; linkgauge itself writes none."""

    key: bytes
    value: bytes | None
    headers: Headers = ()

    def size_bytes(self) -> int:
        """What the record takes in a topic before compression, rounded up."""
        headers = sum(len(name.encode()) + len(value or b"") + _HEADER_BYTES for name, value in self.headers)
        return _FRAME_BYTES + len(self.key) + len(self.value or b"") + headers


@dataclass(frozen=True, slots=True)
class Received:
    """A record as it was found: topic, partition, offset, append time, and the record untouched."""

    topic: str
    partition: int
    offset: int
    append_us: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
