"""`linkgauge dead-letters`: what was refused, why, and sending it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import typer

from streams.agents.outbox import Outbox
from streams.cli.output import Cell, CsvFlag, JsonFlag, layout_of, print_json, print_rows, say, working
from streams.cli.session import session_of
from streams.cli.units import count_text
from streams.errors import MessageError, MissingData
from streams.model.messages import AgentMessage
from streams.store import FoundLetter, Source, read_dead_letters
from streams.wire.agent import decode_message
from streams.wire.deadletters import redriven
from streams.wire.reasons import REASONS as UNDECODED
from streams.wire.times import format_time

__all__ = ["register"]

GroupOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only this group's.")]
ReasonOption = Annotated[str | None, typer.Option(metavar="CODE", help="Only those with this reason.")]
PartitionArgument = Annotated[int, typer.Argument(metavar="PARTITION", help="As `list` shows it.")]
OffsetArgument = Annotated[int, typer.Argument(metavar="OFFSET", help="As `list` shows it.")]

_COLUMNS = (
    "partition",
    "offset",
    "time",
    "group",
    "reason",
    "scope",
    "kind",
    "array",
    "agent",
    "writes",
    "detail",
)
_NEVER = frozenset(
    {"extent", "before-1970", "fold-span", "fold-track", "geometry-changed"}
)  # refused for what they are, not for how the group stood: they would only be refused again
_FLUSH_SECONDS = 30.0
_SHOWN_WRITES = 20


def register(app: typer.Typer) -> None:
    """Adds `dead-letters` to the command."""
    letters = typer.Typer(no_args_is_help=True)
    letters.command("list")(list_letters)
    letters.command()(show)
    letters.command()(redrive)
    app.add_typer(letters, name="dead-letters", help="What was refused, why, and sending it again.")


def list_letters(
    ctx: typer.Context,
    *,
    group: GroupOption = None,
    reason: ReasonOption = None,
    csv: CsvFlag = False,
    json: JsonFlag = False,
) -> None:
    """List what was refused: where it stood, which group and agent, why."""
    layout = layout_of(csv=csv, json=json)
    letters = _letters(session_of(ctx).source, group, reason)
    print_rows(_COLUMNS, map(_row, letters), layout)
    counts = Counter(found.letter.reason for found in letters)
    say(", ".join(f"{count} {code}" for code, count in counts.most_common()) or "no dead letters")


def show(
    ctx: typer.Context, partition: PartitionArgument, offset: OffsetArgument, *, json: JsonFlag = False
) -> None:
    """Show the dead letters of one message with headers and refused writes."""
    letters = _at(_letters(session_of(ctx).source, None, None), partition, offset)
    for found in letters:
        about = dict(zip(_COLUMNS, _row(found), strict=True))
        message = found.letter.message
        headers = {name: _text(value) for name, value in message.headers}
        if json:
            print_json({**about, "headers": headers, "value_bytes": len(message.value or b"")})
            continue
        for key, value in about.items():
            typer.echo(f"{key}: {'' if value is None else value}")
        for name, value in headers.items():
            typer.echo(f"  header {name} = {value}")
        typer.echo(f"value: {len(message.value or b'')} bytes")
        _print_writes(found)


def redrive(
    ctx: typer.Context,
    partition: Annotated[int | None, typer.Argument(metavar="PARTITION", help="As `list` shows it.")] = None,
    offset: Annotated[int | None, typer.Argument(metavar="OFFSET", help="As `list` shows it.")] = None,
    *,
    group: GroupOption = None,
    reason: ReasonOption = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are chosen, not one message.")] = False,
) -> None:
    """Send refused writes again, under a new identity; doing it twice changes nothing.

    With --all, letters that can never pass and letters of redrives are left out: name one to send it still.
    """
    if (offset is None) is not all_ or (partition is None) is not all_:
        raise typer.BadParameter("name PARTITION and OFFSET of one message, or --all with --group, --reason")
    source = session_of(ctx).source
    letters = _letters(source, group, reason)
    if partition is not None and offset is not None:
        letters = _at(letters, partition, offset)
    left_out = Counter(filter(None, map(_why_left_out, letters))) if all_ else Counter[str]()
    if all_:
        letters = [found for found in letters if _why_left_out(found) is None]
    outbox = Outbox(source)
    sent = 0
    for found in letters:
        try:
            outbox.send(redriven(found.record))
        except MessageError as error:
            where = found.letter.message
            say(f"partition {where.partition}, offset {where.offset}: {error}")
        else:
            sent += 1
    outbox.flush(_FLUSH_SECONDS)
    for why, count in left_out.most_common():
        say(f"{count_text(count, 'dead letter')} left out: {why}")
    say(f"{count_text(sent, 'dead letter')} sent again, {len(letters) - sent} cannot be")


def _why_left_out(found: FoundLetter) -> str | None:
    """Why a letter is not sent with all others, None where it is."""
    reason = found.letter.reason
    if reason in UNDECODED:
        return f"{reason}, so it could not be decoded and never will be"
    if reason in _NEVER:
        return f"{reason} can never pass"
    if dict(found.letter.message.headers).get("kind") == b"redrive":
        return "it is a redrive itself, and the letter that it came from is sent"
    return None


def _letters(source: Source, group: str | None, reason: str | None) -> list[FoundLetter]:
    with working("reading dead letters"):
        letters = read_dead_letters(source, group)
    return [found for found in letters if reason in (None, found.letter.reason)]


def _at(letters: Iterable[FoundLetter], partition: int, offset: int) -> list[FoundLetter]:
    chosen = [
        found
        for found in letters
        if (found.letter.message.partition, found.letter.message.offset) == (partition, offset)
    ]
    if not chosen:
        raise MissingData(
            f"no dead letter of partition {partition}, offset {offset}: see `linkgauge dead-letters list`"
        )
    return chosen


def _row(found: FoundLetter) -> tuple[Cell, ...]:
    letter, message = found.letter, found.letter.message
    headers = {name: _text(value) for name, value in message.headers}
    body = _body(found)
    return (
        message.partition,
        message.offset,
        format_time(message.append_us),
        found.group,
        letter.reason,
        "whole" if letter.whole else "rows",
        headers.get("kind"),
        headers.get("array"),
        headers.get("agent"),
        None if body is None or body.writes is None else len(body.writes),
        letter.detail,
    )


def _body(found: FoundLetter) -> AgentMessage | None:
    """What the refused message says, where it can be understood."""
    message = found.letter.message
    try:
        body = decode_message(
            message.key, message.value, message.headers, message.offset, message.append_us
        ).body
    except MessageError:
        return None
    return body if isinstance(body, AgentMessage) else None


def _print_writes(found: FoundLetter) -> None:
    body = _body(found)
    if body is None or body.writes is None:
        return
    writes = body.writes
    first = writes.take(slice(_SHOWN_WRITES))
    rows = zip(
        map(_time, first.time_us.tolist()),
        (first.volumes[code] for code in first.volume_codes.tolist()),
        first.offset_bytes.tolist(),
        first.length_bytes.tolist(),
        strict=True,
    )
    print_rows(("time", "volume", "offset", "length"), rows, layout_of(csv=False, json=False))
    if len(writes) > len(first):
        typer.echo(f"and {len(writes) - len(first)} more")


def _time(time_us: int) -> str:
    try:
        return format_time(time_us)
    except ValueError:  # a time beyond the calendar is a good reason to be refused
        return f"{time_us} us"


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="backslashreplace")
