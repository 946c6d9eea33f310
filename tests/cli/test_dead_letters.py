"""`linkgauge dead-letters`: what was refused is listed, shown, and sent again under a new identity."""

from __future__ import annotations

import json

import numpy as np
import pytest
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from streams.cli import dead_letters
from streams.cli.redriving import MAY_PASS, NEVER
from streams.errors import MissingData
from streams.model.bittable import BitTable
from streams.model.groups import Definition, Member
from streams.model.messages import AgentMessage, Origin
from streams.model.screening import REASONS
from streams.model.state import DeadLetter, State, Version
from streams.model.writes import WriteBatch
from streams.store.reading import partition_of_group, read_topic
from streams.wire.agent import decode_message, encode_message
from streams.wire.deadletters import encode_dead_letter
from streams.wire.keys import writes_key
from streams.wire.record import Received
from streams.wire.states import Home, encode_state

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
        ("g", 7, "writes", DeadLetter(7, "too-late", "late", WRITES.take(slice(1)))),
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
        "partition,offset,time,group,reason,scope,redriven,kind,array,agent,writes,detail",
        "3,7,1970-01-01T00:00:05Z,g,too-late,rows,false,writes,a,me,1,late",
        "3,8,1970-01-01T00:00:05Z,h,unknown-group,whole,false,writes,a,me,2,whole",
        "3,9,1970-01-01T00:00:05Z,h,unknown-group,whole,false,bye,a,me,,a bye",
        "3,10,1970-01-01T00:00:06Z,\ufffd,bad-key,whole,false,\\xfe,,,,no name",
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
    assert {"scope: whole", "redriven: no"} <= set(shown.splitlines())
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
        "1 dead letter left out: it comes from a redrive: to send it once more, name it",
        "1 dead letter sent again, 0 cannot be",
        "2 dead letters left out: extent can never pass",
    ]
    assert [message.origin.sequence for message in sent(source)] == [20]


def test_redrive_of_a_named_letter_sends_it_whatever_it_is(run, mixed, source):
    for offset in (21, 22):
        told = run(dead_letters, f"dead-letters redrive 3 {offset}").stderr
        assert told == "1 dead letter sent again, 0 cannot be\n"
    assert [message.origin.sequence for message in sent(source)] == [21, 22]


@pytest.mark.parametrize("reason", sorted(NEVER))
def test_every_reason_that_lies_in_the_message_is_left_out(run, put, source, reason):
    record = encode_message("g", AgentMessage("writes", Origin("a", "me", 5, 0, 0, 10), WRITES))
    message = Received("writes", 3, 30, 5_000_000, record.key, record.value, record.headers)
    put("dead-letters", "g", [encode_dead_letter(DeadLetter(30, reason, ""), message)])
    told = run(dead_letters, "dead-letters redrive --all").stderr
    assert told.splitlines()[0] == f"1 dead letter left out: {reason} can never pass"
    assert sent(source) == []


def test_reasons_are_those_of_the_worker():
    assert {"extent", "before-1970", "fold-span", "fold-track", "geometry-changed"} <= NEVER
    assert REASONS.keys() >= MAY_PASS
    assert not NEVER & MAY_PASS


def test_a_letter_of_which_nothing_is_kept(run, put, source):
    key = writes_key("g")
    message = Received("writes", 3, 40, 5_000_000, key, b"x" * 5_000_000, (("kind", b"writes"),))
    put("dead-letters", "g", [encode_dead_letter(DeadLetter(40, "too-large", "5 MB"), message)])
    (row,) = json.loads(ok(run(dead_letters, "dead-letters list --json")))
    assert (row["scope"], row["redriven"], row["writes"]) == ("cut", False, None)
    assert "\nscope: cut\n" in ok(run(dead_letters, "dead-letters show 3 40"))


def test_letters_that_came_back_are_recognised_and_left_out(run, letters, put, source):
    taken = {Origin("a", "redrive too-late", 0, 7, 0, 0).id: BitTable.of([7])}
    state = State("g", 50, [Version(1, None, 0, Definition("g", (Member("a", "v"),)))], redriven=taken)
    with source.consumer() as consumer:
        partition = partition_of_group(source, consumer, "state", "g")
    admin = AdminClient({"bootstrap.servers": source.bootstrap})
    described = admin.describe_topics(TopicCollection([source.topic("writes")]))
    topic = described[source.topic("writes")].result().topic_id
    home = Home(admin.describe_cluster().result().cluster_id, str(topic), partition)
    put("state", "g", [encode_state(state, home, 0)])
    listed = json.loads(ok(run(dead_letters, "dead-letters list --json")))
    assert [(row["offset"], row["redriven"]) for row in listed] == [
        (7, True),
        (8, False),
        (9, False),
        (10, False),
    ]
    assert "\nredriven: yes\n" in ok(run(dead_letters, "dead-letters show 3 7"))
    told = run(dead_letters, "dead-letters redrive --all --group g").stderr
    assert told == (
        "1 dead letter left out: it was redriven already\n0 dead letters sent again, 0 cannot be\n"
    )
    assert run(dead_letters, "dead-letters redrive 3 7").stderr.startswith("1 dead letter sent again")


def test_foreign_state_does_not_hide_letters(run, letters, put, source):
    version = Version(1, None, 0, Definition("g", (Member("a", "v"),)))
    put("state", "g", [encode_state(State("g", 50, [version]), Home("cluster", "topic", 0), 0)])
    assert len(json.loads(ok(run(dead_letters, "dead-letters list --json")))) == 4


def test_wrong_usage(run, letters, source):
    wrong = ("redrive", "redrive 3", "redrive 3 7 --all", "list --csv --json", "list --reason late")
    for typed in wrong:
        assert run(dead_letters, f"dead-letters {typed}").exit_code == 2
    assert sent(source) == []
