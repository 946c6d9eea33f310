"""The chain of an agent's messages: numbers without gaps, spans that join without gaps."""

from __future__ import annotations

from dataclasses import dataclass

from streams.model.messages import Origin

__all__ = ["Chain"]


@dataclass(slots=True)
class Chain:
    """What the next message of an agent, epoch and group must continue.

    `watermark_us` starts as the moment from which on the agent sees every write of its volumes.
    """

    array: str
    agent: str
    epoch: int
    watermark_us: int
    sequence: int = 0

    def stamp(self, watermark_us: int, lost_writes: int = 0) -> Origin:
        """The headers of the next message, which vouches up to `watermark_us`.

        What was vouched for stays so: an older watermark counts as the last one, and the span is empty.
        """
        watermark_us = max(watermark_us, self.watermark_us)
        origin = Origin(
            array=self.array,
            agent=self.agent,
            epoch=self.epoch,
            sequence=self.sequence,
            observed_from_us=self.watermark_us,
            watermark_us=watermark_us,
            lost_writes=lost_writes,
        )
        self.watermark_us = watermark_us
        self.sequence += 1
        return origin
