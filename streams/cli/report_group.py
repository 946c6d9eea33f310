"""The report of a group: what changed, as SUM and as OR, and the claims on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import typer

from streams.cli.output import Cell, Layout, print_json, print_rows
from streams.cli.units import bits_per_second_text, bytes_text, count_text, percent_text, seconds_text
from streams.model.sizing.claims import (
    paths_needed,
    per_path_bits_per_second,
    required_bits_per_second,
    seconds_needed,
)
from streams.model.sizing.ranges import RangeFigures, fold_ratio
from streams.wire.times import format_time

__all__ = ["Claims", "Question", "about_range", "claims", "group_report", "heading", "remarks"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a time, and perhaps a rate per path, a number of paths, a rate of all together."""

    resync_seconds: float = 3600
    path_bits_per_second: float | None = None
    paths: int | None = None
    bits_per_second: float | None = None


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


def group_report(name: str, figures: RangeFigures, question: Question, layout: Layout) -> None:
    """Prints the report."""
    both = {
        "sum": claims(figures.changed_tracks_sum, figures.changed_bytes_sum, question),
        "or": claims(figures.changed_tracks_or, figures.changed_bytes_or, question),
    }
    about = {"group": name, **about_range(figures)}
    match layout:
        case Layout.JSON:
            answers = {basis: asdict(answer) for basis, answer in both.items()}
            print_json({**about, "asked": asdict(question), **answers})
        case Layout.CSV:
            shared: dict[str, Cell] = {key: cell for key, cell in about.items() if not isinstance(cell, list)}
            rows = [{"basis": basis, **shared, **asdict(answer)} for basis, answer in both.items()]
            print_rows(list(rows[0]), (list(row.values()) for row in rows), layout)
        case Layout.TABLE:
            typer.echo(heading(f"group {name}", figures))
            print_rows(["", "SUM", "OR"], _lines(both["sum"], both["or"], question), layout, ("SUM", "OR"))
            typer.echo(remarks({name: figures}))


def about_range(figures: RangeFigures) -> dict[str, Cell | list[dict[str, str]]]:
    """What the figures rest on, for machines."""
    return {
        "start": format_time(figures.start_us),
        "end": format_time(figures.end_us),
        "interval_seconds": figures.interval_seconds,
        "intervals": figures.intervals,
        "volumes": figures.volumes,
        "track_bytes": figures.track_bytes,
        "coverage": figures.coverage,
        "gaps": [{"start": format_time(start), "end": format_time(end)} for start, end in figures.gaps],
        "writes": figures.writes,
        "written_bytes": figures.written_bytes,
        "fold_ratio": fold_ratio(figures.changed_bytes_sum, figures.changed_bytes_or),
    }


def heading(title: str, figures: RangeFigures) -> str:
    """What the figures rest on, for people."""
    fold = fold_ratio(figures.changed_bytes_sum, figures.changed_bytes_or)
    fold_text = "none, nothing changed" if fold is None else f"{fold:.4f}"
    return (
        f"{title}, {format_time(figures.start_us)} to {format_time(figures.end_us)}\n"
        f"{count_text(figures.intervals, 'interval')} of {figures.interval_seconds} s, "
        f"{count_text(figures.volumes, 'volume')}, tracks of {figures.track_bytes} B, "
        f"coverage {percent_text(figures.coverage)}\n"
        f"{count_text(figures.writes, 'write')}, {bytes_text(figures.written_bytes)} written, "
        f"fold factor SUM/OR {fold_text}\n"
    )


def remarks(measured: Mapping[str, RangeFigures]) -> str:
    """What to keep in mind when reading the figures of these groups."""
    lines = [
        "\nSUM adds up the intervals: what a replicator ships that ships every interval.",
        "OR counts each track once: what a resynchronisation after the whole range ships.",
    ]
    if not any(figures.changed_bytes_sum for figures in measured.values()):
        lines.append("Nothing changed in this range: no bandwidth and no path is needed for it.")
    if any(figures.coverage < 1 for figures in measured.values()):
        lines.append("Coverage is below 100 %: all figures are lower bounds.")
    lines += [
        f"gap in {group}: {format_time(start)} to {format_time(end)}"
        for group, figures in measured.items()
        for start, end in figures.gaps
    ]
    return "\n".join(lines)


def _lines(total: Claims, union: Claims, question: Question) -> Iterator[tuple[str, ...]]:
    yield "changed tracks", str(total.changed_tracks), str(union.changed_tracks)
    yield "changed bytes", bytes_text(total.changed_bytes), bytes_text(union.changed_bytes)
    rates = (bits_per_second_text(each.required_bits_per_second) for each in (total, union))
    yield f"bandwidth to ship them in {seconds_text(question.resync_seconds)}", *rates
    if question.path_bits_per_second is not None:
        label = f"paths of {bits_per_second_text(question.path_bits_per_second)} for that"
        yield label, str(total.paths), str(union.paths)
    if question.paths is not None:
        rates = (bits_per_second_text(each.per_path_bits_per_second) for each in (total, union))
        yield f"rate on each of {count_text(question.paths, 'path')} for that", *rates
    if total.resync_seconds is not None:
        rate = question.bits_per_second or (question.paths or 0) * (question.path_bits_per_second or 0)
        times = (seconds_text(each.resync_seconds) for each in (total, union))
        yield f"time at {bits_per_second_text(rate)} in total", *times
