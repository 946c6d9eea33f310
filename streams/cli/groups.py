"""`linkgauge groups`: definitions of data groups, and when they are collected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from streams.agents.commands import await_command, await_definitions, require_same_geometry, send_to_group
from streams.agents.definition_files import read_definitions
from streams.cli.collecting import require_idle
from streams.cli.group_texts import collection_text, facts, member_rows, since_text
from streams.cli.output import (
    Cell,
    CsvFlag,
    JsonFlag,
    Layout,
    layout_of,
    print_json,
    print_rows,
    say,
    working,
)
from streams.cli.session import Session, session_of
from streams.cli.units import count_text, time_argument
from streams.cli.usage import group_name, patience_option
from streams.errors import MissingData
from streams.model.groups import Definition
from streams.model.messages import Command, Define
from streams.model.state import State
from streams.settings import inline_definitions
from streams.store import (
    GroupVersion,
    Source,
    definition_in_force,
    group_versions,
    read_group_state,
    read_group_states,
)
from streams.store import groups as stored_groups
from streams.store.definitions import unknown_group
from streams.wire.definitions import definition_to_json
from streams.wire.times import format_time

__all__ = ["register"]

GroupArgument = Annotated[
    str, typer.Argument(metavar="GROUP", help="Name of the data group.", callback=group_name)
]
NoWaitFlag = Annotated[
    bool, typer.Option("--no-wait", help="Return once it is sent, not once it is in force.")
]
AtOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="When; else with the first interval that is not open yet."),
]
IntervalsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="Collect so many base intervals, then stop.")
]
PatienceOption = Annotated[float, patience_option("How long to wait for a worker to take it up.")]

_LIST_COLUMNS = (
    "group",
    "version",
    "effective_from",
    "volumes",
    "arrays",
    "track_bytes",
    "interval_seconds",
    "expected_agents",
    "collection",
    "closed_to",
)


def register(app: typer.Typer) -> None:
    """Adds `groups` to the command."""
    groups = typer.Typer(no_args_is_help=True)
    for command in (apply, start, stop, delete, show):
        groups.command()(command)
    groups.command("list")(list_groups)
    app.add_typer(groups, name="groups", help="Define data groups; start and stop their collection.")


def apply(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            help="TOML or JSON; else the groups of the settings file.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    *,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Begin to collect then; else at once.")
    ] = None,
    intervals: IntervalsOption = None,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 30.0,
) -> None:
    """Define groups, or give them a new version, from the next interval on that is not open yet.

    --start is refused for a group that is collected at that time already: stop it first.
    """
    session = session_of(ctx)
    source, at_us = session.source, time_argument(start)
    definitions = _definitions(session, files or [])
    bodies: dict[str, list[Define | Command]] = {}
    states = read_group_states(source, {definition.group for definition in definitions})
    for definition in definitions:
        state = states.get(definition.group)
        existing = definition_in_force(source, definition.group, state)
        require_same_geometry(definition, existing)
        if existing is not None:
            require_idle(definition.group, state, at_us, "--start")
        bodies[definition.group] = [Define(definition)]
        if at_us is not None or intervals is not None:
            # A group that is new collects from its definition on, unless it is stopped before it starts.
            quiet = [Command("stop")] if existing is None else []
            bodies[definition.group] += [*quiet, Command("start", at_us, intervals)]
    offsets = send_to_group(source, bodies)
    said = dict.fromkeys(offsets, "sent")
    if not no_wait:
        with working("waiting for a worker to take it up"):
            await_definitions(source, definitions, patience)
            # The mark behind it: before, a worker that ends may forget that it took the definition up.
            marks = {
                group: await_command(source, group, offset, patience) for group, offset in offsets.items()
            }
        said = {group: f"in force{since_text(mark.versions[-1])}" for group, mark in marks.items()}
    for definition in definitions:
        volumes = count_text(len(definition.members), "volume")
        say(f"group {definition.group}: {volumes}, {said[definition.group]}")


def start(
    ctx: typer.Context,
    group: GroupArgument,
    *,
    at: AtOption = None,
    intervals: IntervalsOption = None,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 30.0,
) -> None:
    """Start to collect, at a time, for a number of intervals or until stopped.

    A group that is collected at that time already is refused: stop it first. Without --at it goes on, and
    --intervals says when it ends.
    """
    _command(session_of(ctx).source, group, Command("start", time_argument(at), intervals), no_wait, patience)


def stop(
    ctx: typer.Context,
    group: GroupArgument,
    *,
    at: AtOption = None,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 30.0,
) -> None:
    """Stop to collect, now or at a time; what is open is closed and marked partial where it is short."""
    _command(session_of(ctx).source, group, Command("stop", time_argument(at)), no_wait, patience)


def delete(
    ctx: typer.Context,
    group: GroupArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 30.0,
) -> None:
    """Delete a group: nothing more is collected; what was measured stays until its topic lets it go."""
    if not yes:
        typer.confirm(f"delete group {group}?", abort=True, err=True)
    _command(session_of(ctx).source, group, Command("delete"), no_wait, patience)


def list_groups(ctx: typer.Context, *, csv: CsvFlag = False, json: JsonFlag = False) -> None:
    """List the groups: newest definition, whether they are collected, up to when they are closed."""
    layout = layout_of(csv=csv, json=json)
    source = session_of(ctx).source
    with working("reading groups"):
        found, states = stored_groups(source), read_group_states(source)
    print_rows(
        _LIST_COLUMNS, (_listed(versions[-1], states.get(name)) for name, versions in found.items()), layout
    )


def show(
    ctx: typer.Context,
    group: GroupArgument,
    *,
    version: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="This version; else the newest.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show a definition; --json prints it in the form that `groups apply` takes."""
    versions = group_versions(session_of(ctx).source, group)
    known = {row.version: row for row in versions}
    if version is not None and version not in known:
        raise MissingData(f"group {group} has no version {version}; there are: {', '.join(map(str, known))}")
    chosen = versions[-1] if version is None else known[version]
    if json:
        print_json(definition_to_json(chosen.definition))
        return
    from_text = _from_text(chosen) or "its beginning"
    typer.echo(f"group {group}, version {chosen.version} of {versions[-1].version}, from {from_text}")
    for name, text in facts(chosen.definition):
        typer.echo(f"  {name}: {text}")
    columns = ("array", "volume", "volume_bytes", "extents", "agents")
    print_rows(columns, member_rows(chosen.definition), Layout.TABLE, columns[2:3])


def _definitions(session: Session, files: Sequence[Path]) -> list[Definition]:
    if not files:
        inline = list(inline_definitions(session.settings).values())
        if not inline:
            raise typer.BadParameter("name a FILE with definitions; the settings have no groups")
        return inline
    return read_definitions(files)


def _command(source: Source, group: str, command: Command, no_wait: bool, patience: float) -> None:  # noqa: FBT001  # private, and passed on as given
    state = read_group_state(source, group)
    if definition_in_force(source, group, state) is None:
        raise unknown_group(source, group)
    if command.action == "start":
        require_idle(group, state, command.at_us, "--at")
    offsets = send_to_group(source, {group: [command]})
    if no_wait:
        say(f"group {group}: {command.action} is sent")
        return
    with working("waiting for a worker to take it up"):
        taken = await_command(source, group, offsets[group], patience)
    say(f"group {group}: collection {collection_text(taken)}")


def _listed(version: GroupVersion, state: State | None) -> tuple[Cell, ...]:
    definition = version.definition
    closed_us = None if state is None else state.closed_us
    return (
        definition.group,
        version.version,
        _from_text(version),
        len(definition.members),
        len({member.array for member in definition.members}),
        definition.geometry.track_bytes,
        definition.geometry.interval_seconds,
        definition.expected_agents,
        collection_text(state),
        None if closed_us is None else format_time(closed_us),
    )


def _from_text(version: GroupVersion) -> str | None:
    return None if version.effective_from_us is None else format_time(version.effective_from_us)
