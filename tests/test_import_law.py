"""Imports run one way: cli -> services -> store -> wire -> model; services meet on topics, never in code."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import streams

ROOT = Path(streams.__file__).parent

SERVICES = frozenset({"agents", "processor", "reporter", "lake", "broker"})
BELOW_SERVICES = frozenset({"store", "wire", "model", "settings", "telemetry", "errors"})
MAY_IMPORT = {
    "errors": frozenset(),
    "model": frozenset({"errors"}),
    "wire": frozenset({"model", "errors"}),
    "telemetry": frozenset({"errors"}),
    "settings": frozenset(
        {"wire", "model", "errors"}
    ),  # a group in the settings file is written as on its topic
    "store": frozenset({"wire", "model", "settings", "errors"}),
    **dict.fromkeys(SERVICES, BELOW_SERVICES),
    "cli": SERVICES | BELOW_SERVICES,
}
MODEL_LIBRARIES = frozenset({"numpy", "pyroaring", "streams"}) | sys.stdlib_module_names
SOURCES = sorted(ROOT.rglob("*.py"))


def module_name(path, root=ROOT):
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(source, module, *, is_package):
    """Full names of everything that a module imports, wherever in it the import stands."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            # `from streams import wire` imports a room by its name alone.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(name):
    """`streams.wire.arrow` is in the room `wire`; None for the package itself and for libraries."""
    parts = name.split(".")
    return parts[1] if parts[0] == "streams" and len(parts) > 1 and not parts[1].startswith("__") else None


def offences(source, module, *, is_package=False):
    here = room_of(module)
    for name in imports_of(source, module, is_package=is_package):
        there = room_of(name)
        if there is not None and there != here and there not in MAY_IMPORT.get(here, frozenset()):
            yield f"{module} imports {name}"
        compiled = "compiled" in module.split(".")
        if here == "model" and name.split(".")[0] not in MODEL_LIBRARIES | ({"numba"} if compiled else set()):
            yield f"{module} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_the_module_keeps_the_law(path):
    source = path.read_text("utf-8")
    assert list(offences(source, module_name(path), is_package=path.name == "__init__.py")) == []


def test_every_room_is_known_to_the_law():
    rooms = {room_of(module_name(path)) for path in SOURCES} - {None}
    assert rooms <= MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("streams.model.tracks", "import pyarrow"),
        ("streams.model.tracks", "import numba"),
        ("streams.model.sizing.loops", "import numba"),
        ("streams.model.tracks", "from streams.wire import arrow"),
        ("streams.model.tracks", "from ..wire import arrow"),
        ("streams.model.tracks", "from .. import wire"),
        ("streams.model.tracks", "from streams.settings import Settings"),
        ("streams.wire.arrow", "from streams import store"),
        ("streams.store.reader", "def f():\n    from streams.processor.worker import run"),
        ("streams.processor.worker", "if TYPE_CHECKING:\n    import streams.broker.topics"),
        ("streams.reporter.app", "from streams.agents import publisher"),
        ("streams.broker.topics", "from streams.cli import app"),
        ("streams.settings.file", "from streams.store import reader"),
        ("streams.wire.codec", "from streams.settings import Settings"),
        ("streams.errors", "from streams.model import writes"),
        ("streams", "from streams import model"),
        ("streams.unheard.of", "from streams.model import writes"),
    ],
)
def test_what_breaks_the_law_is_found(module, source):
    assert list(offences(source, module)) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("streams.model.compiled.sorting", "from numba import njit"),
        ("streams.model.sizing.compiled", "from numba import njit"),
        ("streams.model.tracks", "import math\nimport numpy as np\nfrom pyroaring import BitMap"),
        (
            "streams.model.tracks",
            "from .writes import WriteBatch\nfrom streams.errors import DefinitionError",
        ),
        ("streams.wire.arrow", "import pyarrow\nfrom streams.model import writes"),
        (
            "streams.processor.worker",
            "from streams.store import reader\nfrom streams.settings import Settings",
        ),
        (
            "streams.cli.up",
            "from streams.broker.process import EmbeddedBroker\nfrom streams import __version__",
        ),
    ],
)
def test_what_keeps_the_law_passes(module, source):
    assert list(offences(source, module)) == []


def test_a_package_is_the_base_of_its_own_relative_imports():
    assert list(offences("from . import process", "streams.broker", is_package=True)) == []
    assert list(offences("from .. import agents", "streams.broker", is_package=True)) != []
