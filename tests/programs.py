"""The installed command, for tests that start it as its users do."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["LINKGAUGE"]

LINKGAUGE = str(Path(sys.executable).with_name("linkgauge"))
