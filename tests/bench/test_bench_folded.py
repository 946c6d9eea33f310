"""Folded data sets, against the brute force over the writes that were folded."""

from __future__ import annotations

from bench.data import START_US, Shape, answers, records
from bench.folded import folded_records
from bench.sums import compare, of_intervals, of_rows
from streams.model.collector import begin, take
from streams.model.intervals import US
from streams.wire.agent import read_message
from streams.wire.shapes import Shapes

SHAPE = Shape(writes=70_000, writes_per_second=100, volumes=3)


def test_folds_give_the_answer_of_their_writes():
    decode = Shapes().decode
    first, *others = (
        read_message(record.key, record.value, record.headers, offset, START_US + 86_400 * US, decode)
        for offset, record in enumerate(folded_records(SHAPE))
    )
    group, _ = begin(first, first.body)
    marks = [outcome.mark for message in others if (outcome := take(group, message)).mark]
    closed = [interval for mark in marks for interval in mark.intervals]
    assert len(closed) >= 3
    compare(of_intervals(closed), of_rows(answers(SHAPE)["g0"]), "folds")


def test_folds_take_a_part_of_the_bytes():
    written, folded = (
        sum(len(record.value or b"") for record in made(SHAPE)) for made in (records, folded_records)
    )
    assert folded < written / 2
