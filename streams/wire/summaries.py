"""Summaries and gap rows as JSON: what the intervals topic shows to everybody.

Times are RFC 3339 in UTC, sizes bytes, lengths seconds; null is a count that the source could not know.
"""

from __future__ import annotations

from dataclasses import fields as fields_of
from typing import Any

import orjson

from streams.errors import MessageError
from streams.model.entries import Gap, Summary, Totals
from streams.wire.fields import Fields, load_object
from streams.wire.headers import JSON, row_headers
from streams.wire.keys import gap_key, summary_key
from streams.wire.record import Record
from streams.wire.times import format_time, parse_time

__all__ = [
    "decode_interval_row",
    "encode_gap",
    "encode_summary",
    "read_totals",
    "summary_from_json",
    "summary_to_json",
]


_TOTALS = tuple(field.name for field in fields_of(Totals))


def encode_summary(summary: Summary) -> Record:
    """The row of a summary."""
    key = summary_key(summary.group, summary.rung_seconds, summary.start_us, summary.revision)
    return Record(key, orjson.dumps(summary_to_json(summary)), row_headers(JSON))


def encode_gap(gap: Gap) -> Record:
    """The row of a run of intervals that nothing fed."""
    value = {
        "group": gap.group,
        "gap": True,
        "definition_version": gap.definition_version,
        "start": format_time(gap.start_us),
        "end": format_time(gap.end_us),
    }
    return Record(gap_key(gap.group, gap.start_us), orjson.dumps(value), row_headers(JSON))


def decode_interval_row(value: bytes) -> Summary | Gap:
    """The summary or gap in a row of the intervals topic.

    Raises:
        MessageError: not of this form; reason `bad-json` or `bad-row`, the detail names the field.
    """
    fields = _fields(load_object(value))
    return _gap(fields) if fields.has("gap") else _summary(fields)


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """The summary as a JSON object."""
    return {
        "group": summary.group,
        "definition_version": summary.definition_version,
        "rung_seconds": summary.rung_seconds,
        "start": format_time(summary.start_us),
        "end": format_time(summary.end_us),
        "revision": summary.revision,
        "partial": summary.partial,
        "coverage": summary.coverage,
        "volumes": summary.volumes,
        "track_bytes": summary.track_bytes,
        "changed_tracks_or": summary.changed_tracks_or,
        "changed_tracks_sum": summary.changed_tracks_sum,
        "changed_bytes_or": summary.changed_bytes_or,
        "changed_bytes_sum": summary.changed_bytes_sum,
        "writes": summary.writes,
        "written_bytes": summary.written_bytes,
        "slot_seconds": summary.slot_seconds,
        "written_bytes_by_slot": summary.written_bytes_by_slot,
        "discards": summary.discards,
        "late_writes": summary.late_writes,
        "watermark": None if summary.watermark_us is None else format_time(summary.watermark_us),
        "totals": {name: getattr(summary.totals, name) for name in _TOTALS},
    }


def summary_from_json(value: object) -> Summary:
    """The summary in a parsed JSON object.

    Raises:
        MessageError: not of this form; reason `bad-row`, the detail names the field.
    """
    return _summary(_fields(value))


def read_totals(fields: Fields) -> Totals:
    """The counters of a group, every one of them."""
    totals = Totals(**{field.name: fields.integer(field.name) for field in fields_of(Totals)})
    fields.done()
    return totals


def _fields(value: object) -> Fields:
    return Fields(value, lambda detail: MessageError("bad-row", detail))


def _gap(fields: Fields) -> Gap:
    if not fields.flag("gap"):
        raise MessageError("bad-row", "gap: expected true or no such field")
    gap = Gap(
        group=fields.text("group"),
        definition_version=fields.integer("definition_version"),
        start_us=_time(fields, "start"),
        end_us=_time(fields, "end"),
    )
    fields.done()
    return gap


def _summary(fields: Fields) -> Summary:
    slots = fields.items_or_none("written_bytes_by_slot")
    watermark = fields.text_or_none("watermark")
    end_us = _time(fields, "end")
    summary = Summary(
        group=fields.text("group"),
        definition_version=fields.integer("definition_version"),
        rung_seconds=fields.integer("rung_seconds", low=1),
        start_us=_time(fields, "start"),
        revision=fields.integer("revision"),
        partial=fields.flag("partial"),
        coverage=fields.number("coverage"),
        volumes=fields.integer("volumes"),
        track_bytes=fields.integer("track_bytes", low=1),
        changed_tracks_or=fields.integer("changed_tracks_or"),
        changed_tracks_sum=fields.integer("changed_tracks_sum"),
        changed_bytes_or=fields.integer("changed_bytes_or"),
        changed_bytes_sum=fields.integer("changed_bytes_sum"),
        writes=fields.integer_or_none("writes"),
        written_bytes=fields.integer_or_none("written_bytes"),
        slot_seconds=fields.integer("slot_seconds", low=1),
        written_bytes_by_slot=None
        if slots is None
        else tuple(None if item is None else fields.as_integer(item, at) for at, item in slots),
        discards=fields.integer("discards"),
        late_writes=fields.integer("late_writes"),
        watermark_us=None if watermark is None else _parsed("watermark", watermark),
        totals=read_totals(fields.below("totals")),
    )
    fields.done()
    if summary.end_us != end_us:
        raise MessageError(
            "bad-row", f"end: expected {format_time(summary.end_us)} by start and rung_seconds"
        )
    return summary


def _time(fields: Fields, name: str) -> int:
    return _parsed(name, fields.text(name))


def _parsed(name: str, text: str) -> int:
    try:
        return parse_time(text)
    except MessageError as error:
        raise MessageError("bad-row", f"{name}: {error.detail}") from None
