"""What a site may choose about its alerts."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Knobs"]

_YEAR_SECONDS = 366 * 86_400
_LEAST_RATE_SECONDS = 900
_RATE_INTERVALS = 3
_BOUNDS = (
    ("interval_seconds", 0, 86_400),
    ("undersized_intervals", 0, 1000),
    ("exhaustion_days", 0, 3660),
    ("exposure_share", 0, 10),
    ("least_coverage", 0, 1),
    ("stale_intervals", 0, 1000),
    ("stale_seconds", 0, _YEAR_SECONDS),
    ("lag_messages", 0, 1e12),
    ("lag_window_seconds", 0, _YEAR_SECONDS),
    ("letters_window_seconds", 0, _YEAR_SECONDS),
    ("gone_seconds", 0, _YEAR_SECONDS),
    ("clock_ahead_seconds", 0, 86_400),
    ("evaluation_seconds", 0, 3600),
    ("time_scale", 0, 1000),
)


@dataclass(frozen=True, slots=True)
class Knobs:
    """Thresholds and times of the alerts.

    `hold_seconds` of the alerts (`for:`) and `window_seconds`, over which lag and dead letters are looked at,
    are multiplied by `time_scale`; tests run the same rules faster. `interval_seconds` is the longest base
    interval of the groups: `undersized_intervals` are counted in it, and rates are taken over three of it,
    for a counter of a group rises once in an interval. A group is stale after `stale_intervals` of its own
    base intervals and `stale_seconds`. Workers and reporters are missed for `gone_seconds` after they were
    last there. `replica_labels` are those by which reporters of one site differ; sites differ in others.
    """

    replica_labels: str = "instance, pod"
    runbooks: str = "https://linkgauge.example.com/runbooks"
    interval_seconds: int = 300
    undersized_intervals: int = 3
    exhaustion_days: int = 30
    exposure_share: float = 0.8
    least_coverage: float = 0.9
    stale_intervals: int = 3
    stale_seconds: int = 900
    lag_messages: int = 1000
    lag_window_seconds: int = 900
    letters_window_seconds: int = 3600
    gone_seconds: int = 3 * 86_400
    clock_ahead_seconds: int = 60
    evaluation_seconds: int = 30
    time_scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuses thresholds that could never hold, or always would.

        Raises:
            ValueError: names the knob and what it may be.
        """
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if not low < value <= high:
                raise ValueError(f"{name} {value}: above {low:g} and at most {high:g}")
        if not re.fullmatch(r"[A-Za-z_]\w*(, *[A-Za-z_]\w*)*", self.replica_labels):
            raise ValueError(f"replica_labels {self.replica_labels}: names of labels, as in 'instance, pod'")
        if not self.runbooks.startswith(("http://", "https://")):
            raise ValueError(f"runbooks {self.runbooks}: an address that a browser opens, https://...")

    @property
    def rate_seconds(self) -> int:
        """What rates of a group's counters are taken over: never less than a quarter of an hour."""
        return max(_LEAST_RATE_SECONDS, _RATE_INTERVALS * self.interval_seconds)

    def scaled_seconds(self, seconds: float) -> int:
        """A time as tests run it, at least a second where it is not 0."""
        return max(round(seconds * self.time_scale), 1) if seconds else 0

    def scaled(self, seconds: float) -> str:
        """The same as Prometheus writes it."""
        whole = self.scaled_seconds(seconds)
        for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
            if whole and whole % size == 0:
                return f"{whole // size}{unit}"
        return f"{whole}s"
