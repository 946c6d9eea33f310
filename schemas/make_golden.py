# ruff: noqa: INP001  # a script, not part of a package
"""Writes the golden messages: one record for each contract, exactly as linkgauge encodes it today.

Run it by hand after a change that adds to a contract, and look at the difference: a golden message that
changes is a message that old readers may not understand.

    python schemas/make_golden.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from streams.model.bittable import PART_TRACKS, BitTable
from streams.model.entries import Entry, Gap, Interval, Totals, summarise
from streams.model.groups import Definition, Geometry, Member
from streams.model.messages import AgentMessage, Body, Command, Define, Fold, Origin, Tick
from streams.model.state import AgentState, DeadLetter, State, Version
from streams.model.writes import WriteBatch
from streams.wire.agent import encode_message
from streams.wire.arrow import write_stream
from streams.wire.deadletters import encode_dead_letter, redriven
from streams.wire.definitions import encode_version
from streams.wire.record import Received, Record
from streams.wire.states import Home, encode_state
from streams.wire.summaries import encode_gap, encode_summary
from streams.wire.tables import encode_tables
from streams.wire.writes import encode_writes

__all__ = ["GOLDEN", "HOME", "golden_records"]

GOLDEN = Path(__file__).parent / "golden"
HOME = Home("kD3LDC6sTLW5PZb4yIrcrg", "pTSM0h4nQbSSxH7eT0Zr4A", 3)

_NOON_US = 1_172_145_600_000_000  # 2007-02-22T12:00:00Z
_ORIGIN = Origin("array-1", "agent-7", 1_172_100_000_000_000, 42, _NOON_US, _NOON_US + 10_000_000, 0)
_BATCH = WriteBatch(
    _NOON_US + np.array([0, 1, 2_500_000, 9_999_999]),
    np.array([0, 1, 0, 1], np.int32),
    ("vol-1", "vol-2"),
    np.array([0, 65_536, 1 << 40, 4096], np.uint64),
    np.array([512, 131_072, 0, 4096], np.uint64),
    np.array([False, False, False, True]),
)
_FOLDS = (
    Fold("vol-1", _NOON_US, _NOON_US + 300_000_000, 65_536, BitTable.of([0, 7, PART_TRACKS + 1]), 5, 20_480),
    Fold("vol-2", _NOON_US, _NOON_US + 300_000_000, 65_536, BitTable.of(range(1000)), None, None),
)
_DEFINITION = Definition(
    "billing",
    (
        Member("array-1", "vol-1", 1 << 41),
        Member("array-1", "vol-2", 1_048_576 + 512, ((0, 65_536), (983_040, 66_048)), ("agent-7",)),
        Member("array-1", "vol-3"),
    ),
    Geometry.for_interval(300),
    expected_agents=1,
    agent_names=("array-1/agent-7",),
)
_VERSION = Version(2, 3_907_152, 17, _DEFINITION)
_COVERED = [(_NOON_US, _NOON_US + 150_000_000), (_NOON_US + 200_000_000, _NOON_US + 300_000_000)]
_INTERVAL = Interval(
    group="billing",
    definition_version=2,
    rung_seconds=300,
    start_us=_NOON_US,
    revision=1,
    partial=False,
    entries=(
        Entry("array-1/vol-1", 1 << 41, 65_536, BitTable.of([0, 7, PART_TRACKS + 1]), 5, 20_480, _COVERED),
        Entry("array-1/vol-2", 1_048_576 + 512, 65_536, BitTable.of(range(17)), 9, 1_049_088, _COVERED),
        Entry("array-1/vol-3", None, 65_536, BitTable(), 0, 0, []),
    ),
    slot_seconds=10,
    written_bytes_by_slot=(20_480, 1_049_088, *[0] * 28),
    discards=1,
    late_writes=2,
    agent_spans=(("array-1/agent-7", tuple(_COVERED)),),
)
_TOTALS = Totals(12, 400, 26_000_000, 900, 30_000_000, 1, 2, 3, 4, 1, 6, 7)
_STATE = State(
    group="billing",
    offset=1_234,
    versions=[_VERSION],
    closed=3_907_152,
    redo=(1_200, 1_201, 1_233, 1_234),
    ticks=17,
    tick_us=_NOON_US + 301_000_000,
    last_us=_NOON_US + 302_000_000,
    revisions={3_907_150: 0, 3_907_151: 0, 3_907_152: 1},
    totals=_TOTALS,
    agents={"array-1/agent-7": AgentState(_ORIGIN.epoch, 42, [40], 3, _ORIGIN.watermark_us, 17)},
    redriven={"array-1/redrive too-late": BitTable.of([1_100, 1_101, PART_TRACKS + 1])},
    windows=[(None, _NOON_US), (_NOON_US + 300_000_000, None)],
)


def golden_records() -> dict[str, Record]:
    """Every golden record by name; the name begins with its topic."""
    messages: dict[str, Body] = {
        "writes": AgentMessage("writes", _ORIGIN, _BATCH),
        "tracks": AgentMessage("tracks", _ORIGIN, folds=_FOLDS),
        "heartbeat": AgentMessage("heartbeat", _ORIGIN),
        "bye": AgentMessage("bye", _ORIGIN),
        "define": Define(_DEFINITION),
        "start": Command("start", _NOON_US, 12),
        "stop": Command("stop"),
        "delete": Command("delete"),
        "tick": Tick(),
    }
    records = {f"writes.{kind}": encode_message("billing", body) for kind, body in messages.items()}
    records["writes.writes-json"] = encode_message("billing", messages["writes"], "json")
    whole = encode_dead_letter(
        DeadLetter(1_234, "bad-arrow", "Tried reading schema message, was null or length 0"),
        _received(Record(b"billing", b"no arrow", records["writes.writes"].headers)),
    )
    rows = encode_dead_letter(
        DeadLetter(1_234, "too-late", "2 writes", _BATCH.take(slice(1, 3))),
        _received(records["writes.writes"]),
    )
    (table,) = encode_tables(_INTERVAL)
    return records | {
        "writes.redrive": redriven(rows),
        "writes.foreign": _foreign(records["writes.writes"]),
        "writes.foreign-plain": _foreign_plain(records["writes.writes"]),
        "writes.foreign-json": _foreign_json(records["writes.writes-json"]),
        "intervals.summary": encode_summary(summarise(_INTERVAL, _TOTALS, _ORIGIN.watermark_us)),
        "intervals.gap": encode_gap(Gap("billing", 2, _NOON_US, _NOON_US + 86_400_000_000)),
        "tables.table": table,
        "state.state": encode_state(_STATE, HOME, 987),
        "groups.version": encode_version(_VERSION),
        "dead-letters.whole": whole,
        "dead-letters.rows": rows,
    }


def _received(record: Record) -> Received:
    return Received("linkgauge.writes", 3, 1_234, _NOON_US, record.key, record.value, record.headers)


def _foreign(record: Record) -> Record:
    """The same writes from another Arrow library: other order, index, string type and name of UTC."""
    index = pa.dictionary(pa.uint32(), pa.large_string())
    columns = {
        "length": pa.array(_BATCH.length_bytes, pa.uint64()),
        "offset": pa.array(_BATCH.offset_bytes, pa.uint64()),
        "discard": pa.array(_BATCH.discard, pa.bool_()),
        "volume": pa.array([_BATCH.volumes[code] for code in _BATCH.volume_codes])
        .dictionary_encode()
        .cast(index),
        "time": pa.array(_BATCH.time_us, pa.timestamp("us", "+00:00")),
    }
    return Record(record.key, write_stream(pa.record_batch(columns)), record.headers)


def _foreign_plain(record: Record) -> Record:
    """The same writes in plain columns alone, as every producer may write them."""
    return Record(record.key, encode_writes(_BATCH, narrow=False), record.headers)


def _foreign_json(record: Record) -> Record:
    """The same writes as a person would write them: text times, spaces, a charset, no header `lost`."""
    value = orjson.loads(record.value or b"")
    value["time"] = [
        "2007-02-22T12:00:00Z",
        "2007-02-22T13:00:00.000001+01:00",
        "2007-02-22T12:00:02.5Z",
        "2007-02-22T12:00:09.9999999Z",
    ]
    headers = tuple(
        (name, b"application/json; charset=utf-8" if name == "content-type" else text)
        for name, text in record.headers
        if name != "lost"
    )
    return Record(record.key, json.dumps(value, indent=2).encode(), headers)


def _write(name: str, record: Record) -> None:
    headers = {header: None if value is None else value.decode() for header, value in record.headers}
    content_type = (headers.get("content-type") or "").partition(";")[0]
    suffix = {"application/json": "json", "": "empty"}.get(content_type, "arrow")
    (GOLDEN / f"{name}.value.{suffix}").write_bytes(record.value or b"")
    sidecar = {"key": record.key.decode(), "value": f"{name}.value.{suffix}", "headers": headers}
    (GOLDEN / f"{name}.record.json").write_text(json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n")


def main() -> None:
    """Replaces the golden files."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.iterdir():
        old.unlink()
    for name, record in golden_records().items():
        _write(name, record)


if __name__ == "__main__":
    main()
