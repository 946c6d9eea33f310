"""The line of a log that tells best why its program ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

__all__ = ["last_words"]

_COMPLAINT = "linkgauge: "
_REMNANTS = ("[", "{", " ", "NoneType: None", "Traceback ", "During handling ", "The above exception ")
"""How lines begin that tell nothing by themselves: of loggers, of tracebacks, of Faust's farewell."""


def last_words(log: str) -> str | None:
    """The last complaint, else the last error that was logged, else the last line in words, or None."""
    newest_first = [line for line in reversed(log.splitlines()) if line.strip()]
    complaints = (line.removeprefix(_COMPLAINT) for line in newest_first if line.startswith(_COMPLAINT))
    words = (line for line in newest_first if not line.startswith(_REMNANTS))
    return next(complaints, None) or next(_errors(newest_first), None) or next(words, None)


def _errors(lines: Iterable[str]) -> Iterator[str]:
    """What the JSON lines say that have an error."""
    for line in lines:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict) and (error := event.get("error") or event.get("failure")):
            yield str(error)
