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


def test_a_member_without_a_figure(rows):
    figures = link_figures(link(), {"a": [rows.summary(0, "a")]})
    assert (figures.missing, figures.need) == (("b",), None)
    nothing_shared = {"a": [rows.summary(0, "a")], "b": [rows.summary(0, "b", length=7200)]}
    assert link_figures(link(), nothing_shared).missing == ("a", "b")
    asked = link(range_seconds=300)
    assert link_figures(asked, {"a": [rows.summary(0, "a")], "b": []}).missing == ("b",)
    assert link_figures(asked, {n: [rows.summary(0, n)] for n in "ab"}).need.range_seconds == 300


def test_a_link_that_gives_nothing(rows):
    full = link(background_bits_per_second=1e9)
    need = link_figures(full, {n: [rows.summary(0, n)] for n in "ab"}).need
    assert (need.headroom_ratio, need.resync_seconds, need.paths) == (-math.inf, math.inf, None)
