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


@pytest.fixture
def sizes(monkeypatch):
    """How many intervals were encoded in each call."""
    made = []
    together = encoding.encode_together
    monkeypatch.setattr(encoding, "encode_together", lambda some: made.append(len(some)) or together(some))
    return made


@pytest.mark.parametrize(("at_once", "together"), [(1, [1, 2, 1]), (2, [1, 2, 1]), (3, [3, 1]), (64, [4])])
def test_all_who_ask_at_once_are_answered_together(monkeypatch, sizes, at_once, together):
    monkeypatch.setattr(encoding, "INTERVALS_AT_ONCE", at_once)
    assert ask_for(ASKED) == [[encode_tables(each) for each in intervals] for intervals in ASKED]
    assert sizes == together


def ask_one_by_one(count, rounds):
    """Each asks so many rounds of the event loop after the one before."""

    async def main():
        encoder, tasks = Encoder(), []
        for number in range(count):
            tasks.append(asyncio.create_task(encoder.tables([interval("g", number)])))
            for _ in range(rounds):
                await asyncio.sleep(0)
        return await asyncio.gather(*tasks)

    return asyncio.run(main())


@pytest.mark.parametrize(("rounds", "together"), [(1, [5]), (3, [5]), (9, [1] * 5)])
def test_who_asks_in_quick_succession_is_answered_together(sizes, rounds, together):
    assert ask_one_by_one(5, rounds) == [[encode_tables(interval("g", number))] for number in range(5)]
    assert sizes == together


def test_nobody_waits_for_ever_because_others_keep_asking(sizes):
    ask_one_by_one(150, 1)
    assert sizes[:2] == [64, 64]
    assert sum(sizes) == 150


def test_an_error_is_told_to_all_who_were_encoded_together_and_to_nobody_else():
    too_long = replace(interval("g", 0), group="g" * 2_000_000)

    async def main():
        encoder = Encoder()
        asked = ([too_long], ASKED[0])
        first = await asyncio.gather(*map(encoder.tables, asked), return_exceptions=True)
        return first, await encoder.tables(ASKED[1])

    failed, later = asyncio.run(main())
    assert all("tables of group" in str(answer) for answer in failed)
    assert later == [encode_tables(each) for each in ASKED[1]]


@pytest.mark.parametrize("gone", [1, 2])
def test_who_does_not_wait_any_more_is_passed_over(gone):
    async def main():
        encoder = Encoder()
        tasks = [asyncio.create_task(encoder.tables(intervals)) for intervals in ASKED[:2]]
        await asyncio.sleep(0)
        for task in tasks[:gone]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        return answers[gone:], await encoder.tables(ASKED[2])

    left, later = asyncio.run(main())
    assert left == [[encode_tables(each) for each in intervals] for intervals in ASKED[gone:2]]
    assert later == [encode_tables(each) for each in ASKED[2]]
