"""A lake of each format, in a folder of the test."""

from __future__ import annotations

from typing import get_args

import pytest

from streams.settings import Lake

FORMATS = get_args(Lake.model_fields["format"].annotation)


@pytest.fixture(params=FORMATS)
def lake(request, tmp_path) -> Lake:
    """For one format alone: `@pytest.mark.parametrize("lake", ["delta"], indirect=True)`."""
    return Lake(format=request.param, path=str(tmp_path / "lake"))
