"""The prepared text: readings become lines when a row arrives, so that a scrape only joins them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock

from streams.reporter.families import ESSENTIAL, FAMILIES, USUAL
from streams.telemetry.family import Family, Reading, line_of, page_of

__all__ = ["Owner", "Samples"]

Owner = tuple[str, str]
"""Who shows something: a kind, such as `group`, and a name."""

_GROUP_KINDS = frozenset({"counts", "intervals"})
_AS_USUAL = " as usual"


class Samples:
    """Lines by family and owner. One thread puts, others may ask for a page at any time."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[Owner, str]] = {name: {} for name in FAMILIES}
        self._lines |= {name + _AS_USUAL: {} for name in USUAL}
        self._series: dict[Owner, int] = {}
        self._lock = Lock()
        self.group_series = 0
        self.other_series = 0

    def put(self, owner: Owner, readings: Iterable[Reading]) -> None:
        """Replaces all that the owner showed; nothing is left of one without readings."""
        lines: dict[str, list[str]] = {}
        count = 0
        for reading in readings:
            usual = _AS_USUAL if USUAL.get(reading.family) == reading.value else ""
            lines.setdefault(reading.family + usual, []).append(line_of(FAMILIES[reading.family], reading))
            count += 1
        with self._lock:
            for name, owners in self._lines.items():
                owners.pop(owner, None)
                if name in lines:
                    owners[owner] = "".join(lines[name])
            self._count(owner, count)

    def page(self, own: Iterable[Reading], *, full: bool, open_metrics: bool) -> Iterator[str]:
        """The text of all families; groups show the essential ones unless it is `full`."""
        hidden = frozenset() if full else _group_families() - ESSENTIAL
        with self._lock:
            # In one order whatever came first, so that two reporters say the same line for line.
            prepared = {
                name: [owners[owner] for owner in sorted(owners)]
                for name, owners in self._lines.items()
                if owners and name not in hidden
            }
        if full:
            for name in USUAL.keys() & {key.removesuffix(_AS_USUAL) for key in prepared}:
                prepared[name] = prepared.get(name, []) + prepared.get(name + _AS_USUAL, [])
        for reading in own:
            prepared.setdefault(reading.family, []).append(line_of(FAMILIES[reading.family], reading))
        yield from page_of(FAMILIES, prepared, open_metrics=open_metrics)

    def _count(self, owner: Owner, count: int) -> None:
        change = count - self._series.pop(owner, 0)
        if count:
            self._series[owner] = count
        if owner[0] in _GROUP_KINDS:
            self.group_series += change
        else:
            self.other_series += change


def _group_families() -> frozenset[str]:
    return frozenset(name for name, family in FAMILIES.items() if _is_of_group(family))


def _is_of_group(family: Family) -> bool:
    return family.labels[:1] == ("data_group",) and "volume" not in family.name
