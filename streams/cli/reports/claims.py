"""The claims on SUM and OR: bandwidth from a time, paths from their rate, rate from their number, time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.cli.reports.document import Section, Unit, Value, sides
from streams.cli.units import bits_per_second_text, count_text, seconds_text
from streams.model.sizing.claims import (
    paths_needed,
    per_path_bits_per_second,
    required_bits_per_second,
    seconds_needed,
)
from streams.model.sizing.rollups import Changes

__all__ = ["Claims", "Question", "claims", "claims_section"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a time, and perhaps a rate per path, a number of paths, a rate of all together."""

    resync_seconds: float = 3600
    path_bits_per_second: float | None = None
    paths: int | None = None
    bits_per_second: float | None = None

    @property
    def total_bits_per_second(self) -> float | None:
        """The rate of all paths together; None where it is not given."""
        if self.bits_per_second is not None:
            return self.bits_per_second
        if self.path_bits_per_second is None or self.paths is None:
            return None
        return self.paths * self.path_bits_per_second


@dataclass(frozen=True, slots=True)
class Claims:
    """What follows from the bytes that changed; None where the question does not ask for it."""

    changed_tracks: int
    changed_bytes: int
    required_bits_per_second: float
    paths: int | None
    per_path_bits_per_second: float | None
    resync_seconds: float | None


def claims(changed_tracks: int, changed_bytes: int, question: Question) -> Claims:
    """Bandwidth from the time, paths from their rate, rate from their number, time from the bandwidth."""
    required = required_bits_per_second(changed_bytes, question.resync_seconds)
    per_path, paths, total = question.path_bits_per_second, question.paths, question.bits_per_second
    seconds = None
    if total is not None:
        seconds = seconds_needed(changed_bytes, 1, total)
    elif per_path is not None and paths is not None:
        seconds = seconds_needed(changed_bytes, paths, per_path)
    return Claims(
        changed_tracks=changed_tracks,
        changed_bytes=changed_bytes,
        required_bits_per_second=float(required),
        paths=None if per_path is None else paths_needed(required, per_path),
        per_path_bits_per_second=None if paths is None else float(per_path_bits_per_second(required, paths)),
        resync_seconds=None if seconds is None else float(seconds),
    )


def claims_section(changes: Changes, question: Question) -> Section:
    """SUM and OR beside each other, with what is asked of each."""
    both = (
        claims(changes.changed_tracks_sum, changes.changed_bytes_sum, question),
        claims(changes.changed_tracks_or, changes.changed_bytes_or, question),
    )
    return sides("", ("sum", "or"), _figures(both, question))


def _figures(
    both: tuple[Claims, Claims], question: Question
) -> Iterator[tuple[str, str, Unit, Sequence[Value]]]:
    def beside(key: str) -> tuple[Value, Value]:
        return getattr(both[0], key), getattr(both[1], key)

    yield "changed_tracks", "changed tracks", Unit.COUNT, beside("changed_tracks")
    yield "changed_bytes", "changed bytes", Unit.BYTES, beside("changed_bytes")
    label = f"bandwidth to ship them in {seconds_text(question.resync_seconds)}"
    yield "required_bits_per_second", label, Unit.RATE, beside("required_bits_per_second")
    if (rate := question.path_bits_per_second) is not None:
        yield "paths", f"paths of {bits_per_second_text(rate)} for that", Unit.COUNT, beside("paths")
    if question.paths is not None:
        label = f"rate on each of {count_text(question.paths, 'path')} for that"
        yield "per_path_bits_per_second", label, Unit.RATE, beside("per_path_bits_per_second")
    if (total := question.total_bits_per_second) is not None:
        label = f"time at {bits_per_second_text(total)} in total"
        yield "resync_seconds", label, Unit.SECONDS, beside("resync_seconds")
