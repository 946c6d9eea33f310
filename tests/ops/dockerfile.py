"""Reads a Dockerfile, so that its steps can be carried out where no engine is."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

__all__ = ["Stage", "stages"]

KNOWN = {"RUN", "COPY", "ENV", "WORKDIR", "USER", "ENTRYPOINT", "CMD", "LABEL", "EXPOSE", "STOPSIGNAL"}


@dataclass
class Stage:
    """One FROM and what follows: steps as `(instruction, text)`, and what the image is left with."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def last(self, instruction: str) -> str:
        return next(text for word, text in reversed(self.steps) if word == instruction)

    def command(self, instruction: str) -> list[str]:
        words: list[str] = json.loads(self.last(instruction))
        return words

    def environment(self) -> dict[str, str]:
        """As ENV leaves it; `$PATH` is for whoever knows the base's."""
        pairs: dict[str, str] = {}
        for word, text in self.steps:
            if word == "ENV":
                pairs |= dict(part.split("=", 1) for part in text.split())
        return pairs


def stages(text: str) -> list[Stage]:
    """The stages in their order; an instruction that nobody here can carry out is an error."""
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        word, _, rest = line.partition(" ")
        if word == "ARG":
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            base, _, name = re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], rest).partition(" AS ")
            found.append(Stage(base, name))
        elif word in KNOWN:
            found[-1].steps.append((word, rest))
        else:
            raise ValueError(f"{word}: how to carry it out is not known")
    return found
