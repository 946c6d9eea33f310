"""Tables of closed intervals become records many at a time: one by one, each would cost a multiple."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from streams.model.entries import Interval
from streams.wire.record import Record
from streams.wire.tables import encode_together

__all__ = ["Encoder"]

_INTERVALS_AT_ONCE = 64

_Records = list[list[Record]]


class Encoder:
    """Encodes together what groups ask for before the event loop comes round again."""

    def __init__(self) -> None:
        self._asked: deque[tuple[Sequence[Interval], asyncio.Future[_Records]]] = deque()

    async def tables(self, intervals: Sequence[Interval]) -> _Records:
        """The records of each interval."""
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._encode)
        answer: asyncio.Future[_Records] = loop.create_future()
        self._asked.append((intervals, answer))
        return await answer

    def _encode(self) -> None:
        """Answers some; the others after whatever else waits, such as heartbeats."""
        together = [self._asked.popleft()]
        count = len(together[0][0])
        while self._asked and count + len(self._asked[0][0]) <= _INTERVALS_AT_ONCE:
            together.append(self._asked.popleft())
            count += len(together[-1][0])
        if self._asked:
            asyncio.get_running_loop().call_soon(self._encode)
        wanted = [(intervals, answer) for intervals, answer in together if not answer.done()]
        try:
            records = iter(encode_together([interval for intervals, _ in wanted for interval in intervals]))
        except Exception as error:  # noqa: BLE001  # who asked raises it
            for _, answer in wanted:
                answer.set_exception(error)
            return
        for intervals, answer in wanted:
            answer.set_result([next(records) for _ in intervals])
