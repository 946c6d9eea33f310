"""`linkgauge agent`: sources of writes: traces that are replayed, and synthetic fleets."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Literal

import typer

from streams.agents.admission import Wish
from streams.agents.load import publish_fleet
from streams.agents.recording import recording_of_trace
from streams.agents.replay import ReplayOptions, ReplayResult, replay
from streams.agents.synthetic import FleetSpec, Pattern
from streams.cli.output import complain, say
from streams.cli.replayed import known_messages, refusal, told
from streams.cli.session import session_of
from streams.cli.topics import CHECK_FAILED
from streams.cli.traces import (
    ActionOption,
    ArrayOption,
    FilesArgument,
    FormatOption,
    MappingOption,
    SkipBadFlag,
    StartOption,
    progress_bar,
    trace_from,
    trace_options,
)
from streams.cli.units import bytes_text, count_text, time_argument
from streams.cli.usage import group_name, patience_option, usage
from streams.model.groups import Geometry
from streams.model.intervals import US
from streams.model.state import State
from streams.store import read_group_state
from streams.wire.times import format_time

__all__ = ["register"]

GroupOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="The data group; defined here if it is new.", callback=group_name),
]
SpeedOption = Annotated[
    float | None,
    typer.Option(metavar="FACTOR", help="1 is real time, 60 a minute in a second; else as fast as possible."),
]
NoWaitFlag = Annotated[
    bool, typer.Option("--no-wait", help="Return once all is sent, not once the last interval is published.")
]
PatienceOption = Annotated[float, patience_option("Give up waiting when nothing was closed for so long.")]


def register(app: typer.Typer) -> None:
    """Adds `agent` to the command."""
    agent = typer.Typer(no_args_is_help=True)
    agent.command("replay")(replay_trace)
    agent.command()(synthetic)
    app.add_typer(agent, name="agent", help="Publish writes: replay traces, make synthetic load.")


def replay_trace(  # noqa: PLR0913  # one parameter for each option
    ctx: typer.Context,
    files: FilesArgument,
    trace_format: FormatOption,
    group: GroupOption,
    *,
    track: Annotated[
        int | None, typer.Option(metavar="BYTES", help="Size of a track; 65536 if the group is new.")
    ] = None,
    interval: Annotated[
        int | None, typer.Option(metavar="SECONDS", min=1, help="Base interval; 300 if the group is new.")
    ] = None,
    kind: Annotated[
        Literal["writes", "json", "tracks"],
        typer.Option(help="Writes as Arrow, writes as JSON, or pre-folded tracks."),
    ] = "writes",
    array: ArrayOption = None,
    start: StartOption = None,
    action: ActionOption = "Q",
    mapping: MappingOption = None,
    skip_bad: SkipBadFlag = False,
    speed: SpeedOption = None,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 120.0,
) -> None:
    """Publish a trace, with an agent for each of its arrays; the group is every volume of the trace.

    The same trace again is nothing but duplicates, and a run that was broken off goes on where it ended.
    Exit code 3 where the group refused some of it.
    """
    with usage():
        options = ReplayOptions(kind, speed, not no_wait, patience)
        reading = trace_options(trace_format, array, start, action, mapping, skip_bad=skip_bad)
        _require_possible(track, interval)
    source = session_of(ctx).source
    with _interruptible(), progress_bar() as report:
        recording = recording_of_trace(trace_from(files, reading, report))
        before = read_group_state(source, group)
        result = replay(source, recording, Wish(group, track, interval), options, report)
    _tell(result, before, options)
    _require_all_taken(result)


def synthetic(  # noqa: PLR0913  # one parameter for each option
    ctx: typer.Context,
    *,
    group: GroupOption = "synthetic",
    pattern: Annotated[Pattern, typer.Option(help="How volumes are written.")] = "hotspot",
    arrays: Annotated[int, typer.Option(metavar="N", min=1, help="Number of arrays.")] = 1,
    volumes: Annotated[int, typer.Option(metavar="N", help="Volumes of each array.")] = 8,
    volume_bytes: Annotated[int, typer.Option(metavar="BYTES", help="Size of a volume.")] = 1 << 30,
    rate: Annotated[int, typer.Option(metavar="N", help="Writes per second of each array.")] = 100,
    write_bytes: Annotated[int, typer.Option(metavar="BYTES", help="Length of a write.")] = 8192,
    duration: Annotated[
        int, typer.Option(metavar="SECONDS", min=1, help="How long the arrays write.")
    ] = 3600,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When they begin; else so that the last interval is just over."),
    ] = None,
    track: Annotated[int, typer.Option(metavar="BYTES", help="Size of a track.")] = 65_536,
    interval: Annotated[int, typer.Option(metavar="SECONDS", min=1, help="Base interval.")] = 300,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, other places.")] = 0,
    hot_tracks: Annotated[
        int, typer.Option(metavar="N", help="hotspot: tracks of a volume that are hot.")
    ] = 64,
    cold_every: Annotated[
        int, typer.Option(metavar="N", help="hotspot: every n-th write goes elsewhere.")
    ] = 10,
    speed: SpeedOption = None,
    no_wait: NoWaitFlag = False,
    patience: PatienceOption = 120.0,
) -> None:
    """Publish a fleet of arrays whose exact answer is known, and print that answer."""
    start_us = time_argument(start)
    with usage():
        options = ReplayOptions("writes", speed, not no_wait, patience)
        _require_possible(track, interval)
        fleet = FleetSpec(
            arrays=tuple(f"array-{number}" for number in range(1, arrays + 1)),
            volumes_per_array=volumes,
            volume_bytes=volume_bytes,
            start_us=_just_over(duration, interval) if start_us is None else start_us,
            duration_seconds=duration,
            writes_per_second=rate,
            write_bytes=write_bytes,
            pattern=pattern,
            track_bytes=track,
            interval_seconds=interval,
            seed=seed,
            hot_tracks=hot_tracks,
            cold_every=cold_every,
        )
    source = session_of(ctx).source
    with _interruptible(), progress_bar() as report:
        before = read_group_state(source, group)
        result = publish_fleet(source, [fleet], group, options, report)
    _tell(result, before, options)
    answer = fleet.expected()
    changed_sum, changed_or = answer.changed_tracks_sum(), answer.changed_tracks_or()
    say(
        f"expected from {format_time(fleet.start_us)} to {format_time(fleet.end_us)}: changed tracks "
        f"{changed_sum} as SUM ({bytes_text(changed_sum * track)}), "
        f"{changed_or} as OR ({bytes_text(changed_or * track)}), "
        f"{count_text(answer.writes(), 'write')} of {count_text(answer.written_bytes(), 'byte')}"
    )
    _require_all_taken(result)


def _tell(result: ReplayResult, before: State | None, options: ReplayOptions) -> None:
    for line in told(result, known_messages(before, result), waited=options.wait):
        say(line)


def _require_all_taken(result: ReplayResult) -> None:
    """Ends the command with the code of a failed check where the group refused some of it."""
    if refused := refusal(result):
        complain(refused)
        raise typer.Exit(CHECK_FAILED)


def _just_over(duration: int, interval: int) -> int:
    """A start on the interval grid, such that everything lies in the past, by less than an interval."""
    return (int(time.time()) - duration) // interval * interval * US


def _require_possible(track: int | None, interval: int | None) -> None:
    """Refuses sizes that no group can have, whether or not there is a group that has others."""
    geometry = Geometry()
    Geometry.for_interval(
        geometry.interval_seconds if interval is None else interval,
        geometry.track_bytes if track is None else track,
    )


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM break off cleanly: what was sent is safe, and the next run goes on from there."""
    arrived: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        raise _Interrupted

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except BaseException:  # Kafka's client makes an error of its own of what is raised within its calls
        if not arrived:
            raise
        say("broken off; the same command again goes on where this one ended")
        raise typer.Exit(128 + arrived[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Interrupted(BaseException):
    """A signal that ends the command; nothing may swallow it."""
