"""The end of a job whose state is durable: when Quix has committed its last checkpoint."""

from __future__ import annotations

from meter import Meter
from quixstreams import Application

__all__ = ["end_with_checkpoint"]


def end_with_checkpoint(app: Application, meter: Meter) -> None:
    """Lets the time end there; what an application does to close itself down comes after."""
    context = app._processing_context  # noqa: SLF001  # it tells nobody else; its version is pinned
    commit = context.commit_checkpoint

    def timed(force: bool = False, revoking: bool = False) -> None:  # noqa: FBT001, FBT002  # as Quix calls it
        commit(force=force, revoking=revoking)
        if force and not revoking:
            meter.end()

    context.commit_checkpoint = timed
