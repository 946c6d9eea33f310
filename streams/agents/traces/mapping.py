"""Which column of a trace means what: one value that describes a whole family of formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streams.agents.traces.times import TIME_UNITS, TimeUnit
from streams.errors import SettingsError

__all__ = ["BLANKS", "MSR", "SECTOR_BYTES", "SSDSIM", "Column", "CsvMapping"]

Column = int | str
"""A column by its number, counted from 1, or by its name in the header line."""

BLANKS = " "
"""The delimiter that stands for any run of spaces and tabs."""

SECTOR_BYTES = 512

_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": BLANKS}
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMapping:
    """How the columns of a delimited trace are read.

    `time`, `offset`, `length`: where these stand. `volume`, `array`: where names stand; without a volume
    column all rows belong to volume `0`, without an array column to the array of the options. `op`: where
    the kind of a request stands; without it every row is a write. `write`, `read`, `discard`: its exact
    values; where `read` is empty, whatever is neither write nor discard counts as read, else any other
    value is an error. `time_unit` and `time_is_relative`: what times count, and whether from 1970 or from
    the trace's own zero. `offset_unit_bytes`, `length_unit_bytes`: 1, or the size of a sector. `header`:
    the first line names the columns. `delimiter`: one character, `BLANKS` for runs of blanks. `columns`:
    how many each row must have; None for "enough" (with a header: as many as it).
    """

    time: Column
    offset: Column
    length: Column
    volume: Column | None = None
    array: Column | None = None
    op: Column | None = None
    write: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    discard: tuple[str, ...] = ()
    time_unit: TimeUnit = "s"
    time_is_relative: bool = False
    offset_unit_bytes: int = 1
    length_unit_bytes: int = 1
    header: bool = False
    delimiter: str = ","
    columns: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        for name, column in self.places().items():
            if isinstance(column, int) and column < 1:
                raise SettingsError(f"{name}={column}: columns are counted from 1")
            if isinstance(column, str) and not self.header:
                raise SettingsError(f"{name}={column}: a column has a name only where header=yes")
        if self.time_unit not in TIME_UNITS:
            raise SettingsError(f"time_unit={self.time_unit}: choose one of {', '.join(TIME_UNITS)}")
        if self.time_is_relative and self.time_unit in {"filetime", "rfc3339"}:
            raise SettingsError(f"time_is_relative=yes: a {self.time_unit} time is never relative")
        if (self.op is None) != (not self.write):
            raise SettingsError("op and write go together: the column, and its values that mean a write")
        if len({*self.write, *self.read, *self.discard}) < len(self.write + self.read + self.discard):
            raise SettingsError("a value of op stands twice in write, read and discard")
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '\r\n".':
            words = ", ".join(_DELIMITERS)
            raise SettingsError(f"delimiter={self.delimiter!r}: one ASCII character, or {words}")
        if self.offset_unit_bytes < 1 or self.length_unit_bytes < 1:
            raise SettingsError("offset_unit and length_unit: at least 1 byte")

    def places(self) -> dict[str, Column]:
        """The columns that are read, by what they mean."""
        named = {
            "time": self.time,
            "array": self.array,
            "volume": self.volume,
            "op": self.op,
            "offset": self.offset,
            "length": self.length,
        }
        return {name: column for name, column in named.items() if column is not None}

    @staticmethod
    def parse(text: str) -> CsvMapping:
        """The mapping that a command line gives, such as `time=5,volume=1,offset=3,length=4,op=2,write=W`.

        Keys are the fields of this class, but units in words: `offset_unit=bytes`, `sectors` (512 B) or
        `sectors:4096`, the same for `length_unit`; several values by `|` (`write=w|W`), `yes` and `no`, and
        the delimiter also as `comma`, `semicolon`, `tab`, `pipe`, `space`.

        Raises:
            SettingsError: names the key and what it takes.
        """
        values: dict[str, Any] = {}
        for pair in text.split(","):
            key, equals, value = (part.strip() for part in pair.partition("="))
            if not equals or not value:
                raise SettingsError(f"{pair!r}: a mapping is a list like time=1,offset=2,length=3")
            if key not in _PARSERS:
                raise SettingsError(f"{key}: no key of a mapping; choose from {', '.join(_PARSERS)}")
            field = f"{key}_bytes" if key.endswith("_unit") and key != "time_unit" else key
            if field in values:
                raise SettingsError(f"{key}: given twice")
            values[field] = _PARSERS[key](key, value)
        missing = [name for name in ("time", "offset", "length") if name not in values]
        if missing:
            raise SettingsError(f"{missing[0]}: the mapping must say in which column it stands")
        return CsvMapping(**values)


def _column(_key: str, value: str) -> Column:
    return int(value) if value.isdecimal() else value


def _count(key: str, value: str) -> int:
    if not value.isdecimal():
        raise SettingsError(f"{key}={value}: a number")
    return int(value)


def _values(_key: str, value: str) -> tuple[str, ...]:
    return tuple(value.split("|"))


def _unit(key: str, value: str) -> int:
    name, _, size = value.partition(":")
    if name == "bytes" and not size:
        return 1
    if name == "sectors" and (not size or size.isdecimal()):
        return int(size or SECTOR_BYTES)
    raise SettingsError(f"{key}={value}: bytes, sectors (of 512 B) or sectors:SIZE")


def _yes_no(key: str, value: str) -> bool:
    if value not in _YES_NO:
        raise SettingsError(f"{key}={value}: yes or no")
    return _YES_NO[value]


_PARSERS: dict[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(("time", "offset", "length", "volume", "array", "op"), _column),
    **dict.fromkeys(("write", "read", "discard"), _values),
    "time_unit": lambda _key, value: value,
    "time_is_relative": _yes_no,
    "offset_unit": _unit,
    "length_unit": _unit,
    "header": _yes_no,
    "delimiter": lambda _key, value: _DELIMITERS.get(value, value),
    "columns": _count,
}

MSR = CsvMapping(
    time=1,
    array=2,
    volume=3,
    op=4,
    offset=5,
    length=6,
    write=("Write",),
    read=("Read",),
    time_unit="filetime",
    columns=7,
)
"""MSR Cambridge: `Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime`."""

SSDSIM = CsvMapping(
    time=1,
    volume=2,
    offset=3,
    length=4,
    op=5,
    write=("0",),
    read=("1",),
    time_unit="ns",
    time_is_relative=True,
    offset_unit_bytes=SECTOR_BYTES,
    length_unit_bytes=SECTOR_BYTES,
    delimiter=BLANKS,
    columns=5,
)
"""SSDsim and MQSim: `arrival device lba size type`."""
