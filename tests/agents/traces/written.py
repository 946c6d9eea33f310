"""The writes of a trace as a test writes them down."""

from __future__ import annotations

from streams.agents.traces import Trace

__all__ = ["written"]


def written(trace: Trace) -> list[tuple[int, str, int, int]]:
    """Time in microseconds, volume, offset and length in bytes of every write, in the order of the trace."""
    batch = trace.writes
    volumes = [batch.volumes[code] for code in batch.volume_codes]
    return list(
        zip(
            batch.time_us.tolist(),
            volumes,
            batch.offset_bytes.tolist(),
            batch.length_bytes.tolist(),
            strict=True,
        )
    )
