"""What the libraries of the lake say of an error, as one line for people."""

from __future__ import annotations

import re

__all__ = ["said"]

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DUMP = "Debug source"
_ELSEWHERE = "(Background on this error at"


def said(error: BaseException) -> str:
    """The text of an error without colours and dumps of its insides, causes on lines of their own joined."""
    text = _COLOURS.sub("", str(error)).partition(_DUMP)[0]
    lines = (line.partition(_ELSEWHERE)[0].strip(" ↳\t") for line in text.splitlines())
    return ": ".join(line.rstrip(":") for line in lines if line) or type(error).__name__
