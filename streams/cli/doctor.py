"""`linkgauge doctor`: is everything set up so that figures can be right? In sentences; exit code 3 if not."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from streams.broker.topics import check_topics, require_broker
from streams.cli.clock import clock_skew_seconds
from streams.cli.doctor_services import reporter_finding, worker_finding
from streams.cli.finding import Finding
from streams.cli.output import CsvFlag, JsonFlag, Layout, layout_of, print_rows, working
from streams.cli.session import Session, session_of
from streams.cli.topics import CHECK_FAILED, layout_from
from streams.cli.units import count_text
from streams.errors import BrokerError, DefinitionError, LinkgaugeError, SettingsError
from streams.model.groups import Definition
from streams.settings import Settings, inline_definitions, require_consistent_links
from streams.store import groups

__all__ = ["examine", "register"]

_MOST_SKEW_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Adds `doctor` to the command."""
    app.command()(doctor)


def doctor(ctx: typer.Context, *, csv: CsvFlag = False, json: JsonFlag = False) -> None:
    """Check settings, reporter, Kafka, clock, topics, worker, groups, links; exit code 3 if one is wrong."""
    layout = layout_of(csv=csv, json=json)
    with working("examining"):
        findings = list(examine(session_of(ctx)))
    if layout is Layout.TABLE:
        for finding in findings:
            typer.echo(f"{'✓' if finding.holds else '✗'} {finding.check}: {finding.sentence}")
    else:
        rows = ((finding.check, finding.holds, finding.sentence) for finding in findings)
        print_rows(["check", "holds", "sentence"], rows, layout)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(CHECK_FAILED)


def examine(session: Session) -> Iterator[Finding]:
    """Every check that can be made; what stands on a check that failed is left out."""
    try:
        settings = session.settings
        inline = inline_definitions(settings)
    except (SettingsError, DefinitionError) as error:
        yield Finding("settings", holds=False, sentence=str(error))
        return
    yield Finding("settings", holds=True, sentence=f"they are valid; file: {session.file or 'none'}")
    yield reporter_finding(settings.reporter)
    broker = settings.broker
    try:
        cluster = require_broker(broker.bootstrap, client_options=broker.client)
    except LinkgaugeError as error:
        yield Finding("Kafka", holds=False, sentence=str(error))
        yield from _links(settings, inline, applied=None)
        return
    yield Finding(
        "Kafka",
        holds=True,
        sentence=f"{broker.bootstrap} answers: {count_text(len(cluster.brokers), 'broker')}",
    )
    yield _clock(settings)
    problems = check_topics(broker.bootstrap, layout_from(settings), broker.client)
    for problem in problems:
        yield Finding("topics", holds=False, sentence=str(problem))
    if problems:
        yield from _links(settings, inline, applied=None)
        return
    yield Finding("topics", holds=True, sentence=f"all of {broker.topic_prefix}* are as they must be")
    yield worker_finding(settings)
    applied = {name: versions[-1].definition for name, versions in groups(session.source).items()}
    yield from _groups(inline, applied)
    yield from _links(settings, inline, applied)


def _clock(settings: Settings) -> Finding:
    broker = settings.broker
    try:
        skew = clock_skew_seconds(broker.bootstrap, broker.topic_prefix, broker.client)
    except BrokerError as error:
        return Finding("clock", holds=True, sentence=f"not compared with that of the brokers: {error}")
    sentence = f"{abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} that of the brokers"
    if abs(skew) <= _MOST_SKEW_SECONDS:
        return Finding("clock", holds=True, sentence=sentence)
    remedy = "set both by NTP: writes that seem to come from the future are refused"
    return Finding("clock", holds=False, sentence=f"{sentence}; {remedy}")


def _groups(inline: dict[str, Definition], applied: dict[str, Definition]) -> Iterator[Finding]:
    stale = [name for name, definition in inline.items() if applied.get(name) != definition]
    for name in stale:
        sentence = (
            f"{name}: the settings define it otherwise than it is applied; run `linkgauge groups apply`"
        )
        yield Finding("groups", holds=False, sentence=sentence)
    if not stale:
        yield Finding("groups", holds=True, sentence=f"{len(applied)} defined")


def _links(
    settings: Settings, inline: dict[str, Definition], applied: dict[str, Definition] | None
) -> Iterator[Finding]:
    """Whether links and groups fit; `applied` is None where the topics could not be read."""
    known = inline | (applied or {})
    try:
        require_consistent_links(settings.links, known)
    except SettingsError as error:
        yield Finding("links", holds=False, sentence=str(error))
        return
    unknown = [
        f"links.{name}.groups: group {group} is not defined; until it is, the link has no figure"
        for name, link in settings.links.items()
        for group in link.groups
        if applied is not None and group not in known
    ]
    for sentence in unknown:
        yield Finding("links", holds=False, sentence=sentence)
    if not unknown:
        yield Finding("links", holds=True, sentence=f"{len(settings.links)} in the settings")
