"""The rows of one table between Kafka and their commit.

Everything that a crash may find half done is decided by one comparison: where the table stands, by its newest
commit, against where the rows at hand begin.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from streams.errors import LakeError, MessageError
from streams.lake.assembly import Backlog, Stretch
from streams.lake.formats.table import OffsetsMoved, Table, WrongLog
from streams.lake.progress import LogId, Move
from streams.lake.sources import Content, TableSource
from streams.lake.unique import unique_rows
from streams.wire.record import Received

__all__ = ["Counts", "Feed"]

_log = structlog.get_logger()

_Stretches = Mapping[int, Stretch[Content]]


@dataclass(slots=True)
class Counts:
    """What a feed has done since its process began."""

    messages: int = 0
    refused_messages: int = 0
    incomplete_intervals: int = 0
    rows: int = 0
    quarantined_rows: int = 0
    commits: int = 0
    failed_commits: int = 0
    moved_commits: int = 0
    missed_messages: int = 0
    last_commit_seconds: float = 0.0


class _Attempt(NamedTuple):
    """A commit on its way; it stays until it is known whether it is in."""

    stretches: _Stretches
    move: Move


@dataclass(slots=True)
class Feed:
    """What stands between one topic and its table, for the partitions that are ours."""

    source: TableSource
    table: Table
    log: LogId
    buckets: Callable[[], int] = lambda: 1
    counts: Counts = field(default_factory=Counts)
    _backlogs: dict[int, Backlog[Content]] = field(default_factory=dict)
    _attempt: _Attempt | None = None

    @property
    def partitions(self) -> Collection[int]:
        """Those that are ours."""
        return self._backlogs.keys()

    @property
    def waiting_bytes(self) -> int:
        """About what the rows take that are not committed."""
        return sum(backlog.size_bytes for backlog in self._backlogs.values())

    def begin(self, partitions: Collection[int]) -> dict[int, int]:
        """Takes these partitions and no others: from which offset to read each.

        Raises:
            WrongLog: the table is fed by another log.
            LakeError: the storage does not answer.
        """
        self._attempt = None
        found = self.table.progress(self.log, partitions)
        if found.log not in (None, self.log):
            raise WrongLog(self._other_log(str(found.log)))
        starts = {number: found.offsets.get(number, 0) for number in partitions}
        self._backlogs = {number: Backlog(start) for number, start in starts.items()}
        return starts

    def drop(self) -> None:
        """No partition is ours any more; what is not committed is left to those whose they are now."""
        self._attempt = None
        self._backlogs = {}

    def missed(self, partition: int, low: int) -> None:
        """Retention has removed what stood before `low`; reading goes on from there."""
        backlog = self._backlogs[partition]
        if low > backlog.next:
            # From 0 nothing need have been there for this lake: it may be younger than the log.
            self.counts.missed_messages += low - backlog.next if backlog.start else 0
            backlog.next = low

    def positions(self) -> dict[int, int]:
        """The next offset of each of our partitions that no commit has."""
        return {number: max(each.start, 0) for number, each in self._backlogs.items()}

    def ends_at(self, partition: int, offset: int) -> None:
        """The log has nothing between what was read and this offset."""
        if (backlog := self._backlogs.get(partition)) is not None:
            backlog.next = max(backlog.next, offset)

    def read_up_to(self, partition: int) -> int:
        """The next offset that was not read yet."""
        backlog = self._backlogs.get(partition)
        return backlog.next if backlog else 0

    def take(self, message: Received) -> None:
        """Takes a message; one that is in already, or of a partition that is not ours, is passed over."""
        backlog = self._backlogs.get(message.partition)
        if backlog is None or not backlog.is_new(message.offset):
            return
        self.counts.messages += 1
        try:
            piece = self.source.piece(message)
        except MessageError as error:
            self._refuse(message, error)
        else:
            if piece is not None:
                backlog.add(message.offset, message.append_us, piece)
        backlog.passed(message.offset, message.append_us)

    def commit(self) -> Mapping[int, int]:
        """Commits what can be; the offsets that are in now, none where nothing was to do.

        Raises:
            OffsetsMoved: another sink was here: begin again.
            LakeError: the storage did not take it, or did not say so: try again.
        """
        if self._attempt is None:
            stretches = {number: backlog.stretch() for number, backlog in self._backlogs.items()}
            stretches = {number: each for number, each in stretches.items() if each.end > each.start}
            if not stretches:
                return {}
            starts, ends = ({n: getattr(s, side) for n, s in stretches.items()} for side in ("start", "end"))
            self._attempt = _Attempt(stretches, Move(self.log, starts, ends))
        elif self._is_in(self._attempt.move):
            return self._done(self._attempt)
        attempt = self._attempt
        units = [unit for stretch in attempt.stretches.values() for unit in stretch.units]
        rows = unique_rows(self.source.rows(units, self.buckets()), self.source.table)
        try:
            self.table.append(rows, attempt.move)
        except OffsetsMoved:
            self.counts.moved_commits += 1
            raise
        except LakeError:
            self.counts.failed_commits += 1
            raise
        self.counts.rows += rows.num_rows
        if "quarantine_reason" in rows.column_names:
            column = rows.column("quarantine_reason")
            self.counts.quarantined_rows += rows.num_rows - column.null_count
        return self._done(attempt)

    def _is_in(self, move: Move) -> bool:
        """Whether a commit that failed, as far as we were told, is in all the same."""
        found = self.table.progress(move.log, move.start)
        return found.log == move.log and all(found.offsets.get(n, 0) == at for n, at in move.end.items())

    def _done(self, attempt: _Attempt) -> Mapping[int, int]:
        for number, stretch in attempt.stretches.items():
            self._backlogs[number].committed(stretch)
            self.counts.incomplete_intervals += stretch.given_up
            if stretch.given_up:
                _log.warning(
                    "intervals_incomplete",
                    table=self.source.table.name,
                    partition=number,
                    count=stretch.given_up,
                )
        self.counts.commits += 1
        self.counts.last_commit_seconds = time.time()
        self._attempt = None
        return attempt.move.end

    def _refuse(self, message: Received, error: MessageError) -> None:
        self.counts.refused_messages += 1
        _log.warning(
            "message_refused",
            topic=message.topic,
            partition=message.partition,
            offset=message.offset,
            reason=error.reason,
            detail=error.detail,
        )

    def _other_log(self, found: str) -> str:
        return (
            f"the lake's {self.source.table.name} is fed by {found}, and here is {self.log}, whose offsets "
            "mean something else. Was the cluster or the topic made anew? Then run `linkgauge lake adopt`, "
            "which keeps all rows and reads the new log from its beginning. Else correct broker.bootstrap or "
            "lake.path"
        )
