"""The parameters of a plan, put together from the command line, a file, a link's settings and defaults.

A file is TOML with the names of the options or their full keys (`path = "OC-3"`, `rpo = ["1min", 900]`),
or the `--json` output of a plan, which holds what was asked. Plain numbers are in base units.
"""

from __future__ import annotations

import difflib
import inspect
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer

from streams.cli.plans.bounds import MOST, require_countable
from streams.cli.plans.knobs import KNOBS, Knob
from streams.model.sizing.cost import Prices
from streams.model.sizing.link import Path, Plan
from streams.model.sizing.linkplan import Given
from streams.model.sizing.media import MEDIA
from streams.model.sizing.reduction import Reduction
from streams.settings import Link

__all__ = [
    "Parameters",
    "asked_of_file",
    "json_value",
    "printed_plan",
    "read_options",
    "terms_of_link",
    "with_options",
]

_BY_KEY = {knob.key: knob for knob in KNOBS}
_BY_NAME = {knob.option.removeprefix("--").replace("-", "_"): knob for knob in KNOBS} | _BY_KEY
_Value = Any

_RPO_SECONDS = (Fraction(900),)
_ZERO_IS_NONE = ("price_path_month", "price_gigabyte", "price_buffer_gigabyte", "rtt_seconds")
"""What settings say by 0, a plan says by leaving it out."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """All that a plan was asked, in base units; None and () where nothing was said and nothing holds."""

    medium: str
    utilisation_ceiling: Fraction
    rtt_seconds: Fraction
    loss_probability: Fraction
    streams_per_path: int
    heartbeat_bits_per_second: Fraction
    background_bits_per_second: Fraction
    compression_ratio: Fraction
    dedupe_ratio: Fraction
    safety_factor: Fraction
    growth_per_year: Fraction
    horizon_years: Fraction
    spare_paths: int
    changed_bytes: Fraction | None = None
    paths: tuple[int, ...] = ()
    path_bits_per_second: Fraction | None = None
    resync_seconds: Fraction | None = None
    efficiency: Fraction | None = None
    tcp_window_bytes: int | None = None
    mss_bytes: int | None = None
    measured_goodput_bits_per_second: Fraction | None = None
    price_path_month: Fraction | None = None
    price_gigabyte: Fraction | None = None
    price_buffer_gigabyte: Fraction | None = None
    group: str | None = None
    link: str | None = None
    source: str | None = None
    definition: str | None = None
    trace: tuple[str, ...] = ()
    format: str | None = None
    track_bytes: int | None = None
    interval_seconds: int | None = None
    slot_seconds: int | None = None
    from_: str | None = None
    to: str | None = None
    rpo_seconds: tuple[Fraction, ...] = ()
    percents: tuple[Fraction, ...] = ()
    modes: tuple[str, ...] = ()
    cycle_seconds: tuple[Fraction, ...] = ()
    outage_seconds: Fraction | None = None
    apply_seconds: Fraction | None = None
    profile: str | None = None
    block_bytes: int | None = None
    journal_bytes: Fraction | None = None
    least_coverage: Fraction | None = None

    @classmethod
    def of(cls, values: Mapping[str, _Value]) -> Parameters:
        """From values by key.

        Raises:
            ValueError: two of them contradict each other.
        """
        found = cls(**{"from_" if key == "from" else key: value for key, value in values.items()})
        for key in ("loss_probability", "tcp_window_bytes"):
            if getattr(found, key) and not found.rtt_seconds:
                knob = _BY_KEY[key]
                raise ValueError(
                    f"{knob.option} limits a path only together with --rtt; give the round-trip time"
                )
        found.require_effect()
        return found

    def require_effect(self) -> None:
        """Refuses what would change nothing beside the rest.

        Raises:
            ValueError: an option that needs another one, or data; the message names both.
        """
        if not self.has_data:
            if self.price_buffer_gigabyte is not None:
                raise ValueError(
                    "--price-buffer: a journal or cache follows from measured data only; add --group, --link "
                    "or --trace"
                )
            return
        of_trace = ("format", "track_bytes", "interval_seconds", "slot_seconds")
        if not self.trace and (given := [_BY_KEY[key].option for key in of_trace if getattr(self, key)]):
            raise ValueError(
                f"{', '.join(given)}: only of a --trace; what is stored keeps the track, interval and slot "
                "of its group's definition: leave it out"
            )
        if self.trace and (self.source or self.definition):
            raise ValueError("--source and --definition: a trace is counted here; leave them out, or --trace")
        if self.changed_bytes is not None:
            raise ValueError("--changed: measured data say what changed; leave it out, or the data")
        if self.path_bits_per_second is None and (self.paths or self.price_path_month is not None):
            option = "--paths" if self.paths else "--price-path"
            raise ValueError(f"{option}: what a path carries is not known; give its line rate with --path")

    @property
    def path(self) -> Path:
        """What a path is like; its line rate is 1 bit/s where it is what is looked for."""
        medium = MEDIA[self.medium]
        return Path(
            path_bits_per_second=self.path_bits_per_second or 1,
            efficiency=self.efficiency or medium.efficiency,
            utilisation_ceiling=self.utilisation_ceiling,
            rtt_seconds=self.rtt_seconds,
            loss_probability=self.loss_probability,
            tcp_window_bytes=self.tcp_window_bytes,
            mss_bytes=self.mss_bytes or medium.mss_bytes,
            streams=self.streams_per_path,
            measured_goodput_bits_per_second=self.measured_goodput_bits_per_second,
            heartbeat_bits_per_second=self.heartbeat_bits_per_second,
            background_bits_per_second=self.background_bits_per_second,
        )

    @property
    def margins(self) -> Plan:
        """What planning adds."""
        return Plan(self.safety_factor, self.growth_per_year, self.horizon_years, self.spare_paths)

    @property
    def reduction(self) -> Reduction:
        """Compression and deduplication."""
        return Reduction(self.compression_ratio, self.dedupe_ratio)

    @property
    def prices(self) -> Prices | None:
        """What paths, bytes and buffers cost; None where nothing was given."""
        found = self.price_path_month, self.price_gigabyte, self.price_buffer_gigabyte
        return None if found == (None,) * 3 else Prices(*(price or 0 for price in found))

    @property
    def has_data(self) -> bool:
        """Whether measured data are to be read."""
        return bool(self.group or self.link or self.trace)

    @property
    def rpos(self) -> tuple[Fraction, ...]:
        """The recovery point objectives."""
        return self.rpo_seconds or _RPO_SECONDS

    @property
    def given(self) -> Given:
        """What is known of the four quantities of a claim.

        Raises:
            ValueError: several numbers of paths.
        """
        if len(self.paths) > 1:
            raise ValueError("--paths: give one number; several make a matrix, which needs measured data")
        paths = self.paths[0] if self.paths else None
        return Given(self.changed_bytes, paths, self.path_bits_per_second, self.resync_seconds)

    def asked(self) -> dict[str, object]:
        """All that was asked or holds by default, for machines; it can be read again."""
        asked: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value not in (None, ()) and (value or field.name != "rtt_seconds"):
                asked[field.name.rstrip("_")] = json_value(value)
        return asked

    def at(self, path_bits_per_second: Fraction) -> Parameters:
        """The same with a line rate."""
        return replace(self, path_bits_per_second=path_bits_per_second)


def json_value(value: _Value) -> object:
    """A value as JSON has it: whole fractions of 64 bits as integers, other ones as floats."""
    match value:
        case tuple():
            return [json_value(item) for item in value]
        case Fraction():
            return int(value) if value.denominator == 1 and value <= MOST else float(value)
        case _:
            return value


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every knob; it gets their texts by key."""
    own = inspect.signature(command, eval_str=True)
    kept = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    more = [
        inspect.Parameter(
            f"{knob.key}_" if knob.key == "from" else knob.key,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                str | None,
                typer.Option(knob.option, metavar=knob.metavar, help=knob.help, rich_help_panel=knob.panel),
            ],
        )
        for knob in KNOBS
    ]
    command.__signature__ = own.replace(parameters=[*kept, *more])  # type: ignore[attr-defined]
    return command


def read_options(texts: Mapping[str, str | None]) -> dict[str, _Value]:
    """Values of the options that were given.

    Raises:
        BadParameter: names the option and says how its value looks.
    """
    given = {key.rstrip("_"): text for key, text in texts.items() if text is not None}
    return {key: _read(_BY_KEY[key], text.split(","), _BY_KEY[key].option) for key, text in given.items()}


def asked_of_file(file: FilePath) -> dict[str, _Value]:
    """Values of a parameter file, or of what a plan that was printed as JSON was asked.

    Raises:
        BadParameter: names the file, the key, and how its value looks.
    """
    found = _content(file)
    found = found.get("asked", found)
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{file}: asked holds no parameters by name")
    values = {}
    for name, value in found.items():
        knob = _BY_NAME.get(name.replace("-", "_"))
        if knob is None:
            near = difflib.get_close_matches(name, _BY_NAME, n=3) or sorted(_BY_NAME)
            raise typer.BadParameter(f"{file}: {name} is no parameter of a plan; there are {', '.join(near)}")
        items = value if isinstance(value, list) else [value]
        if wrong := [
            item for item in items if isinstance(item, bool) or not isinstance(item, int | float | str)
        ]:
            raise typer.BadParameter(f"{file}: {name}: {wrong[0]!r} is neither a number nor a text")
        texts = value.split(",") if isinstance(value, str) else [str(item) for item in items]
        values[knob.key] = _read(knob, texts, f"{file}: {name}")
    return values


def terms_of_link(link: Link) -> dict[str, _Value]:
    """What the settings say of a link, as a plan takes it."""
    terms = {**link.model_dump(), "modes": link.mode}
    for name in _ZERO_IS_NONE:
        terms[name] = terms[name] or None
    known = {key: _BY_KEY[key] for key in terms if key in _BY_KEY and terms[key] is not None}
    return {key: _read(knob, [str(terms[key])], f"links: {key}") for key, knob in known.items()}


def printed_plan(file: FilePath) -> Mapping[str, Any] | None:
    """A plan that was printed with --json; None for a file of parameters.

    Raises:
        BadParameter: the file cannot be read.
    """
    found = _content(file)
    return found if "plan" in found else None


def _content(file: FilePath) -> dict[str, Any]:
    """What a file holds by name: JSON if it is named so, else TOML."""
    try:
        text = file.read_text("utf-8")
        found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{file}: it holds no parameters by name")
    return found


def _read(knob: Knob, texts: list[str], place: str) -> _Value:
    """One value, or as many as the knob takes."""
    if not knob.is_many and len(texts) > 1:
        raise typer.BadParameter(f"{place}: one value, without commas, is needed")
    try:
        values = tuple(require_countable(knob.read(text.strip()), text) for text in texts)
    except ValueError as error:
        raise typer.BadParameter(f"{place} {error}") from error
    return values if knob.is_many else values[0]
