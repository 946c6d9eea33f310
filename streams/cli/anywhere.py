"""Global options that may stand anywhere on the command line, as people type them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

__all__ = ["OptionsAnywhere", "moved_to_front"]

_GLOBAL = ("--config", "--bootstrap")


class OptionsAnywhere(TyperGroup):
    """The root command: takes its own options also from behind the sub-command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parses with the global options in front."""
        return super().parse_args(ctx, moved_to_front(args))


def moved_to_front(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options and their values first; what follows `--` stays."""
    front: list[str] = []
    rest: list[str] = []
    left = list(arguments)
    while left and left[0] != "--":
        argument = left.pop(0)
        if argument in _GLOBAL:
            if not left:  # alone, so that it is told what lacks, and not fed with the sub-command's name
                return [*front, argument]
            front += [argument, left.pop(0)]
        elif argument.startswith(tuple(f"{option}=" for option in _GLOBAL)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest + left
