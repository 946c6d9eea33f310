"""Reading JSON objects strictly: every field once, by type, and nothing left over.

An error names the place as a path (`members[2].extents[0]`), what was expected and what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from streams.errors import LinkgaugeError, MessageError

__all__ = ["INT64_MAX", "INT64_MIN", "REQUIRED", "Fields", "join", "load_object", "shown"]

INT64_MAX: Final = (1 << 63) - 1
INT64_MIN: Final = -INT64_MAX - 1

Fault = Callable[[str], LinkgaugeError]


class _Required:
    """The default of a field that must be there."""


REQUIRED: Final = _Required()


def load_object(value: bytes) -> dict[str, Any]:
    """The JSON object in these bytes.

    Raises:
        MessageError: no JSON, or no object; reason `bad-json`.
    """
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise MessageError("bad-json", str(error)) from None
    if not isinstance(found, dict):
        raise MessageError("bad-json", f"expected an object, found {shown(found)}")
    return found


def join(path: str, name: str | int) -> str:
    """The path of a field (by name) or an item (by index) below another."""
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


def shown(value: object) -> str:
    """A value as an error message shows it: JSON, shortened."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


class Fields:
    """One object while it is read; `done` refuses the fields that nobody took.

    `fault` makes the error from a message. A `default` is what an absent field means; without one the field
    must be there. Methods that end in `_or_none` also take null.
    """

    __slots__ = ("_fault", "_left", "_path")

    def __init__(self, value: object, fault: Fault, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise fault(f"{path or 'value'}: expected an object, found {shown(value)}")
        self._left: dict[str, object] = dict(value)
        self._fault = fault
        self._path = path

    def has(self, name: str) -> bool:
        """Whether the field is there and was not taken yet."""
        return name in self._left

    def integer(
        self, name: str, default: int | _Required = REQUIRED, low: int = 0, high: int = INT64_MAX
    ) -> int:
        """A whole number; true, false and 1.0 are none."""
        value = self._take(name, default)
        return self.as_integer(value, join(self._path, name), low, high)

    def integer_or_none(
        self, name: str, default: int | _Required | None = REQUIRED, low: int = 0, high: int = INT64_MAX
    ) -> int | None:
        """A whole number or null."""
        value = self._take(name, default)
        return None if value is None else self.as_integer(value, join(self._path, name), low, high)

    def text(self, name: str, default: str | _Required = REQUIRED) -> str:
        """A string."""
        return self.as_text(self._take(name, default), join(self._path, name))

    def text_or_none(self, name: str) -> str | None:
        """A string or null."""
        value = self._take(name, REQUIRED)
        return None if value is None else self.as_text(value, join(self._path, name))

    def flag(self, name: str, default: bool | _Required = REQUIRED) -> bool:  # noqa: FBT001  # the field's default, as in the others
        """True or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise self.expected(join(self._path, name), "true or false", value)
        return value

    def number(self, name: str) -> float:
        """A number, whole or not."""
        value = self._take(name, REQUIRED)
        if type(value) not in (int, float):
            raise self.expected(join(self._path, name), "a number", value)
        return float(value)  # type: ignore[arg-type]  # int or float, as just seen

    def items(self, name: str, default: list[object] | _Required = REQUIRED) -> list[tuple[str, object]]:
        """The items of an array, each with its path."""
        return self.as_items(self._take(name, default), join(self._path, name))

    def items_or_none(
        self, name: str, default: _Required | None = REQUIRED
    ) -> list[tuple[str, object]] | None:
        """The items of an array, each with its path, or null."""
        value = self._take(name, default)
        return None if value is None else self.as_items(value, join(self._path, name))

    def value(self, name: str) -> tuple[str, object]:
        """Whatever stands in this field, with its path."""
        return join(self._path, name), self._take(name, REQUIRED)

    def below(self, name: str) -> Fields:
        """The object in this field."""
        return self.at(self._take(name, REQUIRED), join(self._path, name))

    def at(self, value: object, path: str) -> Fields:
        """An object found at a path, to be read with the same kind of error."""
        return Fields(value, self._fault, path)

    def entries(self, name: str) -> list[tuple[str, Fields]]:
        """The objects in an object whose keys are names."""
        path, value = self.value(name)
        if not isinstance(value, Mapping):
            raise self.expected(path, "an object", value)
        return [(key, self.at(item, join(path, key))) for key, item in value.items()]

    def done(self) -> None:
        """Refuses what was not taken."""
        for name in self._left:
            raise self._fault(f"{join(self._path, name)}: unknown field; remove it or correct its name")

    def as_integer(self, value: object, path: str, low: int = 0, high: int = INT64_MAX) -> int:
        """Checks a whole number found at a path."""
        if type(value) is not int:
            raise self.expected(path, "a whole number", value)
        if not low <= value <= high:
            raise self.expected(path, f"a whole number from {low} to {high}", value)
        return value

    def as_text(self, value: object, path: str) -> str:
        """Checks a string found at a path."""
        if not isinstance(value, str):
            raise self.expected(path, "a string", value)
        return value

    def as_items(self, value: object, path: str) -> list[tuple[str, object]]:
        """Checks an array found at a path."""
        if not isinstance(value, list):
            raise self.expected(path, "an array", value)
        return [(join(path, i), item) for i, item in enumerate(value)]

    def as_pair(self, value: object, path: str) -> tuple[int, int]:
        """Checks a pair of whole numbers found at a path."""
        if not isinstance(value, list) or len(value) != 2:
            raise self.expected(path, "a pair of whole numbers", value)
        return self.as_integer(value[0], join(path, 0)), self.as_integer(value[1], join(path, 1))

    def expected(self, path: str, what: str, found: object) -> LinkgaugeError:
        """The error for a value of another kind."""
        return self._fault(f"{path}: expected {what}, found {shown(found)}")

    def _take(self, name: str, default: object) -> object:
        if name in self._left:
            return self._left.pop(name)
        if default is REQUIRED:
            raise self._fault(f"{join(self._path, name)}: this field is missing")
        return default
