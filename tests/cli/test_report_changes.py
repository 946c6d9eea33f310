"""Reports of changes against a count one by one: volumes, controllers, groups, data sets, calendars, gaps."""

import csv
import io
import itertools
import json

import pytest

from streams.model.intervals import US
from tests.cli.report_site import STEP, TRACK, Site, flat, put_site, random_tables, report

pytestmark = pytest.mark.broker

ORACLE, MAIL = ("one/a", "one/b", "two/a"), ("two/b", "three/a")
COUNT = 12


@pytest.fixture
def site(source, put) -> Site:
    """Two groups over three controllers, an hour of intervals."""
    site = Site({"oracle": random_tables(1, ORACLE, COUNT), "mail": random_tables(2, MAIL, COUNT)})
    put_site(put, site)
    return site


def said(*arguments):
    return json.loads(report(*arguments, "--json").stdout)


def test_a_volume_report_has_sum_and_or_of_every_volume(site):
    rows = {row["volume"]: row for row in said("volume")["by_volume"]}
    assert sorted(rows) == sorted({*ORACLE, *MAIL})
    for volume, row in rows.items():
        total, union = site.sums(lambda name, volume=volume: name == volume)
        assert (row["changed_tracks_sum"], row["changed_tracks_or"]) == (total, union)
        assert (row["changed_bytes_sum"], row["changed_bytes_or"]) == (total * TRACK, union * TRACK)


def test_a_controller_is_the_sum_of_its_volumes(site):
    volumes, controllers = said("volume")["by_volume"], said("controller")["by_controller"]
    assert [row["controller"] for row in controllers] == ["one", "three", "two"]
    for row in controllers:
        own = [each for each in volumes if each["volume"].startswith(row["controller"] + "/")]
        for name in ("changed_tracks_sum", "changed_tracks_or", "changed_bytes_sum", "changed_bytes_or"):
            assert row[name] == sum(each[name] for each in own)
        total, union = site.sums(lambda name, row=row: name.startswith(row["controller"] + "/"))
        assert (row["changed_tracks_sum"], row["changed_tracks_or"]) == (total, union)


def test_a_controller_may_have_volumes_in_several_groups(site):
    two = said("controller", "two")
    total, union = site.sums(lambda name: name.startswith("two/"))
    assert (two["sum"]["changed_tracks"], two["or"]["changed_tracks"]) == (total, union)
    assert [row["group"] for row in two["groups"]] == ["mail", "oracle"]
    only = said("controller", "two", "--group", "mail")["by_controller"]
    assert [row["volumes"] for row in only] == [1]


def test_or_is_at_most_sum_and_equal_where_no_track_repeats(put, source, site):
    both = said("group", "oracle")
    assert both["or"]["changed_tracks"] < both["sum"]["changed_tracks"]
    put_site(put, Site({"fresh": [{"four/a": {3 * at, 3 * at + 1}} for at in range(COUNT)]}))
    fresh = said("group", "fresh")
    assert fresh["or"]["changed_tracks"] == fresh["sum"]["changed_tracks"] == 2 * COUNT
    assert fresh["fold_ratio"] == 1


def test_the_fold_table_is_that_of_a_count_of_every_window(site):
    for row in said("group", "oracle")["fold"]:
        windows = site.unique(row["cycle_seconds"] // STEP, ["oracle"])
        assert row["windows"] == len(windows)
        assert row["mean_tracks"] == pytest.approx(sum(windows) / len(windows), rel=1e-12)
        assert row["most_bytes"] == max(windows) * TRACK
        assert row["p50_bytes"] == sorted(windows)[(len(windows) + 1) // 2 - 1] * TRACK


def test_hot_set_and_blocks_are_those_of_a_count(site):
    told = said("group", "oracle")
    tables = site.tables(["oracle"])
    (base,) = [row for row in told["overlap"] if row["window_seconds"] == STEP]
    pairs = [
        (sum(len(a[v] & b[v]) for v in ORACLE), sum(len(b[v]) for v in ORACLE))
        for a, b in itertools.pairwise(tables)
    ]
    assert base["share"] == pytest.approx(sum(s for s, _ in pairs) / sum(n for _, n in pairs), rel=1e-12)
    for row in told["blocks"]:
        factor = row["block_bytes"] // TRACK
        coarse = [{(v, t // factor) for v in ORACLE for t in table[v]} for table in tables]
        assert row["changed_blocks_sum"] == sum(map(len, coarse))


def test_a_data_set_is_what_its_extents_touch(site, tmp_path):
    extents = ["one/a:0+20480", "one/a:100000+1", "two/b"]
    touched = {("one/a", track) for track in (*range(5), 100_000 // TRACK)}
    total, union = 0, set()
    for table in site.tables():
        kept = {
            (volume, track)
            for volume, tracks in table.items()
            for track in tracks
            if volume == "two/b" or (volume, track) in touched
        }
        total, union = total + len(kept), union | kept
    told = said("dataset", "payroll", *(word for each in extents for word in ("--extent", each)))
    assert (told["sum"]["changed_tracks"], told["or"]["changed_tracks"]) == (total, len(union))
    assert told["dataset"] == "payroll"
    file = tmp_path / "extents.csv"
    file.write_text(f"volume,offset_bytes,length_bytes\none/a,0,20480\none/a,100000,1\ntwo/b,0,{1 << 40}\n")
    again = said("dataset", "payroll", "--extents", str(file))
    assert again["or"] == told["or"]


def test_hours_choose_intervals(put, source):
    site = Site({"day": random_tables(3, ("four/a",), 288)})
    put_site(put, site, start_us=86_400 * US * 4)  # Monday 1970-01-05
    told = said("group", "day", "--hours", "8-18", "--weekdays", "mon-fri", "--zone", "Europe/Rome")
    inside = [table["four/a"] for table in site.tables()[7 * 12 : 17 * 12]]
    assert told["sum"]["changed_tracks"] == sum(map(len, inside))
    assert told["or"]["changed_tracks"] == len(set().union(*inside))
    assert (told["intervals"], told["coverage"], told["gaps"]) == (120, 1, [])
    assert "asks for none" in flat(report("group", "day", "--weekdays", "sun", code=2))


def test_gaps_are_named_and_low_coverage_is_refused(put, source):
    tables = [*random_tables(4, ("four/a",), 4), None, None, None, *random_tables(5, ("four/a",), 3)]
    put_site(put, Site({"holes": tables}))
    told = said("group", "holes", "--least-coverage", "0.7")
    assert told["coverage"] == 0.7
    assert told["gaps"] == [
        {"group": "holes", "start": "1970-01-01T00:20:00Z", "end": "1970-01-01T00:35:00Z", "coverage": 0}
    ]
    assert any("lower bounds" in remark for remark in told["remarks"])
    refused = flat(report("group", "holes", "--least-coverage", "0.71", code=2))
    assert "only 70 % of the asked time was measured" in refused


def test_the_claims_follow_from_both(site):
    asked = ["--resync-seconds", "60", "--path-bits-per-second", "10000", "--paths", "3"]
    told = said("group", "oracle", *asked)
    for basis in ("sum", "or"):
        size = told[basis]["changed_bytes"]
        assert told[basis]["required_bits_per_second"] == pytest.approx(8 * size / 60)
        assert told[basis]["paths"] == -(-8 * size // 600_000)
        assert told[basis]["per_path_bits_per_second"] == pytest.approx(8 * size / 180)
        assert told[basis]["resync_seconds"] == pytest.approx(8 * size / 30_000)


def test_the_resynchronisation_is_replayed_beside_the_naive_figure(site):
    told = said("group", "oracle", "--bits-per-second", "100000", "--outage-seconds", "600")["resync"]
    touched = site.unique(3, ["oracle"])  # 600 s touch up to three intervals of 300 s
    worst = max(range(COUNT - 3), key=lambda at: touched[at])
    assert (told["dirty_bytes"], told["outage_intervals"]) == (touched[worst] * TRACK, 3)
    assert told["outage_start"] == f"1970-01-01T00:{5 * worst:02}:00Z"
    assert told["at_rest_seconds"] == pytest.approx(8 * told["dirty_bytes"] / 100_000)
    assert told["earliest_seconds"] >= told["at_rest_seconds"]


def test_every_report_prints_its_inputs_and_the_version_of_the_formulas(site, tmp_path):
    page = tmp_path / "report.html"
    asked = ["controller", "--html", str(page)]
    first = report(*asked).stdout
    written = page.read_bytes()
    assert first == report(*asked).stdout
    assert page.read_bytes() == written
    for name in ("version of the formulas", "coverage of the asked time", "calendar", "base interval"):
        assert name in first
    assert "<svg" in page.read_text()
    rows = list(csv.DictReader(io.StringIO(report("volume", "--csv").stdout)))
    assert [row["volume"] for row in rows] == sorted({*ORACLE, *MAIL})


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("volume one/c", "volume 'one/c' is not known; did you mean one/b or one/a? there are: "),
        ("controller tow", "controller 'tow' is not known; did you mean two? there are: "),
        ("group orcale", "group 'orcale' is not known; did you mean oracle? there are: "),
        ("dataset d --extent one/a:5+x", "--extent one/a:5+x: whole bytes are needed"),
        ("dataset d --extent one/a:5+0", "has at least one byte"),
        ("dataset d --extent nine/a", "volume 'nine/a' is not known"),
        ("dataset d", "a data set has at least one extent"),
        (
            "group oracle --from 1980-01-01",
            "nothing was measured from 1980-01-01T00:00:00Z; what is stored goes from",
        ),
        ("group oracle --from 1980-01-01 --to 1970-01-01", "must lie before"),
    ],
)
def test_bad_questions(site, asked, complaint):
    assert complaint in flat(report(*asked.split(), code=2))


def test_groups_that_share_an_extent_are_not_counted_twice(put, site):
    put_site(put, Site({"copy": random_tables(6, ("one/a",), COUNT)}))
    assert "choose with --group" in flat(report("volume", "one/a", code=2))
    assert len(said("volume", "one/a", "--group", "copy")["by_volume"]) == 1
