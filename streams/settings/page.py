"""The reference page of all settings: `python -m streams.settings.page > docs/settings.md`."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from streams.settings.sections import SECTIONS, Settings

__all__ = ["settings_page"]

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
