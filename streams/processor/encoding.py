"""Tables of closed intervals become records many at a time: one by one, each would cost a multiple."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice

from streams.model.entries import Interval
from streams.wire.record import Record
from streams.wire.tables import encode_together

__all__ = ["INTERVALS_AT_ONCE", "Encoder"]

INTERVALS_AT_ONCE = 64
"""Heartbeats wait while so many are encoded; nobody should ask for more of them at a time."""

_QUIET_ROUNDS = 3  # of the event loop; while messages wait, clients bring one in each of theirs

_Records = list[list[Record]]


class Encoder:
    """Encodes together what groups ask for in quick succession."""

    def __init__(self) -> None:
        self._asked: deque[tuple[Sequence[Interval], asyncio.Future[_Records]]] = deque()
        self._intervals = 0
        self._quiet_rounds = 0

    async def tables(self, intervals: Sequence[Interval]) -> _Records:
        """The records of each interval."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._look)
        answer: asyncio.Future[_Records] = loop.create_future()
        self._asked.append((intervals, answer))
        self._intervals += len(intervals)
        self._quiet_rounds = 0
        return await answer

    def _look(self) -> None:
        """Waits as long as more is asked for, up to what is encoded at once."""
        self._quiet_rounds += 1
        try:
            if self._quiet_rounds > _QUIET_ROUNDS or self._intervals >= INTERVALS_AT_ONCE:
                self._encode()
        finally:
            if self._asked:
                asyncio.get_running_loop().call_soon(self._look)

    def _encode(self) -> None:
        together = [self._next()]
        count = len(together[0][0])
        while self._asked and count + len(self._asked[0][0]) <= INTERVALS_AT_ONCE:
            together.append(self._next())
            count += len(together[-1][0])
        wanted = [(intervals, answer) for intervals, answer in together if not answer.done()]
        try:
            records = iter(encode_together([interval for intervals, _ in wanted for interval in intervals]))
        except Exception as error:  # noqa: BLE001  # who asked raises it
            for _, answer in wanted:
                answer.set_exception(error)
            return
        for intervals, answer in wanted:
            answer.set_result(list(islice(records, len(intervals))))

    def _next(self) -> tuple[Sequence[Interval], asyncio.Future[_Records]]:
        intervals, answer = self._asked.popleft()
        self._intervals -= len(intervals)
        return intervals, answer
