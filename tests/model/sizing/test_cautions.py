"""Cautions come where they must, and say what to do; too little data gives no figure."""

import numpy as np
import pytest

from streams.errors import MissingData
from streams.model.sizing.cautions import coarse_slots, hidden_peaks, low_coverage, require_coverage
from streams.model.sizing.series import Series


def half_covered():
    return Series(0, 10, np.array([1, 1, 1, 1]), np.array([1, 0, 0.9996 * 2 - 1, 0]))


def test_slots_of_a_tenth_of_the_rpo_are_fine_enough():
    assert coarse_slots(10, 100) is None
    caution = coarse_slots(10, 99)
    assert caution.kind == "coarse-slots"
    assert "slots of 10 s are coarser than a tenth of the RPO of 99 s" in caution.sentence
    assert caution.sentence.endswith("with slot_seconds 9")
    assert coarse_slots(1, 0.5).sentence.endswith("with slot_seconds 1")
    with pytest.raises(ValueError, match="rpo_seconds 0"):
        coarse_slots(10, 0)


def test_synchronous_replication_wants_slots_of_a_second():
    assert hidden_peaks(1) is None
    assert hidden_peaks(10).kind == "hidden-peaks"
    assert "slots of 10 s level out shorter peaks" in hidden_peaks(10).sentence


def test_gaps_make_lower_bounds():
    assert low_coverage(Series.of([0, 0], 10)) is None
    caution = low_coverage(half_covered())
    assert caution.kind == "low-coverage"
    assert caution.sentence.startswith("49.9 % of the asked time was measured, and 2 gaps of 20 s in all")
    assert low_coverage(half_covered(), 0.4) is None


def test_too_little_is_refused():
    require_coverage(0.5)
    require_coverage(0, 0)
    with pytest.raises(MissingData, match=r"only 49\.9 % .* least_coverage asks for 50 %: choose a range"):
        require_coverage(0.4999)
    with pytest.raises(MissingData, match=r"only 99\.9 % .* asks for 100 %"):
        require_coverage(0.99999, 1)
    with pytest.raises(ValueError, match=r"least_coverage 1\.5"):
        require_coverage(1, 1.5)
