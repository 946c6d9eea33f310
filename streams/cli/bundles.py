"""Options that several commands take, declared once: a dataclass whose fields are options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

__all__ = ["with_bundles"]


def with_bundles(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of its bundles instead of them.

    Every parameter of the command that is annotated with a dataclass is given one, made of options that are
    named, described and defaulted as the dataclass's fields are.
    """
    signature = inspect.signature(command, eval_str=True)
    bundles: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }

    @wraps(command)
    def bundled(*args: Any, **given: Any) -> None:
        made = {
            name: bundle(**{field.name: given.pop(field.name) for field in fields(bundle)})
            for name, bundle in bundles.items()
        }
        command(*args, **given, **made)

    parameters = [
        option
        for name, parameter in signature.parameters.items()
        for option in (_options(bundles[name]) if name in bundles else [parameter])
    ]
    # What typer reads of a function; it would else find the one that is wrapped.
    vars(bundled)["__signature__"] = signature.replace(parameters=parameters)
    bundled.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return bundled


def _options(bundle: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(bundle, include_extras=True)
    for field in fields(bundle):
        yield inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
