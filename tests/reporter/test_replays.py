"""Old intervals that still come: the gauges wait for the newest of them."""

import pytest

from streams.model.intervals import US
from streams.reporter import replays
from streams.reporter.board import Board
from streams.settings import Settings

YEAR_US = 365 * 86_400 * US


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the test moves; wall time and monotonic time are one."""
    now = [1_000_000.0]
    monkeypatch.setattr(replays.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(replays.time, "time", lambda: now[0] + YEAR_US / US)

    def forward(seconds):
        now[0] += seconds

    return forward


def shown(board):
    text = "".join(board.page([]))
    ends = [line for line in text.splitlines() if line.startswith("linkgauge_interval_end")]
    counted = [line for line in text.splitlines() if line.startswith("linkgauge_intervals_closed_total")]
    return [float(line.rsplit(" ", 1)[1]) for line in (*ends, *counted)]


def test_a_replay_goes_straight_to_its_newest_interval(rows, clock):
    board = Board(Settings())
    board.take(rows.version())
    board.show()
    for index in range(10):
        board.take(rows.summary(index), append_us=YEAR_US + index * US)
        board.show()
        assert shown(board) == [index + 1]  # counters have no past
        clock(1)
    clock(replays.SETTLE_SECONDS - 1)
    board.show()
    assert shown(board) == [3000, 10]


def test_what_is_of_now_is_shown_at_once(rows, clock):
    board = Board(Settings())
    board.take(rows.version())
    board.show()
    board.take(rows.summary(0), append_us=360 * US)
    board.show()
    assert shown(board) == [300, 1]


def test_a_catching_up_group_keeps_what_it_showed(rows, clock):
    board = Board(Settings())
    board.take(rows.version())
    board.take(rows.summary(0), append_us=310 * US)
    board.show()
    for index in range(1, 5):
        board.take(rows.summary(index), append_us=7200 * US)
        board.show()
        assert shown(board) == [300, index + 1]
    clock(replays.SETTLE_SECONDS)
    board.show()
    assert shown(board) == [1500, 5]


def test_a_start_shows_what_was_replayed_long_ago(rows, clock):
    board = Board(Settings())
    board.take(rows.version())
    board.take(rows.summary(0), append_us=int(replays.time.time() * US) - 3600 * US)
    board.show()
    assert shown(board) == [300, 1]


def test_a_start_amid_a_replay_waits(rows, clock):
    board = Board(Settings())
    board.take(rows.version())
    board.take(rows.summary(0), append_us=int(replays.time.time() * US) - US)
    board.show()
    assert shown(board) == [1]
    clock(replays.SETTLE_SECONDS - 1)
    board.show()
    assert shown(board) == [300, 1]
