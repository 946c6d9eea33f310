"""Every failure that linkgauge names, on one screen.

LinkgaugeError
├── SettingsError            a setting is wrong; names its key
├── DefinitionError          a data-group definition or command is wrong; names the place
├── MessageError             a message cannot be understood; becomes a dead letter
├── TraceError               a line of a trace does not parse; names file, line, column
├── ReplayError              a replay would not be accepted by what its group has closed
├── BrokerError              Kafka is not as the service needs it
│   ├── BrokerUnreachable    nobody answers at the bootstrap address
│   └── TopicMismatch        a topic is missing or set up differently
├── LakeError                a table of the lake, or its storage, is not as the sink needs it
├── StateError               stored state does not belong to this topic, cluster or version
└── MissingData              what a report asks for was never measured
"""

from __future__ import annotations

__all__ = [
    "BrokerError",
    "BrokerUnreachable",
    "DefinitionError",
    "LakeError",
    "LinkgaugeError",
    "MessageError",
    "MissingData",
    "ReplayError",
    "SettingsError",
    "StateError",
    "TopicMismatch",
    "TraceError",
]


class LinkgaugeError(Exception):
    """Root of all errors that linkgauge raises on purpose. Operator: the message names the remedy."""


class SettingsError(LinkgaugeError):
    """A setting is unknown or wrong. Operator: correct the key that the message names."""


class DefinitionError(LinkgaugeError):
    """A data-group definition or command is refused. Operator: correct the file and apply it again."""


class MessageError(LinkgaugeError):
    """A message on a topic breaks its contract; `reason` is the short code in the dead letter's headers.

    Operator: mend the producer, then `linkgauge dead-letters redrive`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class TraceError(LinkgaugeError):
    """A trace line does not parse. Operator: correct the line or the format, or pass --skip-bad."""

    def __init__(self, file: str, line: int, column: int, expected: str, found: str) -> None:
        super().__init__(f"{file}:{line}:{column}: expected {expected}, found {found!r}")
        self.file = file
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found


class ReplayError(LinkgaugeError):
    """A replay is older than what its group has closed. Operator: replay into a new group."""


class BrokerError(LinkgaugeError):
    """Kafka answered, but not with what is needed. Operator: `linkgauge doctor`."""


class BrokerUnreachable(BrokerError):
    """No broker answers at the bootstrap address. Operator: `linkgauge up`, or pass --bootstrap."""


class TopicMismatch(BrokerError):
    """A topic is missing or has other settings. Operator: `linkgauge topics check`, then `topics create`."""


class LakeError(LinkgaugeError):
    """A table of the lake cannot be read or written, or is of another log. Operator: see docs/lake.md."""


class StateError(LinkgaugeError):
    """A state row names another cluster, topic, partition or version. Operator: see docs/operations.md."""


class MissingData(LinkgaugeError):
    """The asked range or group was never measured. Operator: `linkgauge groups list`, widen the range."""
