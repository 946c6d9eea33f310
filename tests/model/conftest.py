"""What tests of the model share."""

from __future__ import annotations

import pytest

from streams.model import feeding, parts, volumetables
from streams.model.compiled import NUMBA
from streams.model.kernel import NUMPY
from streams.wire import bitmaps
from streams.wire.folds import decode_folds, encode_folds
from streams.wire.shapes import Shapes
from streams.wire.writes import decode_writes, encode_writes
from streams.wire.writes_json import decode_writes_json, encode_writes_json
from tests.model import story

_SHAPES = Shapes()
_WIRES = {
    "narrow": lambda writes, _: decode_writes(encode_writes(writes)),
    "narrow-by-shape": lambda writes, sender: _SHAPES.decode(("narrow", sender), encode_writes(writes)),
    "plain": lambda writes, _: decode_writes(encode_writes(writes, narrow=False)),
    "plain-by-shape": lambda writes, sender: _SHAPES.decode(
        ("plain", sender), encode_writes(writes, narrow=False)
    ),
    "json": lambda writes, _: decode_writes_json(encode_writes_json(writes)),
}


def _through_arrow(folds):
    return tuple(decode_folds(encode_folds([fold]))[0] for fold in folds)


@pytest.fixture(scope="module", params=[NUMPY, NUMBA], ids=lambda kernel: kernel.name)
def each_kernel(request):
    """The module's tests run on each kernel."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (feeding, parts, volumetables, bitmaps):
            patch.setattr(module, "fastest", lambda: request.param)
        yield request.param


@pytest.fixture(scope="module", params=_WIRES)
def each_wire(request):
    """The module's stories have their writes from each of the encodings, and their folds from theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "carried", _WIRES[request.param])
        patch.setattr(story, "carried_folds", _through_arrow)
        yield request.param
