"""What a group that was defined afterwards may ask for: what was captured, and measured in the range."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from streams.errors import DefinitionError, MissingData
from streams.model.groups import Definition, Member
from streams.model.intervals import Span, union
from streams.store.definitions import GroupVersion

__all__ = ["coarser_text", "holds", "longer_text", "require_captured", "require_measured", "spans_of"]

_WHOLE: Final = (0, 1 << 63)


def require_measured(defined: Definition, measured: Collection[str]) -> None:
    """Refuses a group of whose volumes some have no row: its figures would be of less than it has.

    Raises:
        MissingData: names the volumes.
    """
    if missing := sorted(set(defined.by_id) - set(measured)):
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise MissingData(
            f"group {defined.group}: nothing was measured of {', '.join(missing[:5])}{more} in the range; "
            "leave them out of the definition, or widen the range"
        )


def require_captured(defined: Definition, known: Mapping[str, Sequence[GroupVersion]]) -> None:
    """Refuses a group that was defined afterwards where less, or coarser, was captured than it asks for.

    Raises:
        DefinitionError: names the volume.
    """
    captured: dict[str, dict[tuple[int, int], list[Span]]] = {}
    for versions in known.values():
        for version in versions:
            geometry = version.definition.geometry
            for name, member in version.definition.by_id.items():
                alike = captured.setdefault(name, {})
                alike.setdefault((geometry.track_bytes, geometry.interval_seconds), []).extend(
                    spans_of(member)
                )
    for name, member in defined.by_id.items():
        _require_volume(defined, name, spans_of(member), captured.get(name, {}))


def spans_of(member: Member) -> Sequence[Span]:
    """Which bytes of its volume a member has."""
    return [_WHOLE] if member.extents is None else [(at, at + length) for at, length in member.extents]


def holds(measured: Iterable[Span], wanted: Iterable[Span]) -> bool:
    """Whether all that is wanted was measured."""
    spans = union(measured)
    return all(any(low <= start and end <= high for low, high in spans) for start, end in wanted)


def coarser_text(defined: Definition, name: str, track_bytes: int) -> str:
    """What to say where a volume was captured in coarser tracks than are asked for."""
    return (
        f"group {defined.group}: {name} was captured in tracks of {track_bytes} B, coarser than the "
        f"{defined.geometry.track_bytes} B asked for; set track_bytes = {track_bytes}"
    )


def longer_text(defined: Definition, name: str, seconds: int) -> str:
    """What to say where a volume was captured in longer intervals than are asked for."""
    return (
        f"group {defined.group}: {name} was captured in intervals of {seconds} s, longer than the "
        f"{defined.geometry.interval_seconds} s asked for; set interval_seconds = {seconds}"
    )


def _require_volume(
    defined: Definition, name: str, wanted: Sequence[Span], captured: Mapping[tuple[int, int], Sequence[Span]]
) -> None:
    """Of captures by track and interval, fine ones must have all of the volume that is wanted."""
    if not captured:
        raise DefinitionError(f"group {defined.group}: volume {name} is in no group that was measured")
    asked = defined.geometry
    by_track = {
        size: [span for (track, _), spans in captured.items() if track == size for span in spans]
        for size, _ in sorted(captured)
    }
    whole = [size for size, spans in by_track.items() if holds(spans, wanted)]
    if not whole:
        spans = union(span for each in captured.values() for span in each)
        missing = (each for each in wanted if not holds(spans, [each]))
        start, end = next(missing, wanted[0])
        raise DefinitionError(
            f"group {defined.group}: of {name} only some extents were measured, and {start}+"
            f"{end - start} is not all among them in tracks of one size; ask for `linkgauge groups show` ones"
        )
    if whole[0] > asked.track_bytes:
        raise DefinitionError(coarser_text(defined, name, whole[0]))
    shortest = min(seconds for track, seconds in captured if track in whole and track <= asked.track_bytes)
    if shortest > asked.interval_seconds:
        raise DefinitionError(longer_text(defined, name, shortest))
