"""Extents of a data set as CSV: what the file holds, and files that hold none."""

from __future__ import annotations

import pytest
import typer

from streams.cli.reports.finding import extents_of


def test_the_parts_of_a_file(tmp_path):
    file = tmp_path / "parts.csv"
    file.write_text("volume,offset_bytes,length_bytes\na/v,0,512\n\na/v,1024,512\nb/w,0,1\n")
    assert extents_of([], file) == {"a/v": [(0, 512), (1024, 512)], "b/w": [(0, 1)]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a/v,0,512\na/\xff,0,512\n", "parts.csv:2: this is not UTF-8; save the file as UTF-8"),
        (b"a/v,0,512\n" + b"v" * 200_000 + b",0,1\n", "parts.csv:2: field larger than field limit"),
        (b"a/v,0\n", "parts.csv:1: expected volume,offset_bytes,length_bytes"),
        (b"", "at least one extent"),
    ],
)
def test_what_is_no_list_of_extents_is_refused_with_its_place(tmp_path, content, said):
    file = tmp_path / "parts.csv"
    file.write_bytes(content)
    with pytest.raises(typer.BadParameter, match=said):
        extents_of([], file)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(typer.BadParameter, match="name a file that can be read"):
        extents_of([], tmp_path)
