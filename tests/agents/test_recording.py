"""Recordings: named after all that they hold, and refused where they hold nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from streams.agents.recording import recording_of_trace
from streams.agents.traces import Trace
from streams.errors import ReplayError
from streams.model.writes import WriteBatch
from tests.agents.replaying import trace


def test_every_write_and_time_of_a_trace_is_in_its_name():
    base = trace().writes
    digests = {recording_of_trace(trace()).digest}
    for column in ("time_us", "volume_codes", "offset_bytes", "length_bytes"):
        values = getattr(base, column).copy()
        values[7] = (values[7] + 1) % 3 if column == "volume_codes" else values[7] ^ 1
        changed = replace(trace(), writes=replace(base, **{column: values}))
        digests.add(recording_of_trace(changed).digest)
    discards = replace(trace(), writes=replace(base, discard=np.arange(len(base)) == 3))
    digests.add(recording_of_trace(discards).digest)
    assert len(digests) == 6


def test_an_empty_trace_is_refused():
    with pytest.raises(ReplayError, match="holds no record"):
        recording_of_trace(Trace(WriteBatch.empty(), None, None, 0, 0, 0))
