"""Links: the golden vector through the reporter's eyes, members that are missing, and which range counts."""

import math

import pytest

from streams.model.intervals import US
from streams.reporter.links import link_figures
from streams.settings import Link

MILLION_TRACKS = 65_536_000_000


def link(**fields):
    chosen = {"groups": ("a", "b"), "path_bits_per_second": 155_520_000, "efficiency": 0.91295, "paths": 2}
    return Link(**chosen | fields)


def test_golden_vector(rows):
    newest = {
        "a": [rows.summary(0, "a", length=3600, changed=MILLION_TRACKS // 4, coverage=0.75)],
        "b": [rows.summary(12, "b", length=3600, changed=MILLION_TRACKS * 3 // 4)],
    }
    figures = link_figures(link(), newest)
    assert figures.path_bytes_per_second == 99_387_388.8 / 8
    assert figures.link_bytes_per_second == 2 * 99_387_388.8 / 8
    assert (figures.binding, figures.missing) == ("line", ())
    need = figures.need
    assert need.required_bytes_per_second == pytest.approx(145_635_555.555_555_56 / 8, rel=1e-15)
    assert need.headroom_ratio == pytest.approx(1 - 145_635_555.555_555_56 / 198_774_777.6, rel=1e-12)
    assert need.resync_seconds == pytest.approx(MILLION_TRACKS * 8 / 198_774_777.6, rel=1e-15)
    assert (need.paths, need.coverage, need.changed_bytes) == (2, 0.75, MILLION_TRACKS)
    assert (need.range_seconds, need.end_us) == (3600, 3600 * US)


def test_compression_lowers_the_need(rows):
    newest = {name: [rows.summary(0, name, changed=MILLION_TRACKS)] for name in "ab"}
    plain, shrunk = (link_figures(link(**f), newest).need for f in ({}, {"compression_ratio": 2}))
    assert shrunk.required_bytes_per_second * 2 == plain.required_bytes_per_second


def test_the_longest_length_that_all_have(rows):
    base = {name: rows.summary(0, name) for name in "ab"}
    quarter, hour = (rows.summary(0, "a", length=length) for length in (900, 3600))
    newest = {"a": [base["a"], quarter, hour], "b": [base["b"]]}
    assert link_figures(link(), newest).need.range_seconds == 300
    newest["b"].append(rows.summary(0, "b", length=900))
    assert link_figures(link(), newest).need.range_seconds == 900


def test_what_the_others_need_is_a_lower_bound_while_a_member_is_missing(rows):
    large = rows.summary(0, "a", length=3600, changed=4 * MILLION_TRACKS)
    figures = link_figures(link(), {"a": [large]}, {"b": (300, 3600)})
    assert figures.missing == ("b",)
    assert (figures.need.changed_bytes, figures.need.coverage) == (4 * MILLION_TRACKS, 0)
    assert figures.need.headroom_ratio == pytest.approx(1 - 4 * 145_635_555.555_555_56 / 198_774_777.6)
    assert figures.need.paths == 6
    fits = link_figures(link(), {"a": [rows.summary(0, "a", length=3600)]}, {"b": (300, 3600)})
    assert fits.need.headroom_ratio is None, "the missing one could take what seems to be left"


def test_a_member_that_nobody_vouches_for_is_missing(rows):
    unseen = rows.summary(0, "b", changed=0, coverage=0.0)
    figures = link_figures(link(), {"a": [rows.summary(0, "a")], "b": [unseen]})
    assert figures.missing == ("b",)
    assert figures.need.headroom_ratio is None
    idle = rows.summary(0, "b", changed=0)
    assert link_figures(link(), {"a": [rows.summary(0, "a")], "b": [idle]}).missing == ()


def test_the_range_stays_when_a_member_falls_silent(rows):
    lengths = [rows.summary(0, "a", length=length) for length in (300, 900, 3600)]
    assert link_figures(link(), {"a": lengths}, {"b": (300, 900)}).need.range_seconds == 900


def test_without_any_figure_there_is_no_need(rows):
    nothing_shared = {"a": [rows.summary(0, "a")], "b": [rows.summary(0, "b", length=7200)]}
    figures = link_figures(link(), nothing_shared)
    assert (figures.missing, figures.need) == (("a", "b"), None)
    assert link_figures(link(), {}).need is None
    asked = link(range_seconds=300)
    assert link_figures(asked, {"a": [rows.summary(0, "a")], "b": []}).missing == ("b",)
    assert link_figures(asked, {n: [rows.summary(0, n)] for n in "ab"}).need.range_seconds == 300


def test_a_link_that_gives_nothing(rows):
    full = link(background_bits_per_second=1e9)
    need = link_figures(full, {n: [rows.summary(0, n)] for n in "ab"}).need
    assert (need.headroom_ratio, need.resync_seconds, need.paths) == (-math.inf, math.inf, None)
