"""Which dead letters are worth sending again, and which were sent again already."""

from __future__ import annotations

from collections.abc import Mapping

from streams.errors import MessageError, StateError
from streams.model.screening import REASONS
from streams.model.state import State
from streams.store import FoundLetter, Source, read_group_states
from streams.wire.deadletters import redriven
from streams.wire.headers import decode_origin, read_headers
from streams.wire.reasons import REASONS as UNDECODED

__all__ = ["MAY_PASS", "NEVER", "states_of", "was_redriven", "why_left_out"]

MAY_PASS = frozenset(
    {
        "ahead-of-clock",
        "too-late",
        "unknown-volume",
        "beyond-volume",
        "stale-epoch",
        "forgotten-sequence",
        "watermark-ahead",
        "span",
        "unknown-group",
        "group-deleted",
        "too-many-definitions",
    }
)
"""Reasons that lie in how group, agent or clock stood then: another time the same writes may be taken."""

NEVER = REASONS.keys() - MAY_PASS
"""All other reasons of a worker lie in the message itself, so it would only be refused again."""


def states_of(source: Source, letters: list[FoundLetter]) -> Mapping[str, State]:
    """The newest states of the groups of these letters; none where they are not for us to understand."""
    if not letters:
        return {}
    try:
        return read_group_states(source, {found.group for found in letters})
    except StateError:  # dead letters must be readable all the more when something is wrong
        return {}


def was_redriven(found: FoundLetter, states: Mapping[str, State]) -> bool:
    """Whether the letter came back to its group, as its newest state tells; perhaps to be refused again."""
    state = states.get(found.group)
    if state is None or not state.redriven:
        return False
    try:
        origin = decode_origin(read_headers(redriven(found.record).headers))
    except MessageError:
        return False
    return origin.id in state.redriven and origin.sequence in state.redriven[origin.id]


def why_left_out(found: FoundLetter, states: Mapping[str, State]) -> str | None:
    """Why a letter is not sent with all others, None where it is."""
    reason = found.letter.reason
    if reason in UNDECODED:
        return f"{reason}, so it could not be decoded and never will be"
    if reason in NEVER:
        return f"{reason} can never pass"
    if was_redriven(found, states):
        return "it was redriven already"
    if dict(found.letter.message.headers).get("kind") == b"redrive":
        return "it comes from a redrive: to send it once more, name it"
    return None
