"""Definitions and commands on their way into a group's log, and the proof that they took effect."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from streams.agents.outbox import Outbox
from streams.errors import DefinitionError, LinkgaugeError
from streams.model.groups import Definition
from streams.model.messages import Command, Define
from streams.model.state import State
from streams.store import Source, StateWatch
from streams.store.patience import retried
from streams.store.reading import Tail
from streams.wire.agent import encode_message
from streams.wire.definitions import decode_version
from streams.wire.keys import parse_group_key, writes_key

__all__ = ["await_command", "await_definitions", "require_same_geometry", "send_to_group"]

_FLUSH_SECONDS = 30.0
_WATCH_SECONDS = 0.1


def send_to_group(source: Source, bodies: Mapping[str, Sequence[Define | Command]]) -> dict[str, int]:
    """Sends definitions and commands to groups, those of one group in order.

    Returns:
        Where the last message of each group stands in its partition.

    Raises:
        BrokerError: the broker has not acknowledged them.
    """
    outbox = Outbox(source)
    for group, messages in bodies.items():
        for body in messages:
            outbox.send(encode_message(group, body))
    outbox.flush(_FLUSH_SECONDS)
    return {group: outbox.newest_offsets[writes_key(group)] for group in bodies}


def require_same_geometry(definition: Definition, existing: Definition | None) -> None:
    """Refuses a definition that a worker would refuse, because it would reshape stored rows.

    Raises:
        DefinitionError: names what differs and the remedy.
    """
    if existing is None or definition.geometry == existing.geometry:
        return
    for name in type(definition.geometry).__dataclass_fields__:
        asked, has = getattr(definition.geometry, name), getattr(existing.geometry, name)
        if asked != has:
            raise DefinitionError(
                f"group {definition.group}: {name} is {has} and cannot become {asked}, for stored rows have "
                "that shape: keep it, or define a group of another name"
            )


def await_definitions(source: Source, definitions: Sequence[Definition], patience_seconds: float) -> None:
    """Returns when each definition is the newest of its group on `linkgauge.groups`.

    Raises:
        LinkgaugeError: not within the time; says what to check.
    """
    deadline = time.monotonic() + patience_seconds

    def taken_up() -> None:
        newest: dict[str, tuple[int, bytes]] = {}
        missing = list(definitions)
        with source.consumer() as consumer:
            tail = Tail(source, consumer, "groups", 0)
            while True:
                for message in tail.up_to_now():
                    key, value = parse_group_key(message.key()), message.value()
                    if value is not None and key.version >= newest.get(key.group, (0, b""))[0]:
                        newest[key.group] = (key.version, value)
                missing = [wanted for wanted in missing if _newest(newest, wanted.group) != wanted]
                if not missing:
                    return
                if time.monotonic() > deadline:
                    raise _not_taken_up(source, missing[0].group, patience_seconds)
                time.sleep(_WATCH_SECONDS)

    retried(taken_up, lambda: time.monotonic() <= deadline)


def await_command(source: Source, group: str, offset: int, patience_seconds: float) -> State:
    """The group's state once the message at `offset` of its log has taken effect.

    Raises:
        LinkgaugeError: not within the time; says what to check.
    """
    deadline = time.monotonic() + patience_seconds

    def taken() -> State:
        with source.consumer() as consumer:
            watch = StateWatch(source, consumer, group)
            while True:
                state = watch.newest()
                if state is not None and state.offset >= offset:
                    return state
                if time.monotonic() > deadline:
                    raise _not_taken_up(source, group, patience_seconds)
                time.sleep(_WATCH_SECONDS)

    return retried(taken, lambda: time.monotonic() <= deadline)


def _newest(rows: Mapping[str, tuple[int, bytes]], group: str) -> Definition | None:
    return decode_version(rows[group][1]).definition if group in rows else None


def _not_taken_up(source: Source, group: str, patience_seconds: float) -> LinkgaugeError:
    return LinkgaugeError(
        f"the message for group {group} is sent, but was not taken up within {patience_seconds:g} s: check "
        f"that a worker runs on {source.bootstrap} (linkgauge up, or linkgauge worker), and `linkgauge "
        f"dead-letters list --group {group}`; --no-wait does not wait for it"
    )
