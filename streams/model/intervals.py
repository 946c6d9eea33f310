"""Tumbling intervals, rungs, slots and vouched spans, all in integers.

An interval has an index `k` and is `[k * length, (k + 1) * length)` in microseconds since 1970-01-01 UTC.
A span is a half-open pair `(start_us, end_us)`; a list of spans is sorted, disjoint and not adjacent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = [
    "US",
    "Span",
    "Spans",
    "clip",
    "intersect",
    "intervals_of",
    "total_us",
    "touching",
    "union",
]

US = 1_000_000
"""Microseconds in a second."""

Span = tuple[int, int]
Spans = list[Span]


def touching(start_us: int, end_us: int, length_us: int) -> range:
    """Indices of the intervals that the half-open span touches; none for an empty span."""
    if start_us >= end_us:
        return range(0)
    return range(start_us // length_us, (end_us - 1) // length_us + 1)


def intervals_of(span: Span, length_us: int) -> Iterator[tuple[int, Span]]:
    """`(index, piece)` for every interval that the span touches."""
    for index in touching(*span, length_us):
        yield index, (max(span[0], index * length_us), min(span[1], (index + 1) * length_us))


def union(spans: Iterable[Span]) -> Spans:
    """The same moments as a list of spans in normal form."""
    merged: Spans = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def intersect(left: Spans, right: Spans) -> Spans:
    """Moments in both lists of spans; both in normal form, and so is the result."""
    common: Spans = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            common.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def clip(spans: Spans, window: Span) -> Spans:
    """The part of the spans inside one window."""
    return intersect(spans, [window])


def total_us(spans: Iterable[Span]) -> int:
    """Total length in microseconds of spans in normal form."""
    return sum(end - start for start, end in spans)
