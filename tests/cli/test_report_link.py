"""Reports of links: every mode against a simulation step by step, what is refused, the same bytes twice."""

import itertools
import json
import random
from fractions import Fraction
from pathlib import Path

import pytest

from tests.cli.report_site import SLOT, SLOTS, STEP, TRACK, Site, flat, put_site, random_tables, report

pytestmark = pytest.mark.broker

COUNT = 12
RPO = 600
RATE = 100_000.0  # of a path; efficiency and ceiling are 1


@pytest.fixture
def site(source, put) -> Site:
    """Two groups that share a link, with bytes by slot; a third one without."""
    draw = random.Random(7)
    site = Site(
        {
            "oracle": random_tables(1, ("one/a", "one/b"), COUNT),
            "mail": random_tables(2, ("two/a",), COUNT),
            "folded": random_tables(3, ("three/a",), COUNT),
        },
        {
            name: [draw.choice([0, 0, 1000, 900_000]) for _ in range(COUNT * SLOTS)]
            for name in ("oracle", "mail")
        },
    )
    put_site(put, site)
    Path("linkgauge.toml").write_text(
        '[links.east]\ngroups = ["oracle", "mail"]\nmedium = "raw"\nutilisation_ceiling = 1\n'
        f"path_bits_per_second = {RATE}\nrpo_seconds = {RPO}\nprice_path_month = 100\n"
        '[links.west]\ngroups = ["folded"]\npath_bits_per_second = 1e6\n'
        '[links.busy]\ngroups = ["mail"]\npath_bits_per_second = 1e6\nbackground_bits_per_second = 1e9\n'
    )
    return site


def report_link(*arguments, code=0):
    return report("link", *arguments, code=code)


def said(*arguments):
    return json.loads(report_link(*arguments, "--json").stdout)


def arrivals(site):
    return [a + b for a, b in zip(site.written["oracle"], site.written["mail"], strict=True)]


def least_rate(sizes, rpo):
    """`max over windows of bytes / (length + RPO)`, by all windows, in bit/s."""
    count = len(sizes)
    return max(
        Fraction(8 * sum(sizes[start:end]), (end - start) * SLOT + rpo)
        for start in range(count)
        for end in range(start + 1, count + 1)
    )


def backlogs(sizes, bits_per_second):
    waiting = [0.0]
    for size in sizes:
        waiting.append(max(0.0, waiting[-1] + size - bits_per_second * SLOT / 8))
    return waiting


def test_continuous_needs_the_least_rate_that_all_windows_ask_for(site):
    told, sizes = said("east"), arrivals(site)
    least = least_rate(sizes, RPO)
    assert (told["mode"], told["mode_chosen"]) == ("continuous", "by default")
    assert told["summary"]["bits_per_second"] == pytest.approx(float(least), rel=1e-9)
    assert told["summary"]["headroom_ratio"] == pytest.approx(1 - float(least) / RATE, rel=1e-9)
    assert told["summary"]["paths"] == -(-least // Fraction(RATE))
    whole = {row["kept_for"]: row["bits_per_second"] for row in told["needs"]}
    assert whole["100 % of the time"] == whole["100 % of the bytes"] == told["summary"]["bits_per_second"]
    assert whole["90 % of the time"] <= whole["95 % of the time"] <= whole["99 % of the time"]
    assert whole["safe: however bytes arrive in a slot"] >= float(least)


def test_continuous_on_the_installed_paths_is_a_simulation(site):
    rate = 60_000
    told, sizes = said("east", "--path-bits-per-second", str(rate)), arrivals(site)
    waiting = backlogs(sizes, rate)
    worst = max(waiting) * 8 / rate
    assert worst > RPO
    assert told["installed"]["journal_bytes"] == pytest.approx(max(waiting), rel=1e-9)
    assert told["installed"]["achievable_rpo_100_seconds"] == pytest.approx(worst, rel=1e-9)
    assert told["days"] == [{"day": "1970-01-01T00:00:00Z", "rpo_seconds": pytest.approx(worst, rel=1e-9)}]
    # In steps of a hundredth of a slot, with even flow inside slots.
    moments = [a + (b - a) * at / 100 for a, b in itertools.pairwise(waiting) for at in range(100)]
    missed = sum(each > rate * RPO / 8 for each in moments) / len(moments)
    assert told["installed"]["attainment_by_time"] == pytest.approx(1 - missed, abs=0.005)
    late = sum(row["seconds"] for row in told["violations"])
    assert late == pytest.approx(missed * COUNT * STEP, abs=0.005 * COUNT * STEP)


def test_percentages_may_be_chosen(site):
    told = said("east", "--percent", "99.5", "--percent", "50")
    assert [row["kept_for"] for row in told["needs"]][:2] == ["99.5 % of the time", "50 % of the time"]
    assert told["installed"]["achievable_rpo_50_seconds"] <= told["installed"]["achievable_rpo_99.5_seconds"]


def test_an_outage_leaves_what_was_written_in_it(site):
    sizes, waiting = arrivals(site), backlogs(arrivals(site), RATE)
    most = max(waiting[start] + sum(sizes[start : start + 10]) for start in range(len(sizes) - 10 + 1))
    down = said("east", "--outage-seconds", "600")["outage"]
    assert down["backlog_bytes"] == pytest.approx(most, rel=1e-9)


def test_the_usual_methods_stand_beside(site):
    told, sizes = said("east"), arrivals(site)
    usual = {row["method"]: row["bits_per_second"] for row in told["usual"]}
    windows = [sum(sizes[start : start + RPO // SLOT]) for start in range(len(sizes) - RPO // SLOT + 1)]
    assert usual["peak rolling average over the RPO"] == pytest.approx(8 * max(windows) / RPO)
    assert usual["mean"] == pytest.approx(8 * sum(sizes) / (COUNT * STEP))
    least = told["summary"]["bits_per_second"]
    assert (
        usual["peak rolling average over the RPO"] / 2 <= least <= usual["peak rolling average over the RPO"]
    )


def test_a_shared_link_needs_less_than_links_apart(site):
    told = said("east")["sharing"]
    alone = sum(least_rate(site.written[name], RPO) for name in ("oracle", "mail"))
    assert told["separate_bits_per_second"] == pytest.approx(float(alone), rel=1e-9)
    assert told["diversity_factor"] == pytest.approx(float(alone / least_rate(arrivals(site), RPO)), rel=1e-9)


def test_cycles_are_replayed_from_the_tables(site):
    told = said("east", "--mode", "cycle_multi", "--cycle-seconds", "300", "--rpo-seconds", "900")
    sizes = [count * TRACK for count in site.unique(1, ["oracle", "mail"])]
    sent, worst, late = 0.0, 0.0, 0
    for place, size in enumerate(sizes):  # a cycle of one interval has one phase
        sent = max(sent, (place + 1) * STEP) + 8 * size / RATE
        worst = max(worst, sent - place * STEP)
        late += sent - place * STEP > 900
    assert told["basis"] == "unique bytes"
    assert told["installed"]["cycles"] == COUNT
    assert told["installed"]["worst_exposure_seconds"] == pytest.approx(worst, rel=1e-9)
    assert told["installed"]["late_cycles"] == late
    (chosen,) = [row for row in told["cycles"] if row["chosen"]]
    assert chosen["cycle_seconds"] == 300
    assert chosen["worst_exposure_seconds"] <= 900


def test_the_best_cycle_is_the_one_that_needs_least(site):
    told = said("east", "--mode", "cycle_single", "--rpo-seconds", "1800")
    (chosen,) = [row for row in told["cycles"] if row["chosen"]]
    assert chosen["bits_per_second"] == min(row["bits_per_second"] for row in told["cycles"])
    assert told["summary"]["bits_per_second"] == chosen["bits_per_second"]


def test_larger_blocks_ship_more(site):
    fine = said("east", "--mode", "cycle_multi", "--cycle-seconds", "300")
    coarse = said("east", "--mode", "cycle_multi", "--cycle-seconds", "300", "--block-bytes", str(8 * TRACK))
    assert coarse["block_bytes"] == 8 * TRACK
    assert coarse["summary"]["bits_per_second"] > fine["summary"]["bits_per_second"]


def test_bitmap_mode_ships_the_worst_outage_in_time(site):
    told = said("west", "--outage-seconds", "900", "--resync-seconds", "60")
    assert told["mode_chosen"] == "by default, for written bytes were not captured"
    worst = max(site.unique(4, ["folded"])) * TRACK  # 900 s touch up to four intervals of 300 s
    assert told["summary"]["bits_per_second"] == pytest.approx(8 * worst / 60)


def test_synchronous_mode_carries_the_peak(site):
    told = said("east", "--mode", "synchronous")
    assert told["summary"]["bits_per_second"] == pytest.approx(8 * max(arrivals(site)) / SLOT)
    assert any("level out shorter peaks" in remark for remark in told["remarks"])


def test_all_modes_stand_side_by_side(site):
    told = said("east", "--rpo-seconds", "900")
    rows = {row["mode"]: row for row in told["modes"]}
    assert list(rows) == ["synchronous", "continuous", "cycle_single", "cycle_multi", "bitmap_resync"]
    for mode, row in rows.items():
        alone = said("east", "--rpo-seconds", "900", "--mode", mode)
        assert row["bits_per_second"] == alone["summary"]["bits_per_second"]
        assert alone["modes"] == told["modes"]
    waiting = backlogs(arrivals(site), rows["continuous"]["bits_per_second"])
    assert rows["continuous"]["held_bytes"] == pytest.approx(max(waiting), rel=1e-6)
    assert [row["mode"] for row in said("west")["modes"]] == list(rows)[2:]


def test_the_first_copy_of_whole_volumes_is_replayed(site):
    told = said("east", "--path-bits-per-second", "1000000")["initial_copy"]
    assert told["volume_bytes"] == 3 * 64 * TRACK
    assert told["at_rest_seconds"] == pytest.approx(8 * 3 * 64 * TRACK / 1e6)
    assert told["caught_up_seconds"] >= told["earliest_seconds"] >= told["at_rest_seconds"]
    assert "initial_copy" not in said("busy")


def test_every_margin_is_a_step(site):
    told = said("east")
    needed = [row["bits_per_second"] for row in told["need_steps"]]
    assert needed[-2] == pytest.approx(1.2 * needed[0])
    assert needed[-1] == pytest.approx(1.2 * 1.3 * needed[0])
    assert told["path_steps"][0]["step"] == "line rate"
    assert told["outlook"]["days"] == told["summary"]["exhaustion_days"]


def test_prices_make_a_table(site):
    rows = said("east")["cost"]
    assert rows[0]["need"] == "RPO 40.00 min"
    for row in rows:
        assert row["cost_per_month"] == pytest.approx(100 * row["planned_paths"])
    assert "cost" not in said("west")


def test_the_same_command_writes_the_same_bytes(site):
    pages = []
    for name in ("one.html", "two.html"):
        text = report_link("east", "--outage-seconds", "600", "--html", name).stdout
        pages.append((text, Path(name).read_bytes()))
    assert pages[0] == pages[1]
    assert pages[0][1].count(b"<svg") == 6


def test_a_link_that_gives_nothing_is_reported(site):
    told = said("busy")
    assert (told["summary"]["paths"], told["usable_bits_per_second"]) == ("none is enough", 0)
    assert "installed" not in told


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("eats", "link 'eats' is not known; did you mean east or west? there are: busy, east, west"),
        ("west --mode continuous", "bytes written were not captured"),
        ("west --profile zerto", "let the agents publish writes"),
        ("east --mode async", "choose one of synchronous, continuous, cycle_single"),
        ("east --profile srdf", "choose one of srdf-a-"),
        ("east --mode cycle_single --cycle-seconds 60", "shorter than the base interval of 300 s"),
        ("east --mode cycle_single --block-bytes 5000", "mode cycle_single ships blocks of 5000 bytes"),
        ("east --block-bytes 5000", "tracks of 4096 bytes were captured"),
        ("east --profile global-mirror-change-volumes --cycle-seconds 30", "takes 60 to 86400 s"),
        ("east --percent 99 --percent 101", "101 is no percentage: choose from 0 to 100"),
        ("east --percent nan", "nan is no percentage"),
        ("east --rpo-seconds 0", "0 is not more than zero"),
        ("east --path-bits-per-second -5", "-5 is not more than zero"),
        ("east --least-coverage 2", "less than or equal to 1"),
    ],
)
def test_bad_questions(site, asked, complaint):
    assert complaint in flat(report_link(*asked.split(), code=2))
