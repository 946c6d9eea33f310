"""A mode is sized on the bytes that it ships alone, and refused where they were not captured."""

import pytest

from streams.errors import MissingData
from streams.model.sizing.basis import BASIS_OF, MODES, block_factor, require_mode, require_written

WRITTEN = [mode for mode in MODES if BASIS_OF[mode] == "written"]
UNIQUE = [mode for mode in MODES if BASIS_OF[mode] == "unique"]


def test_which_modes_ship_what():
    assert WRITTEN == ["synchronous", "continuous"]
    assert UNIQUE == ["cycle_single", "cycle_multi", "bitmap_resync"]


@pytest.mark.parametrize("mode", WRITTEN)
def test_written_bytes_must_be_captured(mode):
    require_written(mode, has_slots=True)
    with pytest.raises(MissingData, match=f"mode {mode} .* let the agents publish writes"):
        require_written(mode, has_slots=False)
    assert block_factor(mode, 65_536, 4096) == 1


@pytest.mark.parametrize("mode", UNIQUE)
def test_blocks_must_be_multiples_of_the_captured_track(mode):
    require_written(mode, has_slots=False)
    assert block_factor(mode, 65_536) == 1
    assert block_factor(mode, 65_536, 65_536) == 1
    assert block_factor(mode, 4096, 262_144) == 64
    for block in (4096, 98_304):
        with pytest.raises(MissingData, match=f"blocks of {block} .* tracks of 65536 .* track_bytes {block}"):
            block_factor(mode, 65_536, block)


def test_modes_by_name():
    assert [require_mode(mode) for mode in MODES] == list(MODES)
    with pytest.raises(ValueError, match="mode 'async': choose one of synchronous, continuous"):
        require_mode("async")
