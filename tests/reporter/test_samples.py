"""Which families groups show: everything while it is affordable, the essential ones above."""

import pytest

from streams.reporter.board import Board
from streams.reporter.families import ESSENTIAL, USUAL
from streams.reporter.samples import Samples
from streams.settings import Settings
from streams.telemetry.family import Reading


def board_of(rows, groups, **reporter):
    links = {"east": {"groups": [f"g{n}" for n in range(groups)], "path_bits_per_second": 1e6}}
    board = Board(Settings(reporter=reporter, links=links))
    for number in range(groups):
        name = f"g{number}"
        board.take(rows.version(name))
        board.take(rows.summary(0, name))
        board.take(rows.mark(name, silent=number % 2))
    board.show()
    return board


def families(board):
    """The families of the page's samples that are about groups, without links and volumes."""
    lines = [line for line in "".join(board.page([])).splitlines() if not line.startswith("#")]
    names = [line.split("{")[0].removeprefix("linkgauge_") for line in lines if "{data_group=" in line]
    return {name: names.count(name) for name in names}


def test_everything_below_the_limit_and_the_essential_above(rows):
    full = families(board_of(rows, 4))
    assert "window_changed_bytes" in full
    assert full["agents_silent"] == 4  # a 0 is said
    assert board_of(rows, 4).detail == "full"
    lean = board_of(rows, 4, series_limit=80)
    assert lean.detail == "essential"
    found = families(lean)
    assert found.keys() <= ESSENTIAL
    assert found == dict.fromkeys(ESSENTIAL - USUAL.keys(), 4) | {"agents_silent": 2}
    assert 'linkgauge_reporter_detail_info{detail="essential"} 1.0' in "".join(lean.page([]))


def test_an_interval_that_is_not_the_usual_one_is_shown_where_most_is_not(rows):
    board = board_of(rows, 4, series_limit=80)
    board.take(rows.version("hourly", interval_seconds=3600, slot_seconds=300, rungs_seconds=()))
    board.show()
    shown = [line for line in "".join(board.page([])).splitlines() if "linkgauge_interval_seconds{" in line]
    assert shown == ['linkgauge_interval_seconds{data_group="hourly"} 3600.0']


@pytest.mark.parametrize("detail", ["essential", "full"])
def test_the_setting_overrules(rows, detail):
    board = board_of(rows, 4, group_detail=detail, series_limit=1 if detail == "full" else 10_000)
    assert board.detail == detail


def test_links_do_not_depend_on_the_detail(rows):
    pages = ["".join(board_of(rows, 4, group_detail=detail).page([])) for detail in ("essential", "full")]
    links = [[line for line in page.splitlines() if line.startswith("linkgauge_link")] for page in pages]
    assert links[0] == links[1]
    assert len(links[0]) > 10


def test_ten_thousand_groups_stay_below_fifty_thousand_series(rows):
    board = board_of(rows, 10_000)
    series = [line for line in "".join(board.page([])).splitlines() if not line.startswith("#")]
    assert 40_000 < len(series) < 50_000


def test_a_vanished_owner_leaves_nothing():
    samples = Samples()
    samples.put(("counts", "g"), [Reading("writes_total", ("g",), 1), Reading("agents_silent", ("g",), 0)])
    assert samples.group_series == 2
    samples.put(("counts", "g"), ())
    assert samples.group_series == 0
    assert list(samples.page([], full=True, open_metrics=False)) == []
