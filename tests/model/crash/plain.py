"""Rows of the collector as the plain values in which the oracle speaks."""

from __future__ import annotations

from dataclasses import asdict

from tests.model.crash.logs import STEP_US, PlainFold, PlainWrite

__all__ = ["plain_gap", "plain_interval", "plain_letter", "plain_state", "plain_summary", "plain_version"]

SECOND_US = 1_000_000


def plain_interval(row):
    head = (
        row.definition_version,
        row.revision,
        row.partial,
        row.written_bytes_by_slot,
        row.discards,
        row.late_writes,
    )
    table = {
        entry.volume: (
            entry.volume_bytes,
            frozenset(entry.tracks.tracks().tolist()),
            entry.writes,
            entry.written_bytes,
            _moments(entry.covered),
        )
        for entry in row.entries
    }
    assert list(table) == sorted(table)
    return head, table


def plain_summary(row):
    return {
        "head": (
            row.definition_version,
            row.revision,
            row.partial,
            row.written_bytes_by_slot,
            row.discards,
            row.late_writes,
        ),
        "coverage": round(row.coverage, 12),
        "volumes": row.volumes,
        "tracks": (row.changed_tracks_or, row.changed_tracks_sum),
        "bytes": (row.changed_bytes_or, row.changed_bytes_sum),
        "writes": row.writes,
        "written_bytes": row.written_bytes,
        "watermark_us": row.watermark_us,
        "totals": asdict(row.totals),
    }


def plain_gap(row):
    return row.end_us, row.definition_version


def plain_version(row):
    return row.first, row.ticks, row.definition


def plain_letter(row):
    return _writes(row.writes), tuple(map(_fold, row.folds))


def plain_state(state):
    """The fields of a state that the oracle knows by the same name."""
    length_us = state.versions[-1].definition.geometry.interval_seconds * SECOND_US
    return {
        "closed": state.closed,
        "born": state.born,
        "closed_end_us": None if state.closed is None else (state.closed + 1) * length_us,
        "ticks": state.ticks,
        "tick_us": state.tick_us,
        "last_us": state.last_us,
        "deleted": state.deleted,
        "version": state.versions[-1].number,
        "totals": asdict(state.totals),
        "redo": state.redo,
        "agents": {
            name: (a.epoch, a.high, tuple(a.holes), a.floor, a.watermark_us, a.heard, a.left_at)
            for name, a in state.agents.items()
        },
        "redriven": frozenset((name, n) for name, t in state.redriven.items() for n in t.tracks().tolist()),
    }


def _moments(spans):
    moments = [m for start, end in spans for m in range(start // STEP_US, end // STEP_US)]
    assert len(moments) * STEP_US == sum(end - start for start, end in spans)
    return frozenset(moments)


def _writes(batch):
    if batch is None:
        return ()
    discard = [False] * len(batch) if batch.discard is None else batch.discard.tolist()
    return tuple(
        PlainWrite(time_us, batch.volumes[code], offset, length, gone)
        for time_us, code, offset, length, gone in zip(
            batch.time_us.tolist(),
            batch.volume_codes.tolist(),
            batch.offset_bytes.tolist(),
            batch.length_bytes.tolist(),
            discard,
            strict=True,
        )
    )


def _fold(fold):
    return PlainFold(
        fold.volume,
        fold.start_us,
        fold.end_us,
        fold.track_bytes,
        frozenset(fold.tracks.tracks().tolist()),
        fold.writes,
        fold.written_bytes,
    )
