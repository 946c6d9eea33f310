"""The options of all reports, each declared once: which range, what is asked of it, where the report goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from streams.cli.output import CsvFlag, JsonFlag, Layout, layout_of
from streams.cli.places import SourceOption, place_of
from streams.cli.reports.asking import asked
from streams.cli.reports.calendar import calendar_of
from streams.cli.reports.choice import Choice
from streams.cli.reports.claims import Question
from streams.cli.reports.document import Report
from streams.cli.reports.page import html_page
from streams.cli.reports.showing import show
from streams.cli.session import Session
from streams.cli.usage import time_range
from streams.model.sizing.attainment import PERCENTS
from streams.model.sizing.basis import Mode
from streams.model.sizing.cautions import LEAST_COVERAGE
from streams.model.sizing.profiles import require_profile
from streams.settings import Link
from streams.store import Place

__all__ = ["Extents", "Groups", "Output", "Questions", "Range", "Terms"]


def _positive(value: float | None) -> float | None:
    if value is not None and not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value:g} is not more than zero")
    return value


def _percents(values: list[float] | None) -> list[float] | None:
    for value in values or ():
        if not 0 <= value <= 100:
            raise typer.BadParameter(f"{value:g} is no percentage: choose from 0 to 100")
    return values


def _number(unit: str, help_text: str) -> Any:
    return typer.Option(metavar=unit, callback=_positive, help=help_text)


def _mode(mode: str | None) -> str | None:
    if mode is not None and mode not in get_args(Mode):
        raise typer.BadParameter(f"{mode!r}: choose one of {', '.join(get_args(Mode))}")
    return mode


def _profile(name: str | None) -> str | None:
    if name is not None:
        with asked():
            require_profile(name)
    return name


def _seconds(help_text: str) -> Any:
    return _number("SECONDS", help_text)


Groups = Annotated[
    list[str] | None,
    typer.Option("--group", metavar="GROUP", help="Only of these groups, repeated; else of all."),
]
_Time = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="First interval, RFC 3339; else the oldest.")
]
_End = Annotated[
    str | None, typer.Option("--to", metavar="TIME", help="End of the range, exclusive; else the newest.")
]
_Share = Annotated[
    float,
    typer.Option(metavar="SHARE", min=0, max=1, help="No figures where less of the asked time was measured."),
]
_Outage = Annotated[float, _seconds("Outage behind which the resynchronisation is replayed.")]
_OwnSeconds = Annotated[float | None, _seconds("Instead of the link's own.")]
_OwnNumber = Annotated[int | None, typer.Option(min=1, help="Instead of the link's own.")]


@dataclass(frozen=True, slots=True)
class Range:
    """What of the stored time is asked for."""

    start: _Time = None
    end: _End = None
    hours: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Only these hours of a day, such as 8-18.")
    ] = None
    weekdays: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Only these days, such as mon-fri.")
    ] = None
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Whose hours and days they are.")] = "UTC"
    least_coverage: _Share = LEAST_COVERAGE
    source: SourceOption = None

    def place(self, session: Session, groups: Sequence[str] | None, definition: Path | None = None) -> Place:
        """Where these groups, or all, are read from.

        Raises:
            BadParameter: no such time, or a definition that cannot be used.
        """
        from_us, _ = time_range(self.start, self.end)
        return place_of(session, self.source, groups, from_us, definition)

    def choice(self) -> Choice:
        """The same as a value.

        Raises:
            BadParameter: no such time, hours, days or zone.
        """
        from_us, to_us = time_range(self.start, self.end)
        return Choice(from_us, to_us, calendar_of(self.hours, self.weekdays, self.zone), self.least_coverage)


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked of what changed."""

    resync_seconds: Annotated[float, _seconds("Time to ship the changes in.")] = 3600
    path_bits_per_second: Annotated[float | None, _number("RATE", "How many paths of this rate?")] = None
    paths: Annotated[int | None, typer.Option(min=1, help="What rate on each of so many paths?")] = None
    bits_per_second: Annotated[float | None, _number("RATE", "How long at this rate in total?")] = None
    cycle_seconds: Annotated[float, _seconds("Cycle that advice on volumes is for.")] = 900
    outage_seconds: _Outage = 3600
    totals: Annotated[
        bool,
        typer.Option("--totals", help="SUM and OR alone: of the lake soon, however long the range is."),
    ] = False

    def question(self) -> Question:
        """Those that the claims answer."""
        return Question(self.resync_seconds, self.path_bits_per_second, self.paths, self.bits_per_second)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a link is asked to be instead of what its settings say, and what else is asked of it."""

    mode: Annotated[
        str | None, typer.Option(metavar="MODE", callback=_mode, help="How the replicator works.")
    ] = None
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", callback=_profile, help="A common replicator.")
    ] = None
    rpo_seconds: _OwnSeconds = None
    cycle_seconds: _OwnNumber = None
    apply_seconds: _OwnSeconds = None
    block_bytes: _OwnNumber = None
    resync_seconds: _OwnSeconds = None
    path_bits_per_second: Annotated[float | None, _number("RATE", "Instead of the link's own.")] = None
    paths: _OwnNumber = None
    percent: Annotated[
        list[float] | None,
        typer.Option(
            metavar="PERCENT",
            callback=_percents,
            help="Keep the RPO for this share of time and bytes, repeated.",
        ),
    ] = None
    outage_seconds: _Outage = 3600

    def of(self, link: Link) -> Link:
        """The link with what was asked instead."""
        given = {name: getattr(self, name) for name in Link.model_fields if hasattr(self, name)}
        return link.model_copy(update={key: value for key, value in given.items() if value is not None})

    @property
    def percents(self) -> list[float]:
        """The asked percentages, else the usual ones."""
        return list(self.percent or PERCENTS)


@dataclass(frozen=True, slots=True)
class Extents:
    """What a data set consists of."""

    extent: Annotated[
        list[str] | None,
        typer.Option(
            "--extent",
            metavar="ARRAY/VOLUME[:OFFSET+LENGTH]",
            help="A part of the data set, in bytes, repeated; without a range the whole volume.",
        ),
    ] = None
    extents: Annotated[
        Path | None,
        typer.Option(
            "--extents",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Parts as CSV: volume,offset_bytes,length_bytes.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Output:
    """Where a report goes."""

    csv: CsvFlag = False
    table: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --csv: another table of the report.")
    ] = None
    json: JsonFlag = False
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page with the charts.", dir_okay=False)
    ] = None

    def __post_init__(self) -> None:
        """Refuses what does not go together, before anything is read."""
        layout = self._layout
        if self.table is not None and layout is not Layout.CSV:
            raise typer.BadParameter("--table chooses what --csv prints; give --csv as well")
        if self.html is not None and not self.html.parent.is_dir():
            raise typer.BadParameter(
                f"--html {self.html}: there is no folder {self.html.parent}; make it first"
            )

    def show(self, report: Report) -> None:
        """Prints it, and writes its page."""
        if self.html is not None:
            page = html_page(report)
            try:
                self.html.write_text(page, "utf-8")
            except OSError as error:
                raise typer.BadParameter(
                    f"--html {self.html}: {error.strerror}; name a file that can be written"
                ) from error
        show(report, self._layout, self.table)

    @property
    def _layout(self) -> Layout:
        return layout_of(csv=self.csv, json=self.json)
