"""The reference page of all settings: `python -m streams.settings.page > docs/settings.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from streams.model.groups import Geometry
from streams.settings.sections import SECTIONS, Settings

__all__ = ["GROUP_KEYS", "MEMBER_KEYS", "settings_page"]

_HEAD = """\
# Settings

Nothing needs to be set: every command works without a file.

Settings come from, each overriding the one before: defaults; the file `linkgauge.toml` in the working
directory, or the one that `--config FILE` or `LINKGAUGE_CONFIG` names; the environment,
`LINKGAUGE_SECTION__KEY` with two underscores between the parts and lists and tables as JSON; flags of the
command. An unknown key is an error that names the key and where it stands. `linkgauge config show` prints
what is in force, secrets masked.

```toml
[broker]
bootstrap = "kafka1:9092,kafka2:9092"

[broker.client]
security.protocol = "SASL_SSL"
sasl.username = "linkgauge"

[links.east]
groups = ["oracle", "mail"]
paths = 2
path_bits_per_second = 155_520_000
medium = "fcip1500"
resync_seconds = 3600
```

The same from the environment: `LINKGAUGE_BROKER__BOOTSTRAP=kafka1:9092`, `LINKGAUGE_LINKS__EAST__PATHS=2`.
"""

_TITLES = {"links": "links.NAME"}

_GROUPS_HEAD = """\
All but `expected_agents`, `agent_names` and `members` shapes stored rows and stays for the group's life.
"""

_STANDARD = Geometry()

GROUP_KEYS: Mapping[str, tuple[str, str, str]] = {
    "group": ("text", "NAME", "Its name; it need not be repeated here."),
    "track_bytes": (
        "whole number, >= 512, <= 1048576",
        f"`{_STANDARD.track_bytes}`",
        "Size of a track: what is marked as changed when any byte of it is written.",
    ),
    "interval_seconds": (
        "whole number, >= 1, <= 86400",
        f"`{_STANDARD.interval_seconds}`",
        "Length of the base interval, aligned to UTC.",
    ),
    "slot_seconds": (
        "whole number, >= 1",
        "",
        "Parts, at most 8640, into which an interval is divided for written bytes; by default of up to 10 s.",
    ),
    "rungs_seconds": (
        "list of whole number",
        "",
        "Longer intervals, of up to 4096 base intervals; by default 900 and 3600, where they are multiples.",
    ),
    "late_window_seconds": (
        "whole number, >= 0",
        f"`{_STANDARD.late_window_seconds}`",
        "How far behind what is closed a late write still counts, as a new revision; at most 4096 intervals.",
    ),
    "max_gap_seconds": (
        "whole number, <= 2^31",
        f"`{_STANDARD.max_gap_seconds}`",
        "A longer run of intervals that no message feeds becomes one gap; at least `late_window_seconds`.",
    ),
    "max_clock_ahead_seconds": (
        "whole number, >= 0, <= 86400",
        f"`{_STANDARD.max_clock_ahead_seconds}`",
        "A write that lies further ahead of Kafka's clock is refused.",
    ),
    "tick_seconds": (
        "whole number, >= 1, <= 86400",
        f"`{_STANDARD.tick_seconds}`",
        "How often a worker notes that time goes by while agents are silent.",
    ),
    "silent_after_seconds": (
        "whole number",
        f"`{_STANDARD.silent_after_seconds}`",
        "When an agent counts as silent and no longer holds the others back; `tick_seconds` to a year.",
    ),
    "discards_mark": (
        "true or false",
        f"`{str(_STANDARD.discards_mark).lower()}`",
        "Whether a discard changes its tracks; it is counted in any case.",
    ),
    "expected_agents": ("whole number, >= 0", "`1`", "Agents that must be heard before anything closes."),
    "agent_names": (
        "list of text",
        "",
        "Which agents they are, as `array/agent`; then their number counts, not `expected_agents`.",
    ),
    "members": ("list of tables", "needed", "The volumes that belong to it, at least one."),
}
"""Keys of a definition: type, default, meaning; what `wire.definitions` reads."""

MEMBER_KEYS: Mapping[str, tuple[str, str, str]] = {
    "array": ("text", "needed", "The array of the volume, without a slash."),
    "volume": ("text", "needed", "The volume's name in its array."),
    "volume_bytes": (
        "whole number, >= 1",
        "",
        "Its size, where it is known: a write beyond is refused, and a short last track counts as it is.",
    ),
    "extents": (
        "list of pairs",
        "",
        "The parts that belong, as `[offset_bytes, length_bytes]`, aligned to tracks; by default all of it.",
    ),
    "agents": (
        "list of text",
        "",
        "Names of agents all of which must vouch for it; by default any agent of its array does.",
    ),
}
"""Keys of a member of a definition."""


def settings_page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_sections(), *_groups()])


def _sections() -> Iterator[str]:
    for name, section in SECTIONS.items():
        yield f"## [{_TITLES.get(name, name)}]\n"
        yield f"{section.__doc__}\n"
        yield "| key | type | default | meaning |\n| --- | --- | --- | --- |"
        for key, field in section.model_fields.items():
            kind = f"{_type(field.annotation)}{_bounds(field)}"
            yield f"| `{key}` | {kind} | {_default(field)} | {field.description} |"
        yield ""


def _groups() -> Iterator[str]:
    yield "## [groups.NAME]\n"
    yield f"{Settings.model_fields['groups'].description}\n"
    yield _GROUPS_HEAD
    yield from _table(GROUP_KEYS)
    yield "\nEach of `members` is a table:\n"
    yield from _table(MEMBER_KEYS)
    yield ""


def _table(keys: Mapping[str, tuple[str, str, str]]) -> Iterator[str]:
    yield "| key | type | default | meaning |\n| --- | --- | --- | --- |"
    for key, (kind, default, meaning) in keys.items():
        yield f"| `{key}` | {kind} | {default} | {meaning} |"


def _type(annotation: Any) -> str:
    """The type in words, as a reader of TOML thinks of it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin in (Union, UnionType):
        return _type(next(choice for choice in inner if choice is not NoneType))
    if origin is Annotated:
        return _type(inner[0])
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "table"
    return {str: "text", int: "whole number", float: "number"}[annotation]


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    constraints = [*field.metadata, *_inner_metadata(field.annotation)]
    found = [
        f"{sign} {getattr(rule, name):g}"
        for rule in constraints
        for name, sign in signs.items()
        if hasattr(rule, name)
    ]
    return f", {', '.join(found)}" if found else ""


def _inner_metadata(annotation: Any) -> list[Any]:
    """Bounds inside `Annotated[...] | None`."""
    return [
        rule
        for choice in get_args(annotation)
        for info in getattr(choice, "__metadata__", ())
        for rule in getattr(info, "metadata", ())
    ]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if value in (None, "", {}):
        return ""
    return f"`{value}`"


if __name__ == "__main__":
    print(settings_page(), end="")  # noqa: T201  # the page is the output
