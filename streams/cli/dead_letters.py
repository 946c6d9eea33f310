"""`linkgauge dead-letters`: what was refused, why, and sending it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from streams.agents.outbox import Outbox
from streams.cli.output import (
    Cell,
    CsvFlag,
    JsonFlag,
    cell_text,
    layout_of,
    print_json,
    print_rows,
    say,
    working,
)
from streams.cli.redriving import states_of, was_redriven, why_left_out
from streams.cli.session import session_of
from streams.cli.units import count_text
from streams.cli.usage import group_name
from streams.errors import MessageError, MissingData
from streams.model.messages import AgentMessage
from streams.model.screening import REASONS
from streams.model.state import State
from streams.store import FoundLetter, Source, read_dead_letters
from streams.wire.agent import decode_message
from streams.wire.deadletters import redriven
from streams.wire.reasons import REASONS as UNDECODED
from streams.wire.times import format_time

__all__ = ["register"]

GroupOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this group's.", callback=group_name)
]
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
    "redriven",
    "kind",
    "array",
    "agent",
    "writes",
    "detail",
)
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
    """List what was refused: where it stood, which group and agent, why.

    Scope: the whole message is kept, its refused rows, or nothing of it (cut), since it was too large.
    Redriven: it came back to its group; what was refused again has a letter of kind redrive.
    """
    layout = layout_of(csv=csv, json=json)
    source = session_of(ctx).source
    letters = _letters(source, group, reason)
    states = states_of(source, letters)
    print_rows(_COLUMNS, (_row(found, states) for found in letters), layout)
    counts = Counter(found.letter.reason for found in letters)
    say(", ".join(f"{count} {code}" for code, count in counts.most_common()) or "no dead letters")


def show(
    ctx: typer.Context, partition: PartitionArgument, offset: OffsetArgument, *, json: JsonFlag = False
) -> None:
    """Show the dead letters of one message with headers and refused writes."""
    source = session_of(ctx).source
    letters = _at(_letters(source, None, None), partition, offset)
    states = states_of(source, letters)
    for found in letters:
        about = dict(zip(_COLUMNS, _row(found, states), strict=True))
        message = found.letter.message
        headers = {name: _text(value) for name, value in message.headers}
        if json:
            print_json({**about, "headers": headers, "value_bytes": len(message.value or b"")})
            continue
        for key, value in about.items():
            typer.echo(f"{key}: {cell_text(value)}")
        for name, value in headers.items():
            typer.echo(f"  header {name} = {value}")
        typer.echo(f"value: {count_text(len(message.value or b''), 'byte')}")
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

    With --all, letters are left out that can never pass, that were redriven already, or that come from a
    redrive: name one to send it still.
    """
    if (offset is None) is not all_ or (partition is None) is not all_:
        raise typer.BadParameter("name PARTITION and OFFSET of one message, or --all with --group, --reason")
    source = session_of(ctx).source
    letters = _letters(source, group, reason)
    if partition is not None and offset is not None:
        letters = _at(letters, partition, offset)
    left_out: Counter[str] = Counter()
    if all_:
        states = states_of(source, letters)
        judged = [(found, why_left_out(found, states)) for found in letters]
        left_out.update(why for _, why in judged if why is not None)
        letters = [found for found, why in judged if why is None]
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


def _letters(source: Source, group: str | None, reason: str | None) -> list[FoundLetter]:
    with working("reading dead letters"):
        letters = read_dead_letters(source, group)
    chosen = [found for found in letters if reason in (None, found.letter.reason)]
    if reason is not None and not chosen and reason not in (known := {*REASONS, *UNDECODED}):
        raise typer.BadParameter(f"there is no reason {reason!r}; there are {', '.join(sorted(known))}")
    return chosen


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


def _row(found: FoundLetter, states: Mapping[str, State]) -> tuple[Cell, ...]:
    letter, message = found.letter, found.letter.message
    headers = {name: _text(value) for name, value in message.headers}
    body = _body(found)
    return (
        message.partition,
        message.offset,
        format_time(message.append_us),
        found.group,
        letter.reason,
        letter.scope,
        was_redriven(found, states),
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
