"""Collection commands as JSON: `{"at": "2026-02-22T12:00:00Z", "intervals": 12}`, both optional."""

from __future__ import annotations

from typing import Any, Literal

import orjson

from streams.errors import MessageError
from streams.model.messages import Command
from streams.wire.fields import Fields, load_object
from streams.wire.times import format_time, parse_time

__all__ = ["MAX_COMMAND_INTERVALS", "decode_command", "encode_command"]

MAX_COMMAND_INTERVALS = 50_000_000
"""A start asks for no more: so many of the longest intervals still end within 64 bits of microseconds."""


def encode_command(command: Command) -> bytes:
    """What a command says beside its kind.

    Raises:
        ValueError: a field that this kind does not have, or one out of range.
    """
    allowed = {"start": ("at", "intervals"), "stop": ("at",), "delete": ()}[command.action]
    value: dict[str, Any] = {}
    if command.at_us is not None:
        value["at"] = format_time(command.at_us)
    if command.intervals is not None:
        value["intervals"] = command.intervals
    if not set(value) <= set(allowed):
        raise ValueError(f"{command.action} takes {', '.join(allowed) or 'nothing'}, not {', '.join(value)}")
    if command.intervals is not None and not 1 <= command.intervals <= MAX_COMMAND_INTERVALS:
        raise ValueError(f"intervals {command.intervals}: 1 to {MAX_COMMAND_INTERVALS}")
    return orjson.dumps(value)


def decode_command(action: Literal["start", "stop", "delete"], value: bytes) -> Command:
    """The command of a kind with this value.

    Raises:
        MessageError: `bad-json`, or `bad-command` with the field that is wrong.
    """
    fields = Fields(load_object(value), lambda detail: MessageError("bad-command", detail))
    at_us = _time(fields) if action != "delete" and fields.has("at") else None
    intervals = None
    if action == "start" and fields.has("intervals"):
        intervals = fields.integer("intervals", low=1, high=MAX_COMMAND_INTERVALS)
    fields.done()
    return Command(action, at_us, intervals)


def _time(fields: Fields) -> int:
    text = fields.text("at")
    try:
        at_us = parse_time(text)
    except MessageError as error:
        raise MessageError("bad-command", f"at: {error.detail}") from None
    if at_us < 0:
        raise MessageError("bad-command", f"at: {text} is before 1970")
    return at_us
