"""What a scrape says after which rows."""

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams import __version__
from streams.model.bittable import BitTable
from streams.model.entries import Entry, Interval, Totals
from streams.model.intervals import US
from streams.reporter.board import Board
from streams.reporter.letters import Letter, LetterLog
from streams.reporter.volumes import TablePart
from streams.settings import Settings
from streams.telemetry.family import Reading
from streams.wire.keys import GroupKey
from streams.wire.tables import encode_tables

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"
LETTERS = ("linkgauge_dead_letters_written", "linkgauge_dead_letters_kept")
OWN = ("linkgauge_reporter", "linkgauge_build", "linkgauge_data_groups")
LINKS = {"east": {"groups": ["oracle"], "path_bits_per_second": 1e6, "paths": 2, "efficiency": 0.5}}


NO_LETTERS = LetterLog({}, 0, is_read=False)


def board_of(*rows, log=NO_LETTERS, **settings):
    board = Board(Settings(**settings))
    for row in rows:
        board.take(row)
    board.reach(log)
    board.show()
    return board


def scrape(board):
    return "".join(board.page([]))


def samples(board, family=None):
    """Samples of groups and links: `name{labels}` without the prefix -> value."""
    return {
        " ".join([s.name.removeprefix("linkgauge_"), *s.labels.values()]): s.value
        for metric in text_string_to_metric_families(scrape(board))
        for s in metric.samples
        if (family is None or s.name == f"linkgauge_{family}")
        and not s.name.startswith(
            ("linkgauge_reporter", "linkgauge_build", "linkgauge_data_groups", *(() if family else LETTERS))
        )
    }


def tables(volumes, index=0):
    """A table part of `oracle` in which volume `vK` has changed K + 1 tracks."""
    entries = tuple(
        Entry(f"array/v{k}", None, 65_536, BitTable.of(range(k + 1)), k, 4096 * k, ((0, 150 * US),))
        for k in range(volumes)
    )
    interval = Interval("oracle", 1, 300, index * 300 * US, 0, False, entries, 10, None, 0, 0)
    (record,) = encode_tables(interval)
    return TablePart("oracle", 300, interval.start_us, 0, 0, 1, record.value)


def test_the_whole_page(rows):
    links = LINKS | {"west": {"groups": ["mail"], "path_bits_per_second": 1e6, "rpo_seconds": 600}}
    hours = [
        rows.summary(
            12 * hour,
            "mail",
            length=3600,
            slot_seconds=300,
            written_bytes=12 * (hour + 1) * 10_000,
            written_bytes_by_slot=((hour + 1) * 10_000,) * 12,
        )
        for hour in range(8 * 24)
    ]
    board = board_of(
        rows.version(),
        rows.mark(silent=1),
        rows.summary(0, changed=2 << 20, coverage=0.5),
        rows.summary(0, length=900, changed=3 << 20, shipped=6 << 20),
        rows.summary(0, length=3600, changed=45_000_000, shipped=90_000_000, written_bytes=None),
        rows.version("mail", interval_seconds=3600, slot_seconds=300, rungs_seconds=()),
        *hours,
        tables(3),
        Letter(0, 4, "unknown-group"),
        Letter(0, 5, "bad-json"),
        log=LetterLog({0: 4}, 6, is_read=True),
        links=links,
        reporter={"volumes_of": ["oracle"], "volume_limit": 2},
    )
    for link in board.links_without_past():
        for row in hours if link.name == "west" else ():
            link.take(row)
        link.past_is_read()
        board.show_link(link)
    board.show()
    reloaded = [
        Reading("reporter_settings_reload_successful", (), 1),
        Reading("reporter_settings_reload_timestamp_seconds", (), 0),
    ]
    page = "".join(board.page(reloaded))
    assert page == GOLDEN.read_text().replace('version="0.1.0"', f'version="{__version__}"')


def test_a_group_without_a_definition_is_not_shown(rows):
    assert samples(board_of(rows.summary(0), rows.mark())) == {}


def test_a_defined_group_without_an_interval_shows_no_figure(rows):
    defined = {
        "data_group_info oracle 1 300 65536": 1,
        "interval_seconds oracle": 300,
        "data_group_array_info oracle array": 1,
    }
    assert samples(board_of(rows.version())) == defined
    shown = samples(board_of(rows.version(), rows.mark(dead_letters=3)))
    assert shown["dead_letters_total oracle"] == 3
    assert shown["intervals_closed_total oracle"] == 0
    assert {name for name in shown if not name.endswith("_total oracle")} == {
        *defined,
        "agents_silent oracle",
        "data_group_ended oracle",
    }


def test_a_group_that_was_never_fed_shows_as_not_covered_once_its_agents_are_silent(rows):
    board = board_of(rows.version(), rows.mark(), links=LINKS)
    assert not samples(board, "coverage_ratio")
    board.take(rows.mark(offset=12, silent=1))
    board.show()
    shown = samples(board)
    assert (shown["coverage_ratio oracle"], shown["agents_silent oracle"]) == (0, 1)
    assert (shown["link_coverage_ratio east"], shown["link_members_missing east"]) == (0, 1)
    assert not [name for name in shown if "window" in name or name.startswith("link_required")]


def test_an_idle_groups_counters_rise_with_its_mark(rows):
    board = board_of(rows.version(), rows.summary(0))
    board.take(rows.mark(intervals_closed=1, writes=10, duplicate_messages=208))
    board.show()
    assert samples(board)["duplicate_messages_total oracle"] == 208
    assert samples(board)["writes_total oracle"] == 10


def test_counters_that_nothing_told_are_absent(rows):
    shown = samples(board_of(rows.version(), rows.gap(0, 500)))
    assert shown["coverage_ratio oracle"] == 0
    assert not [name for name in shown if "_total" in name]


def test_dead_letters_by_reason_are_absent_until_all_are_read(rows):
    letters = [Letter(0, 2, "bad-json"), Letter(0, 3, "unknown-group"), Letter(0, 4, "bad-json")]
    board = board_of(*letters, log=LetterLog({0: 0}, 5, is_read=False))
    assert samples(board, "dead_letters_written_total") == {"dead_letters_written_total": 5}
    assert samples(board, "dead_letters_kept") == {}
    board.reach(LetterLog({0: 0}, 5, is_read=True))
    board.show()
    assert samples(board, "dead_letters_kept") == {
        "dead_letters_kept bad-json": 2,
        "dead_letters_kept unknown-group": 1,
    }
    board.reach(LetterLog({0: 4}, 5, is_read=True))
    board.show()
    assert samples(board, "dead_letters_written_total") == {"dead_letters_written_total": 5}
    assert samples(board, "dead_letters_kept") == {"dead_letters_kept bad-json": 1}


def test_a_deleted_group_vanishes_and_its_link_has_no_figure(rows):
    board = board_of(
        rows.version(), rows.version("mail"), rows.summary(0), rows.summary(0, "mail"), links=LINKS
    )
    assert samples(board, "link_members_missing") == {"link_members_missing east": 0}
    board.take(GroupKey("oracle", 1))
    board.show()
    shown = samples(board)
    assert not [name for name in shown if "oracle" in name and "member_info" not in name]
    assert [name for name in shown if name.startswith("writes_total")] == ["writes_total mail"]
    assert (shown["link_members_missing east"], shown["link_coverage_ratio east"]) == (1, 0)
    assert not [name for name in shown if name.startswith("link_required")]


BOTH = {"east": LINKS["east"] | {"groups": ["oracle", "mail"], "path_bits_per_second": 10_000}}


def test_a_narrow_link_stays_narrow_while_a_group_of_it_falls_silent(rows):
    versions = [rows.version(), rows.version("mail")]
    board = board_of(*versions, rows.summary(0, changed=9 << 20), rows.summary(0, "mail"), links=BOTH)
    before = samples(board)["link_headroom_ratio east bitmap_resync"]
    assert before < 0
    board.take(rows.gap(1, 500, "mail"))
    board.show()
    shown = samples(board)
    assert before < shown["link_headroom_ratio east bitmap_resync"] < 0
    assert (shown["link_members_missing east"], shown["link_coverage_ratio east"]) == (1, 0)


def test_a_link_says_that_its_mode_was_not_captured(rows):
    """Absence alone would look like a link that is wide enough."""
    links = {"east": LINKS["east"] | {"mode": "cycle_single", "cycle_seconds": 420}}
    shown = samples(board_of(rows.version(), rows.summary(0), links=links))
    assert shown["link_mode_unmeasured east cycle_single"] == 1
    assert "link_headroom_ratio east cycle_single" not in shown
    links["east"]["cycle_seconds"] = 300
    shown = samples(board_of(rows.version(), rows.summary(0), links=links))
    assert shown["link_mode_unmeasured east cycle_single"] == 0
    assert "link_headroom_ratio east cycle_single" in shown


GOOD = {
    "link_headroom_ratio",
    "link_rpo_attainment_ratio",
    "link_exhaustion_timestamp_seconds",
    "link_exhaustion_earliest_timestamp_seconds",
}


def test_nothing_good_is_said_of_a_link_while_a_group_of_it_is_missing(rows):
    links = {"east": BOTH["east"] | {"path_bits_per_second": 1e9}}
    names, days = ("oracle", "mail"), range(8 * 288)
    grown = [rows.summary(n, name, written_bytes=10_000 * (1 + n // 288)) for name in names for n in days]
    newest = [
        rows.summary(8 * 288, name, written_bytes=4096, written_bytes_by_slot=(4096, *(0,) * 29))
        for name in names
    ]
    board = board_of(*(rows.version(name) for name in names), *newest, links=links)
    (link,) = board.links_without_past()
    for row in grown:
        link.take(row)
    link.past_is_read()
    board.show_link(link)
    board.show()
    assert {name.split(" ")[0] for name in samples(board)} >= GOOD
    board.take(rows.gap(8 * 288 + 1, 8 * 288 + 400, "mail"))
    board.show()
    shown = {name.split(" ")[0] for name in samples(board)}
    assert "link_required_bytes_per_second" in shown
    assert not shown & GOOD


def test_a_group_that_is_far_behind_the_others_is_missing(rows):
    large = [rows.summary(n, changed=9 << 20, written_bytes_by_slot=(9 << 20,) * 30) for n in range(100, 120)]
    small = rows.summary(0, "mail", written_bytes_by_slot=(0,) * 30)
    board = board_of(rows.version(), rows.version("mail"), *large, small, links=BOTH)
    shown = samples(board)
    assert shown["link_members_missing east"] == 1
    assert shown["link_headroom_ratio east continuous"] < 0, "what the group once was hides nothing"


def test_the_newest_interval_is_shown_not_the_last_to_arrive(rows):
    board = board_of(rows.version(), rows.summary(5, changed=1 << 20))
    board.take(rows.summary(3, changed=9 << 20, totals=Totals(intervals_closed=4)))
    board.show()
    shown = samples(board)
    assert shown["window_changed_bytes oracle 300"] == 1 << 20
    assert shown["interval_end_timestamp_seconds oracle"] == 1800
    assert shown["intervals_closed_total oracle"] == 6


def test_a_gap_is_no_zero(rows):
    board = board_of(rows.version(), rows.summary(0), rows.gap(1, 500))
    shown = samples(board)
    assert shown["coverage_ratio oracle"] == 0
    assert shown["interval_end_timestamp_seconds oracle"] == 500 * 300
    assert "window_changed_bytes oracle 300" not in shown
    board.take(rows.summary(500, changed=0))
    board.show()
    shown = samples(board)
    assert (shown["coverage_ratio oracle"], shown["window_changed_bytes oracle 300"]) == (1, 0)


def test_what_is_unknown_is_absent(rows):
    board = board_of(
        rows.version(),
        rows.summary(0, written_bytes=None, watermark_us=None),
        rows.summary(0, length=900, changed=0, written_bytes=None, watermark_us=None),
    )
    shown = samples(board)
    assert not [name for name in shown if name.startswith(("window_written", "fold_ratio", "watermark"))]
    assert shown["window_shipped_bytes oracle 900"] == 0


def test_nothing_changes_between_two_shows(rows):
    board = board_of(rows.version(), rows.summary(0))
    before = samples(board)
    board.take(rows.summary(1))
    assert samples(board) == before
    board.show()
    assert samples(board) != before


@pytest.mark.parametrize("name", ['a"b\\c\nd{}', "数 🦊 'x' `y` $1 ${z} {{.}}", "long " * 50])
def test_hostile_names(rows, name):
    shown = samples(board_of(rows.version(name), rows.summary(0, name)))
    assert shown[f"writes_total {name}"] == 10


def test_before_the_first_show_only_the_reporter_itself(rows):
    board = Board(Settings(links=LINKS))
    board.take(rows.version())
    board.take(rows.summary(0))
    assert samples(board) == {}
    assert "linkgauge_reporter_ready 0.0" in scrape(board)
    board.show()
    assert "linkgauge_reporter_ready 1.0" in scrape(board)


@pytest.mark.parametrize("paths", [1, 4])
def test_headroom_is_negative_exactly_when_more_paths_are_required(rows, paths):
    links = {"east": LINKS["east"] | {"paths": paths}}
    needed = 45_000_000 * 3  # bytes in an hour: 0.3 Mbit/s over paths that give 0.35 each
    shown = samples(board_of(rows.version(), rows.summary(0, changed=needed * 3), links=links))
    assert shown["link_paths_required east bitmap_resync"] == 3
    assert (shown["link_headroom_ratio east bitmap_resync"] < 0) == (paths < 3)
    assert shown["link_paths_installed east"] == paths
