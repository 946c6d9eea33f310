"""Dead letters by reason: whatever the order, however often rows come, and what retention leaves."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from streams.reporter.letters import OTHER, Letter, Letters

reasons = st.sampled_from(("bad-json", "too-late", "unknown-group", "a reason of tomorrow"))
rows = st.dictionaries(st.tuples(st.integers(0, 1), st.integers(0, 1 << 40)), reasons, max_size=30)


@given(rows, st.dictionaries(st.integers(0, 1), st.integers(0, 1 << 40)), st.randoms(use_true_random=False))
def test_rows_that_are_there_count_once(rows, first, shuffle: random.Random):
    letters = Letters()
    came = [Letter(partition, offset, reason) for (partition, offset), reason in rows.items()]
    came += shuffle.choices(came, k=5) if came else []
    shuffle.shuffle(came)
    for letter in came:
        letters.take(letter)
    known = Counter(OTHER if "tomorrow" in reason else reason for reason in rows.values())
    assert letters.by_reason() == known
    letters.forget_before(first)
    left = Counter(
        OTHER if "tomorrow" in reason else reason
        for (partition, offset), reason in rows.items()
        if offset >= first.get(partition, 0)
    )
    assert letters.by_reason() == left


def test_reasons_are_a_closed_set():
    letters = Letters()
    for offset in range(1000):
        letters.take(Letter(0, offset, f"reason {offset}"))
    assert letters.by_reason() == {OTHER: 1000}


def test_the_newest_letter_of_a_reason_is_as_old_as_it_is_however_late_it_is_read():
    letters = Letters()
    for offset, append_us in ((0, 5), (2, 9), (1, 7)):
        letters.take(Letter(0, offset, "too-late"), append_us)
    letters.take(Letter(0, 3, "bad-json"), 11)
    assert letters.newest_us() == {"too-late": 9, "bad-json": 11}
    letters.forget_before({0: 3})
    assert letters.newest_us() == {"bad-json": 11}
