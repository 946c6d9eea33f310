"""Options of the Kafka client library that users may pass through: who we are and how the line is secured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["MASK", "client_options", "masked"]

MASK = "********"

_ALLOWED = ("security.", "sasl.", "ssl.")
# The letters of a uri are in `security.protocol` too, which is no secret.
_SECRET = re.compile(r"password|secret|pem|config|token|credential|(?<![a-z])uri(?![a-z])")


def client_options(given: Mapping[str, object]) -> dict[str, str]:
    """The options under librdkafka's names.

    TOML reads an unquoted `sasl.password` as a table in a table, and no shell can set a variable with a dot:
    tables are joined by dots, and `_` counts as one.

    Raises:
        ValueError: an option that is not of `security.*`, `sasl.*` or `ssl.*`, or no text, number or bool.
    """
    options = {name.replace("_", "."): _text(name, value) for name, value in _flat("", given)}
    for name in options:
        if not name.startswith(_ALLOWED):
            raise ValueError(f"{name} is not passed through; only {', '.join(f'{a}*' for a in _ALLOWED)} are")
    return options


def masked(options: Mapping[str, str]) -> dict[str, str]:
    """The options for people to see: what may be a secret is hidden."""
    return {name: MASK if _SECRET.search(name.lower()) else value for name, value in sorted(options.items())}


def _flat(prefix: str, given: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for name, value in given.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{name}: text, a number or true/false is needed")
