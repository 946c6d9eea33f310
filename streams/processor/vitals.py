"""How a worker is: counted where it works, told to whoever asks over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from streams import __version__
from streams.model.intervals import US
from streams.model.state import Mark
from streams.processor.families import FAMILIES
from streams.processor.place import Place
from streams.telemetry.family import Reading, line_of, page_of

__all__ = ["Vitals"]

_STUCK_SECONDS = 30.0


@dataclass(slots=True)
class Vitals:
    """Counts of a worker, and what it saw at its last look. One thread writes, any other may read."""

    messages: int = 0
    intervals_closed: int = 0
    close_delay_seconds: float = 0.0
    partitions_loaded: int = 0
    seeks: int = 0
    kafka_errors: int = 0
    expired_messages: int = 0
    ready: bool = False
    unacknowledged_bytes: int = 0
    _beat: float = field(default_factory=time.monotonic)
    _places: tuple[Reading, ...] = ()

    def closed(self, mark: Mark, append_us: int) -> None:
        """A mark is acknowledged, whose message stands on the topic since `append_us`."""
        for interval in mark.intervals:
            if interval.revision == 0:
                self.intervals_closed += 1
                self.close_delay_seconds += max(append_us - interval.end_us, 0) / US

    def look(self, places: Iterable[Place], ends: Iterable[int | None], assigned: int) -> None:
        """Notes what the partitions hold now; `ends` are those of the partitions' logs, as far as known."""
        known = list(zip(places, ends, strict=True))
        self._places = tuple(reading for place, end in known for reading in _of_place(place, end))
        self.ready = assigned > 0 and len(known) >= assigned
        self._beat = time.monotonic()

    @property
    def is_alive(self) -> bool:
        """Whether the worker looked lately."""
        return time.monotonic() - self._beat < _STUCK_SECONDS

    def page(self, open_metrics: bool) -> Iterator[str]:  # noqa: FBT001  # as `Answers.page` has it
        """What Prometheus asks for."""
        lines: dict[str, list[str]] = {}
        for reading in (*self._places, *self._own()):
            lines.setdefault(reading.family, []).append(line_of(FAMILIES[reading.family], reading))
        return page_of(FAMILIES, lines, open_metrics=open_metrics)

    def _own(self) -> Iterator[Reading]:
        yield Reading("worker_unacknowledged_bytes", (), self.unacknowledged_bytes)
        yield Reading("worker_messages_total", (), self.messages)
        yield Reading("worker_intervals_closed_total", (), self.intervals_closed)
        yield Reading("worker_close_delay_seconds_total", (), self.close_delay_seconds)
        yield Reading("worker_partitions_loaded_total", (), self.partitions_loaded)
        yield Reading("worker_seeks_total", (), self.seeks)
        yield Reading("worker_kafka_errors_total", (), self.kafka_errors)
        yield Reading("worker_expired_messages_total", (), self.expired_messages)
        yield Reading("worker_ready", (), self.ready)
        yield Reading("build_info", (__version__,), 1)


def _of_place(place: Place, end: int | None) -> Iterator[Reading]:
    partition, label = place.partition, (str(place.number),)
    if end is not None:
        yield Reading("worker_lag_messages", label, max(end - partition.next_offset, 0))
    yield Reading("worker_held_messages", label, partition.next_offset - partition.commit_offset())
    groups = partition.groups.values()
    yield Reading("worker_groups", label, len(groups))
    yield Reading("worker_open_intervals", label, sum(len(group.open) for group in groups))
    yield Reading("worker_kept_intervals", label, sum(len(group.rows) for group in groups))
