"""Pages and charts: well-formed, alone in the world, everything inside the frame, the same every time."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from streams.cli.reports.charts import thinned
from streams.cli.reports.document import Chart, Column, Level, Line, Report, Unit, facts, listing, sides
from streams.cli.reports.page import html_page
from streams.cli.reports.svg import svg
from streams.cli.reports.ticks import log_ticks, ticks

NAN = float("nan")


def chart(**changed):
    line = Line("a <b> & c", np.array([0.0, 1e9, 2e9, 3e9]), np.array([1.0, NAN, 3.0, 2.0]), steps=True)
    given = {
        "title": "A & B",
        "x_unit": Unit.TIME,
        "y_unit": Unit.RATE,
        "lines": [line],
        "levels": [Level("installed", 2.5), Level("B*", 2.6)],
        "shaded": [(1e9, 2e9)],
        "shade_name": "broken",
    }
    return Chart(**{**given, **changed})


@pytest.mark.parametrize(
    "drawn",
    [
        chart(),
        chart(lines=[]),
        chart(lines=[Line("nothing", np.zeros(0), np.zeros(0))], levels=[], shaded=[]),
        chart(lines=[Line("zero", np.array([5.0]), np.array([0.0]))], levels=[], shaded=[]),
        chart(
            x_unit=Unit.SECONDS,
            y_unit=Unit.BYTES,
            lines=[Line("u", np.array([300.0, 86_400.0]), np.array([0.0, 2.0**40]))],
            levels=[],
            shaded=[],
            scale="log",
        ),
        chart(
            x_unit=Unit.RATE,
            y_unit=Unit.SHARE,
            lines=[Line("met", np.array([0.0, 3e9]), np.array([0.0, 1.0]))],
            levels=[Level("mean", 2e9, is_place=True), Level("B*", 3e9, is_place=True)],
            shaded=[],
        ),
    ],
)
def test_everything_stands_inside_the_frame(drawn):
    root = ET.fromstring(svg(drawn))  # noqa: S314  # it is our own text
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root.iter():
        for name in ("x", "x1", "x2"):
            assert 0 <= float(element.get(name, 0)) <= width
        for name in ("y", "y1", "y2"):
            assert 0 <= float(element.get(name, 0)) <= height
        for x, y in re.findall(r"[ML]([\d.-]+) ([\d.-]+)", element.get("d", "")):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height
    assert "nan" not in svg(drawn)


def test_a_gap_breaks_the_line():
    (path, _) = re.findall(r'<path class="line a" d="([^"]*)"', svg(chart()))
    assert path.count("M") == 2
    assert path.count("V") == 1  # from the third value to the fourth


@pytest.mark.parametrize(
    ("unit", "low", "high", "labels"),
    [
        (Unit.RATE, 0, 17.4e6, "0 bit/s,5 Mbit/s,10 Mbit/s,15 Mbit/s"),
        (Unit.BYTES, 0, 400 * 2**20, "0 B,64 MiB,128 MiB,192 MiB,256 MiB,320 MiB,384 MiB"),
        (Unit.SHARE, 0, 1, "0 %,20 %,40 %,60 %,80 %,100 %"),
        (Unit.TIME, 86_400e6, 172_800e6, "2 Jan,06:00,12:00,18:00,3 Jan"),
        (Unit.SECONDS, 0, 300, "0 s,1 min,2 min,3 min,4 min,5 min"),
    ],
)
def test_marks_are_round(unit, low, high, labels):
    assert [label for _, label in ticks(unit, low, high)] == labels.split(",")


def test_marks_are_few():
    assert [label for _, label in log_ticks(Unit.SECONDS, 300, 3600)] == ["5 min", "15 min", "1 h"]
    for high in (1.0, 9.9, 1e3, 1023.0, 1025.0, 3.3e12):
        for unit in (Unit.RATE, Unit.BYTES, Unit.SECONDS):
            assert 2 <= len(ticks(unit, 0, high)) <= 9


def test_thinning_keeps_the_largest():
    places, values = thinned(np.array([1.0, 9.0, NAN, NAN, 4.0]), most=3)
    assert places.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(values, [9.0, NAN, 4.0])


def report():
    return Report(
        "group <oracle>",
        [
            facts("", "", [("start", "from", Unit.TIME, 0), ("coverage", "coverage", Unit.SHARE, 0.5)]),
            sides("both", ("sum", "or"), [("changed_bytes", "changed", Unit.BYTES, (2048, 1024))]),
            listing("rows", "Rows", [Column("volume", "volume")], [("<script>",)], ["a note & more"]),
        ],
        "claims",
        ["a remark"],
        [chart()],
    )


def test_a_page_needs_nothing_else():
    page = html_page(report())
    assert page == html_page(report())
    assert not re.search(r"https?://|<script|<link|src=|@import|url\(", page)
    for said in ("group &lt;oracle&gt;", "&lt;script&gt;", "a note &amp; more", "2.00 KiB", "50.00 %"):
        assert said in page
    body = page.removeprefix("<!doctype html>\n").replace('<meta charset="utf-8">', "")
    ET.fromstring(re.sub(r"<meta[^>]*>", "", body))  # noqa: S314  # as above
