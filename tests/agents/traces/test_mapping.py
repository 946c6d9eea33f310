"""Mappings of columns: what they refuse, and how a command line spells them."""

from pathlib import Path

import pytest

from streams.agents.traces.mapping import BLANKS, CsvMapping
from streams.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("time=1,offset=2,length=3", CsvMapping(time=1, offset=2, length=3)),
        (
            "time=5, volume=1, offset=3, length=4, op=2, write=W, time_unit=us",
            CsvMapping(time=5, volume=1, offset=3, length=4, op=2, write=("W",), time_unit="us"),
        ),
        (
            "time=t,array=host,volume=disk,offset=o,length=l,op=k,write=w|W,read=r|R,discard=d,header=yes",
            CsvMapping(
                time="t",
                array="host",
                volume="disk",
                offset="o",
                length="l",
                op="k",
                write=("w", "W"),
                read=("r", "R"),
                discard=("d",),
                header=True,
            ),
        ),
        (
            "time=1,offset=2,length=3,offset_unit=sectors,length_unit=sectors:4096,delimiter=space,columns=9",
            CsvMapping(
                time=1,
                offset=2,
                length=3,
                offset_unit_bytes=512,
                length_unit_bytes=4096,
                delimiter=BLANKS,
                columns=9,
            ),
        ),
        (
            "time=1,offset=2,length=3,offset_unit=bytes,delimiter=;,time_is_relative=yes,header=no",
            CsvMapping(time=1, offset=2, length=3, delimiter=";", time_is_relative=True),
        ),
        ("time=1,offset=2,length=3,delimiter=comma", CsvMapping(time=1, offset=2, length=3)),
    ],
)
def test_a_mapping_is_parsed(text, mapping):
    assert CsvMapping.parse(text) == mapping


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a list like time=1"),
        ("time", "a list like time=1"),
        ("time=,offset=2,length=3", "a list like time=1"),
        ("offset=2,length=3", "time: the mapping must say"),
        ("time=1,length=3", "offset: the mapping must say"),
        ("time=1,offset=2", "length: the mapping must say"),
        ("time=1,offset=2,length=3,size=4", "size: no key of a mapping; choose from time, offset"),
        ("time=1,time=2,offset=2,length=3", "time: given twice"),
        ("time=0,offset=2,length=3", "time=0: columns are counted from 1"),
        ("time=ts,offset=2,length=3", "time=ts: a column has a name only where header=yes"),
        ("time=1,offset=2,length=3,header=true", "header=true: yes or no"),
        ("time=1,offset=2,length=3,columns=many", "columns=many: a number"),
        ("time=1,offset=2,length=3,time_unit=min", "time_unit=min: choose one of s, ms, us, ns, filetime"),
        ("time=1,offset=2,length=3,time_unit=filetime,time_is_relative=yes", "is never relative"),
        ("time=1,offset=2,length=3,offset_unit=blocks", "offset_unit=blocks: bytes, sectors"),
        ("time=1,offset=2,length=3,length_unit=sectors:0", "at least 1 byte"),
        ("time=1,offset=2,length=3,length_unit=bytes:2", "length_unit=bytes:2: bytes, sectors"),
        ("time=1,offset=2,length=3,delimiter=::", "one ASCII character, or comma"),
        ("time=1,offset=2,length=3,op=4", "op and write go together"),
        ("time=1,offset=2,length=3,write=W", "op and write go together"),
        ("time=1,offset=2,length=3,op=4,write=W|w,read=R|w", "stands twice in write, read and discard"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(text, message):
    with pytest.raises(SettingsError) as raised:
        CsvMapping.parse(text)
    assert message in str(raised.value)


PAGE = Path(__file__).parents[3] / "docs" / "traces.md"
EXAMPLES = [
    line.strip() for line in PAGE.read_text().splitlines() if line.startswith("    ") and "offset=" in line
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_mappings(example):
    mapping = CsvMapping.parse(example)
    assert {"time", "volume", "op", "offset", "length"} <= set(mapping.places())


def test_the_page_names_every_key():
    assert len(EXAMPLES) == 7
    with pytest.raises(SettingsError) as raised:
        CsvMapping.parse("what=1")
    keys = str(raised.value).split("choose from ")[1].split(", ")
    assert [key for key in keys if f"`{key}`" not in PAGE.read_text()] == []


@pytest.mark.parametrize("delimiter", ["", "\n", "\r", '"', "é", "."])
def test_some_characters_delimit_nothing(delimiter):
    with pytest.raises(SettingsError, match="delimiter"):
        CsvMapping(time=1, offset=2, length=3, delimiter=delimiter)


def test_columns_that_are_read_are_listed_by_meaning():
    assert CsvMapping(time=1, offset=2, length=3, op=5, write=("W",)).places() == {
        "time": 1,
        "op": 5,
        "offset": 2,
        "length": 3,
    }
