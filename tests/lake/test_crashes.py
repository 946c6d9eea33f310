"""`kill -9` between any two steps of a commit: what is found afterwards, and what the next sink makes of it.

Here a few of the steps of each format; `make lake-crashes` takes them all, and every system call besides.
"""

from __future__ import annotations

import pytest

from streams.settings import Lake
from tests.lake.dying import killed_at, names_of_steps
from tests.lake.logs import feeds_of, run, story
from tests.lake.reading import expected, measured
from tests.lake.test_behaviour import NUMBERS

EVERY = {"delta": 1, "parquet": 4, "iceberg": 11}
"""Which of the steps are taken: a run of Iceberg takes longest."""


@pytest.mark.parametrize("form", EVERY)
def test_no_row_is_lost_or_double_after_a_kill(form, tmp_path):
    count = len(names_of_steps(Lake(format=form, path=str(tmp_path / "whole"))))
    assert count > 5
    for number in range(0, count, EVERY[form]):
        lake = Lake(format=form, path=str(tmp_path / f"killed{number}"))
        assert killed_at(lake, number)
        logs = story(NUMBERS)
        run(feeds_of(lake, logs), logs)
        assert measured(lake) == expected(NUMBERS), number
