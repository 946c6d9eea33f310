"""Rows as they are on the topics: what an encoding forgets, a worker that loads them lacks."""

from __future__ import annotations

from streams.wire.definitions import decode_version, encode_version
from streams.wire.states import Home, decode_state, encode_state, tables_from
from streams.wire.summaries import decode_interval_row, encode_gap, encode_summary
from streams.wire.tables import decode_tables, encode_tables

__all__ = ["WireCodec"]

_HOME = Home("cluster", "topic", 0)


class WireCodec:
    """Encodes every row, and hands on what decoding gives."""

    def row(self, topic, value):
        if topic == "table":
            read = decode_tables([record.value for record in encode_tables(value)])
            assert read == value, ("encoding", topic)
            return read
        encode, decode = {
            "summary": (encode_summary, decode_interval_row),
            "gap": (encode_gap, decode_interval_row),
            "version": (encode_version, decode_version),
        }.get(topic, (None, None))
        if encode is None:
            return value
        read = decode(encode(value).value)
        assert read == value, ("encoding", topic)
        return read

    def state(self, state, lowest_table):
        record = encode_state(state, _HOME, lowest_table)
        return decode_state(record.value, _HOME), tables_from(record.headers)
