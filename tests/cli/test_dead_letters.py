"""`linkgauge dead-letters`: what was refused is listed, shown, and sent again under a new identity."""

from __future__ import annotations

import json

import numpy as np
import pytest

from streams.cli import dead_letters
from streams.errors import MissingData
from streams.model.messages import AgentMessage, Origin
from streams.model.state import DeadLetter
from streams.model.writes import WriteBatch
from streams.store.reading import read_topic
from streams.wire.agent import decode_message, encode_message
from streams.wire.deadletters import encode_dead_letter
from streams.wire.record import Received

pytestmark = pytest.mark.broker

WRITES = WriteBatch(
    np.array([1_000_000, 1 << 62], np.int64),
    np.array([0, 1], np.int32),
    ("v", "w"),
    np.array([0, 4096], np.uint64),
    np.array([512, 1024], np.uint64),
)


@pytest.fixture
def letters(put, source):
    """A message refused in part, one refused as a whole, and one that nobody understands."""
    origin = Origin("a", "me", 5, 0, 0, 10)
    rows = []
    for group, offset, kind, letter in (
        ("g", 7, "writes", DeadLetter(7, "too-late", "1 writes", WRITES.take(slice(1)))),
        ("h", 8, "writes", DeadLetter(8, "unknown-group", "whole")),
        ("h", 9, "bye", DeadLetter(9, "unknown-group", "a bye")),
    ):
        body = AgentMessage(kind, origin, WRITES if kind == "writes" else None)
        record = encode_message(group, body)
        message = Received("writes", 3, offset, 5_000_000, record.key, record.value, record.headers)
        rows.append(encode_dead_letter(letter, message))
    garbled = Received("writes", 3, 10, 6_000_000, b"\xff", b"\x00", (("kind", b"\xfe"),))
    rows.append(encode_dead_letter(DeadLetter(10, "bad-key", "no name"), garbled))
    put("dead-letters", "g", rows)


def ok(printed) -> str:
    assert printed.exit_code == 0, printed.exception
    return printed.stdout


def test_list(run, letters):
    printed = run(dead_letters, "dead-letters list --csv")
    assert ok(printed).splitlines() == [
        "partition,offset,time,group,reason,scope,kind,array,agent,writes,detail",
        "3,7,1970-01-01T00:00:05Z,g,too-late,rows,writes,a,me,1,1 writes",
        "3,8,1970-01-01T00:00:05Z,h,unknown-group,whole,writes,a,me,2,whole",
        "3,9,1970-01-01T00:00:05Z,h,unknown-group,whole,bye,a,me,,a bye",
        "3,10,1970-01-01T00:00:06Z,\ufffd,bad-key,whole,\\xfe,,,,no name",
    ]
    assert printed.stderr == "2 unknown-group, 1 too-late, 1 bad-key\n"
    some = json.loads(ok(run(dead_letters, "dead-letters list --json --group h --reason unknown-group")))
    assert [row["offset"] for row in some] == [8, 9]


def test_show(run, letters):
    shown = ok(run(dead_letters, "dead-letters show 3 8"))
    assert "  header agent = me\n" in shown
    assert "1970-01-01T00:00:01Z" in shown
    assert f"{1 << 62} us" in shown  # a time that no calendar has
    about = json.loads(ok(run(dead_letters, "dead-letters show 3 10 --json")))
    assert (about["reason"], about["headers"], about["value_bytes"]) == ("bad-key", {"kind": "\\xfe"}, 1)
    missing = run(dead_letters, "dead-letters show 3 99")
    assert isinstance(missing.exception, MissingData)


def sent(source) -> list[AgentMessage]:
    rows = read_topic(source, "writes")
    return [decode_message(r.key, r.value, r.headers, r.offset, r.append_us).body for r in rows]


def test_redrive_of_one_message(run, letters, source):
    assert run(dead_letters, "dead-letters redrive 3 7").stderr == ("1 dead letter sent again, 0 cannot be\n")
    (message,) = sent(source)
    assert message.kind == "redrive"
    assert message.origin == Origin("a", "redrive too-late", 0, 7, 0, 0)
    assert message.writes.time_us.tolist() == [1_000_000]


def test_redrive_of_all_says_what_cannot_be(run, letters, source):
    told = run(dead_letters, "dead-letters redrive --all --reason unknown-group")
    assert "partition 3, offset 9: not-redrivable" in told.stderr
    assert told.stderr.endswith("1 dead letter sent again, 1 cannot be\n")
    (message,) = sent(source)
    assert len(message.writes) == 2


@pytest.fixture
def mixed(put):
    """Letters of every fate, all of writes that could be sent: `too-late` at 20, of a redrive at 21."""
    reasons = (
        "too-late",
        "too-late",
        "extent",
        "before-1970",
        "fold-span",
        "fold-track",
        "bad-value",
        "extent",
    )
    rows = []
    for offset, reason in enumerate(reasons, 20):
        kind = "redrive" if offset == 21 else "writes"
        record = encode_message("g", AgentMessage(kind, Origin("a", "me", 5, 0, 0, 10), WRITES))
        message = Received("writes", 3, offset, 5_000_000, record.key, record.value, record.headers)
        rows.append(encode_dead_letter(DeadLetter(offset, reason, ""), message))
    put("dead-letters", "g", rows)


def test_redrive_of_all_leaves_out_what_can_never_pass_and_redrives(run, mixed, source):
    told = run(dead_letters, "dead-letters redrive --all").stderr.splitlines()
    assert sorted(told) == [
        "1 dead letter left out: bad-value, so it could not be decoded and never will be",
        "1 dead letter left out: before-1970 can never pass",
        "1 dead letter left out: fold-span can never pass",
        "1 dead letter left out: fold-track can never pass",
        "1 dead letter left out: it is a redrive itself, and the letter that it came from is sent",
        "1 dead letter sent again, 0 cannot be",
        "2 dead letters left out: extent can never pass",
    ]
    assert [message.origin.sequence for message in sent(source)] == [20]


def test_redrive_of_a_named_letter_sends_it_whatever_it_is(run, mixed, source):
    for offset in (21, 22):
        told = run(dead_letters, f"dead-letters redrive 3 {offset}").stderr
        assert told == "1 dead letter sent again, 0 cannot be\n"
    assert [message.origin.sequence for message in sent(source)] == [21, 22]


def test_wrong_usage(run, letters, source):
    for typed in ("redrive", "redrive 3", "redrive 3 7 --all", "list --csv --json"):
        assert run(dead_letters, f"dead-letters {typed}").exit_code == 2
    assert sent(source) == []
