"""A Kafka record as a value: what is sent, and what was received at its place in a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "MAX_DEAD_LETTER_BYTES",
    "MAX_MESSAGE_BYTES",
    "Header",
    "Headers",
    "Received",
    "Record",
    "record_bytes",
]

MAX_MESSAGE_BYTES = 1_000_000
"""No record that linkgauge writes or takes is larger: key, value and headers together."""

MAX_DEAD_LETTER_BYTES = 1_048_576
"""A dead letter may be larger than the message in it, by the headers that say why."""

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
        return record_bytes(self.key, self.value, self.headers)


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


def record_bytes(key: bytes | None, value: bytes | None, headers: Iterable[Header]) -> int:
    """What a record takes in a topic before compression, rounded up."""
    extra = sum(4 * len(name) + len(text or b"") + _HEADER_BYTES for name, text in headers)
    return _FRAME_BYTES + len(key or b"") + len(value or b"") + extra
