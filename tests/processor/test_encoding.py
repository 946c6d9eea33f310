"""Encoding together: everybody gets the records of their own intervals."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval
from streams.processor import encoding
from streams.processor.encoding import Encoder
from streams.wire.tables import encode_tables


def interval(group, number, tracks=3):
    entry = Entry("a/v", None, 4096, BitTable.of(range(tracks)), tracks, None, [])
    return Interval(group, 1, 300, number * 300_000_000, 0, False, (entry,), 60, None, 0, 0)


ASKED = [[interval("g", 0)], [interval("h", 0), interval("h", 1, 9)], [interval("i", 7)], []]


def ask_for(asked):
    async def main():
        encoder = Encoder()
        return await asyncio.gather(
            *(encoder.tables(intervals) for intervals in asked), return_exceptions=True
        )

    return asyncio.run(main())


@pytest.mark.parametrize(("at_once", "calls"), [(1, 3), (2, 3), (3, 2), (64, 1)])
def test_all_who_ask_at_once_are_answered_together(monkeypatch, at_once, calls):
    made = []
    together = encoding.encode_together
    monkeypatch.setattr(encoding, "_INTERVALS_AT_ONCE", at_once)
    monkeypatch.setattr(encoding, "encode_together", lambda some: made.append(len(some)) or together(some))
    assert ask_for(ASKED) == [[encode_tables(each) for each in intervals] for intervals in ASKED]
    assert len(made) == calls
    assert sum(made) == 4


def test_who_asks_for_what_cannot_be_encoded_hears_of_it():
    too_long = replace(interval("g", 0), group="g" * 2_000_000)
    assert all("tables of group" in str(answer) for answer in ask_for([[too_long]]))


def test_who_does_not_wait_any_more_is_passed_over():
    async def main():
        encoder = Encoder()
        gone, there = (asyncio.create_task(encoder.tables(intervals)) for intervals in ASKED[:2])
        await asyncio.sleep(0)
        gone.cancel()
        return await there

    assert asyncio.run(main()) == [encode_tables(each) for each in ASKED[1]]
