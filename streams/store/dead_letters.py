"""What was refused, and why."""

from __future__ import annotations

from dataclasses import dataclass

from streams.store.reading import read_topic
from streams.store.source import Source
from streams.wire.deadletters import StoredLetter, decode_dead_letter
from streams.wire.keys import writes_key
from streams.wire.record import Received, Record

__all__ = ["FoundLetter", "read_dead_letters"]


@dataclass(frozen=True, slots=True)
class FoundLetter:
    """A dead letter where it was found. `row` is its place on the dead-letters topic."""

    row: Received
    letter: StoredLetter

    @property
    def group(self) -> str:
        """The group that the refused message named; readable even where the name is broken."""
        return (self.letter.message.key or b"").decode(errors="replace")

    @property
    def record(self) -> Record:
        """The dead letter as it was written."""
        return Record(self.row.key or b"", self.row.value, self.row.headers)


def read_dead_letters(source: Source, group: str | None = None) -> list[FoundLetter]:
    """Dead letters of all groups, or of one, in the order in which they were refused.

    A letter that several workers wrote, around a crash, comes once.
    """
    wanted = None if group is None else writes_key(group)
    found: dict[bytes | None, FoundLetter] = {}
    for row in read_topic(source, "dead-letters"):
        if row.value is None and not row.headers:
            continue
        letter = FoundLetter(row, decode_dead_letter(row.value, row.headers))
        if wanted is None or letter.letter.message.key == wanted:
            found.setdefault(row.key, letter)
    return list(found.values())
