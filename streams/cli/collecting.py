"""May collection begin at a time? Not where it is on already: there it would silently go on, from now."""

from __future__ import annotations

from collections.abc import Sequence

from streams.cli.group_texts import collection_text
from streams.errors import DefinitionError
from streams.model.state import State, Window
from streams.wire.times import format_time

__all__ = ["require_idle"]


def require_idle(group: str, state: State | None, at_us: int | None, flag: str) -> None:
    """Refuses to let the collection of a group begin at a time at which it is on.

    `state` is the group's newest; None: no worker said anything yet, and it is collected from the start on.
    `flag` is the option that named the time. Without a time nothing is refused: collection may just go on.

    Raises:
        DefinitionError: says when collection is on, and the remedy.
    """
    if at_us is None:
        return
    windows: Sequence[Window] = [(None, None)] if state is None else state.windows
    closed_us = None if state is None else state.closed_us
    begin_us = at_us if closed_us is None else max(at_us, closed_us)  # no command changes what is closed
    for start_us, end_us in windows:
        if (start_us is None or start_us <= begin_us) and (end_us is None or begin_us < end_us):
            on = "on" if state is None else collection_text(state)
            raise DefinitionError(
                f"group {group}: at {format_time(at_us)} collection is on already ({on}) and would not begin "
                f"then but go on from now: run `linkgauge groups stop {group}` first, or leave out {flag}"
            )
