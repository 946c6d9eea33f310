"""The default output of blkparse: one action counts, everything else that belongs there passes."""

import pytest

from streams.agents.traces import TraceOptions, read_trace
from streams.errors import SettingsError, TraceError
from tests.agents.traces.written import written

EVENTS = """\
  8,16   5        1     0.000000000 18615  A   W 1000 + 8 <- (8,17) 900
  8,16   5        2     0.000001850 18615  Q   W 1000 + 8 [java]
  8,16   5        3     0.000006438 18615  G   W 1000 + 8 [java]
  8,16   5        4     0.000008750 18615  P   N [java]
  8,16   5        5     0.000009980 18615  I   W 1000 + 8 (    9980) [java]
  8,16   5        0     0.000012990     0  m   N cfq18615S / insert_request
  8,16   5        6     0.000014100 18615  U   N [java] 1
  8,16   5        7     0.000015100 18615 UT   N [java] 1
  8,16   5        8     0.000016100 18615  M   W 1008 + 8 [java]
  8,16   5        9     0.000017100 18615  X   W 1000 / 1004 [java]
  8,16   5       10     0.000018100 18615  D   W 1000 + 16 [java]
253,0    1        1     0.000020999   300  Q WFS 64 + 1 [jbd2/sda1-8]
253,0    1        2     0.000021000   300  Q   R 0 + 8 [cat]
253,0    1        3     0.000022000   300  Q DS 128 + 64 [fstrim]
253,0    1        4     0.000023000   300  Q FWS [jbd2/sda1-8]
253,0    1        5     0.000024000   300  Q  FN (     100) [jbd2/sda1-8]
  8,16   5       11     1.500000000     0  C   W 1000 + 16 [0]
  8,16   5       12     1.500000001     0  C FWS 0 [0]
  8,16   5       13     1.600000000     0  C   R 36 (12 00 00 ..) [0]
"""
STATISTICS = """\
CPU5 (8,16):
 Reads Queued:           1,        4KiB\t Writes Queued:           0,        0KiB
 Read Dispatches:        1,        4KiB\t Write Dispatches:        0,        0KiB
 Reads Requeued:         0\t\t Writes Requeued:         0
 Read depth:             1\t\t Write depth:             0
 PC Reads Queued:        0,        0KiB\t PC Writes Queued:        0,        0KiB
 IO unplugs:             1\t\t Timer unplugs:           0
 Allocation wait:        0\t\t Allocation wait:         0

java (18615, ...)
Total (8,16):
 Reads Completed:        1,        4KiB\t Writes Completed:        0,        0KiB

Throughput (R/W): 4,000KiB/s / 0KiB/s
Events (8,16): 7 entries
Skips: 0 forward (0 -   0.0%)
"""


def read(folder, text, **options):
    path = folder / "trace"
    path.write_text(text)
    return read_trace([path], TraceOptions(format="blkparse", **options))


def rows(trace):
    """The writes, each with whether it is a discard."""
    discard = trace.writes.discard
    discards = [False] * len(trace.writes) if discard is None else discard.tolist()
    return [(*write, flag) for write, flag in zip(written(trace), discards, strict=True)]


QUEUED = [
    (1, "trace/8,16", 512_000, 4096, False),
    (20, "trace/253,0", 32_768, 512, False),
    (22, "trace/253,0", 65_536, 32_768, True),
]


@pytest.mark.parametrize("block_bytes", [1, 200, 1 << 20])
def test_queued_writes_count_once(tmp_path, block_bytes):
    trace = read(tmp_path, EVENTS + STATISTICS, block_bytes=block_bytes)
    assert rows(trace) == QUEUED
    assert (trace.records, trace.reads, trace.skipped) == (4, 1, 0)


def test_any_event_is_something_observed(tmp_path):
    trace = read(tmp_path, "Input file sda.blktrace.0 added\n" + EVENTS)
    assert (trace.first_us, trace.last_us) == (0, 1_600_000)
    only_message = read(tmp_path, EVENTS.splitlines()[5])
    assert (only_message.records, only_message.first_us, only_message.writes.volumes) == (
        0,
        12,
        ("trace/8,16",),
    )


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("G", [(6, 512_000, 4096)]),
        ("I", [(9, 512_000, 4096)]),
        ("D", [(18, 512_000, 8192)]),
        ("C", [(1_500_000, 512_000, 8192)]),
    ],
)
def test_another_action_may_count_instead(tmp_path, action, expected):
    trace = read(tmp_path, EVENTS, action=action)
    assert [(time, offset, length) for time, _, offset, length, _ in rows(trace)] == expected


def test_merges_and_remaps_are_no_action_to_count():
    for action in ("M", "A", "F", "q", ""):
        with pytest.raises(SettingsError, match="choose one of Q, G, I, D, C"):
            TraceOptions(format="blkparse", action=action)


def test_times_start_at_the_given_epoch(tmp_path):
    trace = read(tmp_path, EVENTS, start_us=1_000_000, array="host")
    assert rows(trace)[0][:2] == (1_000_001, "host/8,16")
    assert (trace.first_us, trace.last_us) == (1_000_000, 2_600_000)


EVENT = "  8,16   5        2     0.000001850 18615  Q   W 1000 + 8 [java]\n"


@pytest.mark.parametrize(
    ("line", "column", "found", "expected"),
    [
        ("  8.16   5        2     0.000001850 18615  Q   W 1000 + 8 [java]", 3, "8.16", "major,minor"),
        ("what is this", 1, "what", "major,minor"),
        ("  8,16   5        2     0,000001850 18615  Q   W 1000 + 8 [java]", 25, "0,000001850", "a time"),
        ("  8,16   5        2     0.000001850 18615  Q", 45, "", "an event's action and RWBS"),
        ("  8,16   5        2     0.000001850 18615  Q   W 1000", 54, "", "+ and a number of blocks"),
        (
            "  8,16   5        2     0.000001850 18615  Q   W 1000 8 [java]",
            55,
            "8",
            "+ and a number of blocks",
        ),
        ("  8,16   5        2     0.000001850 18615  Q   W -1000 + 8 [java]", 50, "-1000", "an offset"),
        ("  8,16   5        2     0.000001850 18615  Q   W 1000 + x [java]", 57, "x", "a length"),
        ("  8,16   5        2     0.000001850 18615  Q   W 1000 +", 56, "", "a length"),
    ],
)
def test_the_place_of_what_does_not_parse_is_exact(tmp_path, line, column, found, expected):
    with pytest.raises(TraceError) as raised:
        read(tmp_path, EVENT + EVENT.replace("Q   W", "m   N") + line + "\n" + EVENT)
    error = raised.value
    assert (error.line, error.column, error.found) == (3, column, found)
    assert expected in error.expected
    trace = read(tmp_path, EVENT + line + "\n" + EVENT, skip_bad=True)
    assert (len(trace.writes), trace.skipped) == (2, 1)
