"""What a group that was defined afterwards may ask for: what was captured, and measured in the range."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from streams.errors import DefinitionError, MissingData
from streams.model.groups import Definition
from streams.model.intervals import Span, union
from streams.store.definitions import GroupVersion

__all__ = ["require_captured", "require_measured"]


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
    captured: dict[str, list[Span]] = {}
    tracks: dict[str, int] = {}
    for versions in known.values():
        for version in versions:
            size = version.definition.geometry.track_bytes
            for name, member in version.definition.by_id.items():
                whole = [(0, 1 << 63)]
                spans = whole if member.extents is None else [(at, at + n) for at, n in member.extents]
                captured.setdefault(name, []).extend(spans)
                tracks[name] = min(size, tracks.get(name, size))
    for name, member in defined.by_id.items():
        if name not in captured:
            raise DefinitionError(f"group {defined.group}: volume {name} is in no group that was measured")
        if tracks[name] > defined.geometry.track_bytes:
            raise DefinitionError(
                f"group {defined.group}: {name} was captured in tracks of {tracks[name]} B, coarser than the "
                f"{defined.geometry.track_bytes} B asked for; set track_bytes = {tracks[name]}"
            )
        spans = union(captured[name])
        wanted = [(0, 1 << 63)] if member.extents is None else [(at, at + n) for at, n in member.extents]
        for start, end in wanted:
            if not any(low <= start and end <= high for low, high in spans):
                raise DefinitionError(
                    f"group {defined.group}: of {name} only some extents were measured, and {start}+"
                    f"{end - start} is not all among them; ask for `linkgauge groups show` ones"
                )
