"""What a site may choose about its alerts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Knobs"]

_YEAR_SECONDS = 366 * 86_400
_BOUNDS = (
    ("interval_seconds", 0, 86_400),
    ("undersized_intervals", 0, 1000),
    ("exhaustion_days", 0, 3660),
    ("exposure_share", 0, 10),
    ("least_coverage", 0, 1),
    ("stale_intervals", 0, 1000),
    ("stale_seconds", 0, _YEAR_SECONDS),
    ("stale_fallback_seconds", 0, _YEAR_SECONDS),
    ("lag_messages", 0, 1e12),
    ("lag_window_seconds", 0, _YEAR_SECONDS),
    ("letters_window_seconds", 0, _YEAR_SECONDS),
    ("clock_ahead_seconds", 0, 86_400),
    ("evaluation_seconds", 0, 3600),
    ("time_scale", 0, 1000),
)


@dataclass(frozen=True, slots=True)
class Knobs:
    """Thresholds and times of the alerts.

    `hold_seconds` of the alerts (`for:`) and `window_seconds`, over which lag and dead letters are looked at,
    are multiplied by `time_scale`; tests run the same rules faster. `undersized_intervals` are base intervals
    of `interval_seconds`. A group is stale after `stale_intervals` of its own base intervals and
    `stale_seconds`, or after `stale_fallback_seconds` where the reporter shows essential families only.
    """

    runbooks: str = "https://linkgauge.example.com/runbooks"
    interval_seconds: int = 300
    undersized_intervals: int = 3
    exhaustion_days: int = 30
    exposure_share: float = 0.8
    least_coverage: float = 0.9
    stale_intervals: int = 3
    stale_seconds: int = 900
    stale_fallback_seconds: int = 7200
    lag_messages: int = 1000
    lag_window_seconds: int = 900
    letters_window_seconds: int = 3600
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
        if not self.runbooks.startswith(("http://", "https://")):
            raise ValueError(f"runbooks {self.runbooks}: an address that a browser opens, https://...")

    def scaled(self, seconds: float) -> str:
        """A time as Prometheus writes it, at least a second where it is not 0."""
        whole = max(round(seconds * self.time_scale), 1) if seconds else 0
        for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
            if whole and whole % size == 0:
                return f"{whole // size}{unit}"
        return f"{whole}s"
