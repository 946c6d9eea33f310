"""Lost writes are declared once, and no span that holds one of them is vouched for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.agents import losses as module
from streams.agents.losses import Losses

stretch = st.tuples(st.integers(0, 100), st.integers(0, 10), st.integers(1, 5))
steps = st.lists(st.tuples(st.lists(stretch, max_size=4), st.integers(0, 15)), max_size=12)


@given(steps)
def test_each_loss_is_declared_once_by_a_message_that_reaches_past_it(ops):
    losses, promised, vouched = Losses(), 0, 0
    lost, declared = [], 0
    clean: list[tuple[int, int]] = []
    for stretches, step in ops:
        for first, width, writes in stretches:
            first_us = max(first, vouched)
            losses.add(first_us, first_us + width, writes)
            lost.append((first_us, first_us + width, writes))
        promised += step
        watermark, count = losses.declare(promised)
        assert watermark <= promised
        watermark = max(watermark, vouched)
        if not count:
            clean.append((vouched, watermark))
        declared += count
        vouched = watermark
    for first_us, last_us, _ in lost:
        assert not [span for span in clean if span[0] <= last_us and first_us < span[1]]
    assert declared + losses.declare_all() == sum(writes for _, _, writes in lost)
    assert losses.writes == 0


def test_a_message_that_would_cut_a_stretch_ends_before_it():
    losses = Losses()
    losses.add(10, 20, 3)
    assert losses.declare(15) == (10, 0)
    assert losses.declare(21) == (21, 3)


def test_many_losses_stay_bounded_and_counted():
    losses = Losses()
    for time_us in range(10_000):
        losses.add(10 * time_us, 10 * time_us + 1, 2)
    assert len(losses._stretches) <= module._MAX_STRETCHES
    assert losses.declare(100_000) == (100_000, 20_000)
