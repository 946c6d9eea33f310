"""Headers of messages on the writes topic: small texts that say who sent what and vouches for which span.

Numbers are ASCII decimals; times are microseconds since 1970-01-01 UTC; names are UTF-8. Headers that are
not named here, such as those of a tracing library, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from streams.errors import MessageError
from streams.model.messages import Origin
from streams.wire.fields import INT64_MAX
from streams.wire.record import Header, Headers

__all__ = [
    "ARROW",
    "CONTENT_TYPE",
    "IDENTITY",
    "JSON",
    "KIND",
    "MAX_NAME_BYTES",
    "NAMES",
    "PAYLOAD",
    "VERSION",
    "decode_origin",
    "encode_origin",
    "media_type",
    "read_headers",
    "require",
    "row_headers",
]

ARROW = "application/vnd.apache.arrow.stream"
JSON = "application/json"

KIND = "kind"
VERSION = "v"
CONTENT_TYPE = "content-type"
PAYLOAD = "payload"
IDENTITY = ("array", "agent", "epoch", "sequence", "observed_from", "watermark", "lost")
NAMES = (KIND, VERSION, *IDENTITY, CONTENT_TYPE, PAYLOAD)
"""Every header that the contract knows, in the order in which linkgauge writes them."""

MAX_NAME_BYTES = 255
"""Names of arrays and agents are no longer than this."""

_NUMBER = re.compile(rb"[0-9]{1,19}")


def read_headers(headers: Iterable[Header] | None) -> dict[str, bytes]:
    """The contract's headers of a record by name.

    Raises:
        MessageError: one of them is null or there twice; reason `bad-header`.
    """
    found: dict[str, bytes] = {}
    for name, value in headers or ():
        if name not in NAMES:
            continue
        if name in found:
            raise MessageError("bad-header", f"{name}: there twice; send it once")
        if value is None:
            raise MessageError("bad-header", f"{name}: null")
        found[name] = bytes(value)
    return found


def require(headers: Mapping[str, bytes], name: str) -> str:
    """The text of a header that must be there.

    Raises:
        MessageError: it is missing (`missing-header`), or empty or not UTF-8 (`bad-header`).
    """
    value = headers.get(name)
    if value is None:
        raise MessageError("missing-header", name)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        raise MessageError("bad-header", f"{name}: {value[:100]!r} is not UTF-8") from None
    if not text:
        raise MessageError("bad-header", f"{name}: empty")
    return text


def encode_origin(origin: Origin) -> Headers:
    """Who sends and what is vouched for, as headers."""
    values = (
        origin.array,
        origin.agent,
        origin.epoch,
        origin.sequence,
        origin.observed_from_us,
        origin.watermark_us,
        origin.lost_writes,
    )
    return tuple((name, str(value).encode()) for name, value in zip(IDENTITY, values, strict=True))


def decode_origin(headers: Mapping[str, bytes]) -> Origin:
    """Who sent a message and what it vouches for; `lost` may be left out and is 0 then.

    Raises:
        MessageError: a header is missing (`missing-header`) or garbled (`bad-header`).
    """
    array = _name(headers, "array")
    if "/" in array:
        raise MessageError("bad-header", f"array: {array!r} has a slash, which divides array from volume")
    return Origin(
        array=array,
        agent=_name(headers, "agent"),
        epoch=_number(headers, "epoch"),
        sequence=_number(headers, "sequence"),
        observed_from_us=_number(headers, "observed_from"),
        watermark_us=_number(headers, "watermark"),
        lost_writes=_number(headers, "lost") if "lost" in headers else 0,
    )


def media_type(content_type: str) -> str:
    """The type without parameters such as a charset, which do not matter here."""
    return content_type.partition(";")[0].strip().lower()


def row_headers(content_type: str) -> Headers:
    """Headers of the rows on the other topics: version of the contract and content type."""
    return ((VERSION, b"1"), (CONTENT_TYPE, content_type.encode()))


def _name(headers: Mapping[str, bytes], name: str) -> str:
    text = require(headers, name)
    if len(headers[name]) > MAX_NAME_BYTES:
        raise MessageError("bad-header", f"{name}: longer than {MAX_NAME_BYTES} bytes")
    return text


def _number(headers: Mapping[str, bytes], name: str) -> int:
    text = require(headers, name)
    number = int(text) if _NUMBER.fullmatch(headers[name]) else -1
    if not 0 <= number <= INT64_MAX:
        raise MessageError("bad-header", f"{name}: {text[:100]!r} is no whole number from 0 to {INT64_MAX}")
    return number
