"""Which members a batch goes to, against a count of its rows one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.model import batchmembers
from streams.model.batchmembers import members_of
from streams.model.groups import Definition, Geometry, Member
from streams.model.writes import WriteBatch

NAMES = tuple("abcdefgh")
DEFINITION = Definition("g", tuple(Member("array", name) for name in "bdfh"), Geometry())


def batch(codes):
    column = np.zeros(len(codes), np.int64)
    extents = column.astype(np.uint64)
    return WriteBatch(column, np.array(codes, np.int32), NAMES, extents, extents)


@given(st.lists(st.integers(0, 7), max_size=30), st.sampled_from([0, 64]))
def test_every_volume_that_occurs_is_there_once_with_its_writes(codes, few_names):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batchmembers, "_FEW_NAMES", few_names)
        found = members_of(batch(codes), "array", DEFINITION)
    counted = sorted(Counter(codes).items())
    assert list(zip(found.codes.tolist(), found.writes.tolist(), strict=True)) == counted
    assert found.ids == tuple(f"array/{NAMES[code]}" for code, _ in counted)
    assert found.members == tuple(DEFINITION.by_id.get(volume) for volume in found.ids)
    assert found.rows == len(codes)


@given(st.lists(st.integers(0, 7), min_size=1, max_size=30))
def test_a_value_for_each_volume_reaches_each_of_its_rows(codes):
    found = members_of(batch(codes), "array", DEFINITION)
    values = np.array([100 + code for code in found.codes.tolist()], np.uint64)
    assert found.by_code(values)[codes].tolist() == [100 + code for code in codes]


def test_a_volume_of_another_array_is_no_member():
    assert members_of(batch([1]), "other", DEFINITION).members == (None,)


def test_only_names_that_writes_use_are_looked_up(monkeypatch):
    """Thousands of names times thousands of intervals would be looked up otherwise."""
    looked_up = []
    monkeypatch.setattr(
        batchmembers, "volume_id", lambda array, name: looked_up.append(name) or f"{array}/{name}"
    )
    writes = replace(batch([700, 3]), volumes=tuple(f"v{n}" for n in range(1000)))
    assert members_of(writes, "array", DEFINITION).codes.tolist() == [3, 700]
    assert looked_up == ["v3", "v700"]
