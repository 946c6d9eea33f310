"""Why the wire refuses a message: every code that it gives, and what it says.

The group's collector has reasons of its own, for messages that it understands but must not apply.
"""

from __future__ import annotations

__all__ = ["REASONS"]

REASONS = {
    "bad-key": "the key is missing or does not have the topic's form",
    "missing-header": "a header that this kind needs is not there",
    "bad-header": "a header has no readable value, or is there twice",
    "unknown-version": "header v names a version of the contract that this release does not read",
    "unknown-kind": "header kind names no kind of message",
    "unknown-content-type": "this kind does not come in this content type",
    "payload-missing": "the kind needs a value and the message has none",
    "payload-unexpected": "the kind has no value and the message has one",
    "too-large": "the message has more than 1,000,000 bytes: key, value and headers together",
    "bad-arrow": "the value is no Arrow IPC stream of one valid record batch",
    "bad-json": "the value is no JSON object",
    "bad-schema": "a column or field is missing, or has another type",
    "extra-column": "a column or field that the contract does not have; content of writes is never taken",
    "bad-value": "a value is null or outside its range, or columns differ in length",
    "bad-bitmap": "a bitmap is no portable Roaring bitmap, or lies off its grid",
    "bad-definition": "a data-group definition is wrong",
    "bad-command": "a collection command is wrong",
    "bad-row": "a row that linkgauge wrote itself does not have its form",
    "missing-part": "an interval's tables are not complete",
    "not-redrivable": "a dead letter has nothing that could be sent again",
}
