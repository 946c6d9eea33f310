"""What can only be said of a link once the definitions of its groups are known."""

from __future__ import annotations

from collections.abc import Mapping

from streams.errors import DefinitionError, SettingsError
from streams.model.groups import Definition, require_disjoint
from streams.settings.sections import Link

__all__ = ["require_consistent_links"]


def require_consistent_links(links: Mapping[str, Link], definitions: Mapping[str, Definition]) -> None:
    """Refuses links whose groups share an extent, or whose range none of their groups' intervals measures.

    Groups that `definitions` does not know are passed over: they may be defined later.

    Raises:
        SettingsError: names the key of the link and what is wrong.
    """
    for name, link in links.items():
        known = [definitions[group] for group in link.groups if group in definitions]
        try:
            require_disjoint(known)
        except DefinitionError as error:
            raise SettingsError(f"links.{name}.groups: {error}; a link counts every extent once") from error
        for definition in known:
            _require_range(name, link, definition)


def _require_range(name: str, link: Link, definition: Definition) -> None:
    geometry = definition.geometry
    measured = (geometry.interval_seconds, *geometry.rungs_seconds)
    if link.range_seconds is not None and link.range_seconds not in measured:
        raise SettingsError(
            f"links.{name}.range_seconds {link.range_seconds}: group {definition.group} measures intervals "
            f"of {', '.join(map(str, sorted(measured)))} s; choose one of them or add a rung to the group"
        )
