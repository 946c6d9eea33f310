"""What the libraries of the lake say of an error, as one line for people."""

from __future__ import annotations

import re

__all__ = ["said"]

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"\d+: |at \S+:\d+")
_DUMP = "Debug source"
_ELSEWHERE = "(Background on this error at"


def said(error: BaseException) -> str:
    """The text of an error without colours and its insides, causes on lines of their own joined."""
    text = _COLOURS.sub("", str(error)).partition(_DUMP)[0]
    lines = (line.partition(_ELSEWHERE)[0].strip(" ↳\t") for line in text.splitlines())
    told = (line.rstrip(":") for line in lines if line and not _FRAME.match(line))
    return ": ".join(told) or type(error).__name__
