"""Everything that `linkgauge plan` can be asked, once: option, key in files and JSON, how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Final

from streams.cli.plans.bounds import (
    Reader,
    above_zero,
    at_least_one,
    coverage,
    growth,
    loss,
    name,
    not_negative,
    one_of,
    percent,
    share_above_zero,
    whole,
    years,
)
from streams.cli.quantities import count, money, rate, size, span, times
from streams.model.sizing.basis import MODES
from streams.model.sizing.media import MEDIA

__all__ = ["BARE", "DATA", "DEFAULTS", "KNOBS", "Knob"]


@dataclass(frozen=True, slots=True)
class Knob:
    """A parameter. `key` carries its unit."""

    key: str
    option: str
    metavar: str
    read: Reader
    help: str
    panel: str

    @property
    def is_many(self) -> bool:
        """Whether it takes several values, by comma or as an array."""
        return self.metavar.endswith("...")


_CLAIM: Final = "Any three give the fourth"
_PATH: Final = "What one path gives"
_NEED: Final = "What shrinks and raises the need"
_COST: Final = "Cost"
_DATA: Final = "From what was measured: a matrix of plans"

_size, _rate, _span, _pieces = (partial(above_zero, read) for read in (size, rate, span, count))
_rate_or_none, _price, _pieces_or_none = (partial(not_negative, read) for read in (rate, money, count))
_whole_size, _whole_span = (partial(whole, read) for read in (size, span))
_ratio = partial(at_least_one, times)

KNOBS: Final = (
    Knob("changed_bytes", "--changed", "SIZE", partial(not_negative, size), "Bytes to ship.", _CLAIM),
    Knob(
        "paths",
        "--paths",
        "N,...",
        _pieces,
        "Paths in parallel; several by comma with measured data.",
        _CLAIM,
    ),
    Knob("path_bits_per_second", "--path", "RATE", _rate, "Line rate of one path.", _CLAIM),
    Knob("resync_seconds", "--time", "TIME", _span, "Time to ship them in.", _CLAIM),
    Knob(
        "medium",
        "--medium",
        "NAME",
        partial(one_of, tuple(MEDIA)),
        f"{', '.join(MEDIA)}: gives efficiency and segment size. (default tcp1500)",
        _PATH,
    ),
    Knob(
        "efficiency",
        "--efficiency",
        "SHARE",
        share_above_zero,
        "Payload per bit of the line, instead of the medium's.",
        _PATH,
    ),
    Knob(
        "utilisation_ceiling",
        "--ceiling",
        "SHARE",
        share_above_zero,
        "Share of a path that is planned with. (default 70%)",
        _PATH,
    ),
    Knob("rtt_seconds", "--rtt", "TIME", _span, "Round-trip time; else it limits nothing.", _PATH),
    Knob("loss_probability", "--loss", "SHARE", loss, "Share of packets that are lost; needs --rtt.", _PATH),
    Knob(
        "tcp_window_bytes", "--window", "SIZE", _whole_size, "TCP window of one stream; needs --rtt.", _PATH
    ),
    Knob("mss_bytes", "--mss", "SIZE", _whole_size, "Largest TCP segment, instead of the medium's.", _PATH),
    Knob("streams_per_path", "--streams", "N", _pieces, "TCP streams that share a path. (default 1)", _PATH),
    Knob(
        "measured_goodput_bits_per_second",
        "--measured",
        "RATE",
        _rate,
        "Goodput of one path as a test measured it.",
        _PATH,
    ),
    Knob(
        "heartbeat_bits_per_second",
        "--heartbeat",
        "RATE",
        _rate_or_none,
        "Replicator's own traffic on each path.",
        _PATH,
    ),
    Knob(
        "background_bits_per_second",
        "--background",
        "RATE",
        _rate_or_none,
        "Other traffic on each path.",
        _PATH,
    ),
    Knob("compression_ratio", "--compression", "RATIO", _ratio, "Bytes before over bytes after.", _NEED),
    Knob("dedupe_ratio", "--dedupe", "RATIO", _ratio, "Bytes before over bytes after.", _NEED),
    Knob("safety_factor", "--safety", "FACTOR", _ratio, "Planned only. (default 1.2)", _NEED),
    Knob(
        "growth_per_year",
        "--growth",
        "SHARE",
        growth,
        "Planned only: yearly growth of the need. (default 30%)",
        _NEED,
    ),
    Knob("horizon_years", "--horizon", "YEARS", years, "Planned only: years to plan for. (default 1)", _NEED),
    Knob(
        "spare_paths",
        "--spare",
        "N",
        _pieces_or_none,
        "Planned only: paths beyond the need; 1 for N+1.",
        _NEED,
    ),
    Knob("price_path_month", "--price-path", "MONEY", _price, "Price of one path per month.", _COST),
    Knob("price_gigabyte", "--price-gb", "MONEY", _price, "Price of each 10^9 bytes shipped.", _COST),
    Knob(
        "price_buffer_gigabyte",
        "--price-buffer",
        "MONEY",
        _price,
        "Price of 10^9 bytes of journal or cache per month.",
        _COST,
    ),
    Knob("group", "--group", "NAME", name, "A data group, from the topics.", _DATA),
    Knob("link", "--link", "NAME", name, "A link of the settings; its terms are the defaults.", _DATA),
    Knob("source", "--source", "NAME", name, "topics, or lake. (default the lake for older ranges)", _DATA),
    Knob("definition", "--definition", "FILE", name, "Of a group defined afterwards: from the lake.", _DATA),
    Knob("trace", "--trace", "FILE,...", name, "A trace instead, counted here; several by comma.", _DATA),
    Knob("format", "--format", "NAME", name, "What the trace holds: msr, blkparse, ssdsim.", _DATA),
    Knob("track_bytes", "--track", "SIZE", _whole_size, "Track of a trace. (default 64KiB)", _DATA),
    Knob(
        "interval_seconds",
        "--interval",
        "TIME",
        _whole_span,
        "Base interval of a trace. (default 5min)",
        _DATA,
    ),
    Knob("slot_seconds", "--slot", "TIME", _whole_span, "Slot of a trace. (default 10s)", _DATA),
    Knob("from", "--from", "TIME", name, "First interval, RFC 3339 or a day; else the oldest.", _DATA),
    Knob("to", "--to", "TIME", name, "End of the range, exclusive; else the newest.", _DATA),
    Knob("rpo_seconds", "--rpo", "TIME,...", _span, "Recovery point objectives. (default 15min)", _DATA),
    Knob(
        "percents",
        "--percentile",
        "P,...",
        percent,
        "Percent of the time that the RPO is kept. (default 100,99,95,90)",
        _DATA,
    ),
    Knob(
        "modes",
        "--mode",
        "NAME,...",
        partial(one_of, MODES),
        f"{', '.join(MODES)}. (default all that the data can tell)",
        _DATA,
    ),
    Knob(
        "outage_seconds", "--outage", "TIME", _span, "Resync after an outage; else of the whole range.", _DATA
    ),
    Knob(
        "cycle_seconds",
        "--cycle",
        "TIME,...",
        _span,
        "Cycles to try. (default the base interval and its doubles)",
        _DATA,
    ),
    Knob("apply_seconds", "--apply", "TIME", partial(not_negative, span), "Time to apply a cycle.", _DATA),
    Knob("profile", "--profile", "NAME", name, "A replicator: its mode, block and cycle.", _DATA),
    Knob(
        "block_bytes",
        "--block",
        "SIZE",
        _whole_size,
        "Block that the replicator ships, a multiple of the track.",
        _DATA,
    ),
    Knob(
        "journal_bytes",
        "--journal",
        "SIZE",
        _size,
        "Journal or cache that is there: says which plans it holds.",
        _DATA,
    ),
    Knob(
        "least_coverage",
        "--least-coverage",
        "SHARE",
        coverage,
        "Refuse figures from less. (default 50%)",
        _DATA,
    ),
)

DEFAULTS: Final[Mapping[str, Any]] = {
    "medium": "tcp1500",
    "utilisation_ceiling": Fraction("0.7"),
    "rtt_seconds": Fraction(0),
    "loss_probability": Fraction(0),
    "streams_per_path": 1,
    "heartbeat_bits_per_second": Fraction(0),
    "background_bits_per_second": Fraction(0),
    "compression_ratio": Fraction(1),
    "dedupe_ratio": Fraction(1),
    "safety_factor": Fraction("1.2"),
    "growth_per_year": Fraction("0.3"),
    "horizon_years": Fraction(1),
    "spare_paths": 0,
}
"""What holds where nothing else is said."""

BARE: Final[Mapping[str, Any]] = {
    **DEFAULTS,
    "medium": "raw",
    "efficiency": None,
    "utilisation_ceiling": Fraction(1),
    "safety_factor": Fraction(1),
    "growth_per_year": Fraction(0),
    "horizon_years": Fraction(0),
}
"""The claims as they are: no overhead, no ceiling, no margin."""

DATA: Final = frozenset(knob.key for knob in KNOBS if knob.panel == _DATA)
"""Keys that only mean something together with measured data."""
