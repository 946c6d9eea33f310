"""Batches of writes as columnar JSON, for producers without Arrow: `{"time": [...], "volume": [...], ...}`.

Columns are checked and converted as a whole; single values are looked at only to say which one is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from streams.errors import MessageError
from streams.model.writes import WriteBatch
from streams.wire.fields import load_object, shown
from streams.wire.times import RFC3339, parse_time
from streams.wire.writes import COLUMNS, compact_volumes

__all__ = ["decode_writes_json", "encode_writes_json"]

_NAMES = tuple(column.name for column in COLUMNS)
_REQUIRED = tuple(column.name for column in COLUMNS if not column.optional)


def encode_writes_json(batch: WriteBatch) -> bytes:
    """The batch as JSON; times are microseconds since 1970."""
    codes, volumes = compact_volumes(batch)
    columns: dict[str, Any] = {
        "time": batch.time_us,
        "volume": np.array(volumes, object)[codes].tolist() if volumes else [],
        "offset": batch.offset_bytes,
        "length": batch.length_bytes,
    }
    if batch.discard is not None and batch.discard.any():
        columns["discard"] = batch.discard
    contiguous = {
        name: np.ascontiguousarray(column) if isinstance(column, np.ndarray) else column
        for name, column in columns.items()
    }
    return orjson.dumps(contiguous, option=orjson.OPT_SERIALIZE_NUMPY)


def decode_writes_json(value: bytes) -> WriteBatch:
    """The batch in a JSON object.

    Raises:
        MessageError: `bad-json`, `bad-schema`, `extra-column` or `bad-value`; the detail names the row.
    """
    columns = load_object(value)
    _check_names(columns)
    volumes = _volumes(columns["volume"])
    discard = _flags(columns["discard"]) if "discard" in columns else None
    return WriteBatch(
        time_us=_times(columns["time"]),
        volume_codes=volumes.indices.to_numpy(),
        volumes=tuple(volumes.dictionary.to_pylist()),
        offset_bytes=_integers("offset", columns["offset"], np.uint64),
        length_bytes=_integers("length", columns["length"], np.uint64),
        discard=discard if discard is not None and discard.any() else None,
    )


def _check_names(columns: dict[str, Any]) -> None:
    for name in columns:
        if name not in _NAMES:
            raise MessageError("extra-column", f"field {name[:100]}: not in the contract; remove it")
    for name in _REQUIRED:
        if name not in columns:
            raise MessageError("bad-schema", f"field {name}: missing, expected an array")
    for name, values in columns.items():
        if not isinstance(values, list):
            raise MessageError("bad-schema", f"field {name}: expected an array, found {shown(values)}")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise MessageError("bad-value", f"arrays differ in length: {counts}")


def _integers(name: str, values: list[Any], dtype: type[np.int64 | np.uint64]) -> NDArray[Any]:
    bounds = np.iinfo(dtype)
    expected = f"a whole number from {bounds.min} to {bounds.max}"
    # The set of types tells true, 1.0 and null apart, which numpy would take for numbers.
    if set(map(type, values)) - {int}:
        raise _wrong(name, values, lambda value: type(value) is int, expected)
    try:
        return np.array(values, dtype)
    except OverflowError:
        raise _wrong(
            name, values, lambda value: int(bounds.min) <= value <= int(bounds.max), expected
        ) from None


def _times(values: list[Any]) -> NDArray[np.int64]:
    if set(map(type, values)) != {str}:
        return _integers("time", values, np.int64)
    texts = pa.array(values, pa.string())
    try:
        if not pc.all(pc.match_substring_regex(texts, RFC3339)).as_py():
            raise pa.ArrowInvalid("not RFC 3339")  # noqa: TRY301  # one way out for both kinds of fault
        cut = pc.replace_substring_regex(pc.ascii_upper(texts), r"(\.\d{6})\d+", r"\1")
        return cut.cast(pa.timestamp("us", "UTC")).view(pa.int64()).to_numpy()  # type: ignore[no-any-return]
    except pa.ArrowInvalid:
        raise _wrong("time", values, _is_time, "an RFC 3339 time like 2007-02-22T12:05:00Z") from None


def _volumes(values: list[Any]) -> pa.DictionaryArray:
    if set(map(type, values)) - {str} or "" in values:
        raise _wrong("volume", values, lambda value: type(value) is str and value != "", "a name")
    return pa.array(values, pa.string()).dictionary_encode()


def _flags(values: list[Any]) -> NDArray[np.bool_]:
    if set(map(type, values)) - {bool}:
        raise _wrong("discard", values, lambda value: type(value) is bool, "true or false")
    return np.array(values, np.bool_)


def _wrong(name: str, values: list[Any], fine: Callable[[Any], bool], expected: str) -> MessageError:
    row = next((i for i, value in enumerate(values) if not fine(value)), 0)
    return MessageError("bad-value", f"{name}[{row}] is {shown(values[row])}, expected {expected}")


def _is_time(value: str) -> bool:
    try:
        parse_time(value)
    except MessageError:
        return False
    return True
