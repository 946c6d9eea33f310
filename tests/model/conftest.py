"""What tests of the model share."""

from __future__ import annotations

import pytest

from streams.model import volumetables
from streams.model.compiled import NUMBA
from streams.model.kernel import NUMPY


@pytest.fixture(scope="module", params=[NUMPY, NUMBA], ids=lambda kernel: kernel.name)
def each_kernel(request):
    """The module's tests run on each kernel."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(volumetables, "fastest", lambda: request.param)
        yield request.param
