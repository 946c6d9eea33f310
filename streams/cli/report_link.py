"""The report of a link: its groups, what they need together, what the link gives, and what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction

import typer

from streams.cli.output import Cell, Layout, print_json, print_rows
from streams.cli.report_group import about_range, remarks
from streams.cli.units import bits_per_second_text, bytes_text, count_text, percent_text, seconds_text
from streams.model.sizing.link import (
    headroom_ratio,
    need_bits_per_second,
    paths_for,
    planned_paths,
    ship_seconds,
    usable_per_path,
)
from streams.model.sizing.ranges import RangeFigures, fold_ratio
from streams.settings import Link
from streams.wire.times import format_time

__all__ = ["Demand", "demand", "link_report"]


@dataclass(frozen=True, slots=True)
class Demand:
    """What some changed bytes ask of a link.

    On a link that gives nothing there are no paths that are enough (None), and the time is infinite.
    """

    changed_bytes: int
    required_bits_per_second: float
    headroom_ratio: float
    paths: int | None
    planned_paths: int | None
    resync_seconds: float


def demand(changed_bytes: int, link: Link) -> Demand:
    """The link model on these bytes: today without growth and safety, planned with both and spare paths."""
    usable = usable_per_path(link.path()).bits_per_second
    need = need_bits_per_second(changed_bytes, link.resync_seconds, link.compression_ratio, link.dedupe_ratio)
    return Demand(
        changed_bytes=changed_bytes,
        required_bits_per_second=float(need),
        headroom_ratio=headroom_ratio(need, link.paths, usable),
        paths=paths_for(need, usable),
        planned_paths=planned_paths(need, usable, link.plan()),
        resync_seconds=ship_seconds(need, link.resync_seconds, link.paths, usable),
    )


def link_report(name: str, link: Link, measured: Mapping[str, RangeFigures], layout: Layout) -> None:
    """Prints the report."""
    both = {
        "sum": demand(sum(figures.changed_bytes_sum for figures in measured.values()), link),
        "or": demand(sum(figures.changed_bytes_or for figures in measured.values()), link),
    }
    usable = usable_per_path(link.path())
    about: dict[str, Cell] = {
        "link": name,
        "coverage": min(figures.coverage for figures in measured.values()),
        "fold_ratio": fold_ratio(both["sum"].changed_bytes, both["or"].changed_bytes),
        "paths_installed": link.paths,
        "path_bits_per_second": link.path_bits_per_second,
        "usable_path_bits_per_second": float(usable.bits_per_second),
        "bound": usable.binding,
        "asked_resync_seconds": link.resync_seconds,
    }
    match layout:
        case Layout.JSON:
            groups = [{"group": group, **_group(figures)} for group, figures in measured.items()]
            demands = {basis: asdict(each) for basis, each in both.items()}
            print_json({**about, "groups": groups, **demands})
        case Layout.CSV:
            rows = [{"basis": basis, **about, **asdict(each)} for basis, each in both.items()]
            print_rows(list(rows[0]), (list(row.values()) for row in rows), layout)
        case Layout.TABLE:
            _print_text(name, link, measured, both, usable.bits_per_second, usable.binding)


def _print_text(
    name: str,
    link: Link,
    measured: Mapping[str, RangeFigures],
    both: Mapping[str, Demand],
    usable: Fraction,
    binding: str,
) -> None:
    rate, planned = bits_per_second_text(link.path_bits_per_second), bits_per_second_text(float(usable))
    typer.echo(
        f"link {name}: {count_text(link.paths, 'path')} of {rate}; "
        f"each may be planned with {planned}, bound by {binding}\n"
    )
    columns = ["group", "start", "end", "coverage", "SUM", "OR", "fold"]
    print_rows(columns, _groups(measured), Layout.TABLE, columns[3:])
    typer.echo()
    print_rows(["", "SUM", "OR"], _lines(link, both["sum"], both["or"]), Layout.TABLE, ("SUM", "OR"))
    typer.echo(remarks(measured))


def _groups(measured: Mapping[str, RangeFigures]) -> Iterator[tuple[str, ...]]:
    for group, figures in measured.items():
        fold = fold_ratio(figures.changed_bytes_sum, figures.changed_bytes_or)
        yield (
            group,
            format_time(figures.start_us),
            format_time(figures.end_us),
            percent_text(figures.coverage),
            bytes_text(figures.changed_bytes_sum),
            bytes_text(figures.changed_bytes_or),
            "" if fold is None else f"{fold:.4f}",
        )


def _lines(link: Link, total: Demand, union: Demand) -> Iterator[tuple[str, ...]]:
    pair = (total, union)
    yield "changed bytes", *(bytes_text(each.changed_bytes) for each in pair)
    label = f"bandwidth to ship them in {seconds_text(link.resync_seconds)}"
    yield label, *(bits_per_second_text(each.required_bits_per_second) for each in pair)
    yield "headroom", *(percent_text(each.headroom_ratio) for each in pair)
    yield "paths required", *(_count_text(each.paths) for each in pair)
    yield "paths planned, with growth and spare", *(_count_text(each.planned_paths) for each in pair)
    yield f"time on {count_text(link.paths, 'path')}", *(seconds_text(each.resync_seconds) for each in pair)


def _count_text(paths: int | None) -> str:
    return "none is enough" if paths is None else str(paths)


def _group(figures: RangeFigures) -> dict[str, Cell | list[dict[str, str]]]:
    return {
        **about_range(figures),
        "changed_tracks_sum": figures.changed_tracks_sum,
        "changed_tracks_or": figures.changed_tracks_or,
        "changed_bytes_sum": figures.changed_bytes_sum,
        "changed_bytes_or": figures.changed_bytes_or,
    }
