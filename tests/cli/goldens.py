"""Reports and plans as they were looked at once."""

import os
from pathlib import Path


def golden(name, shown):
    """What the text was when it was looked at; WRITE_GOLDEN=1 keeps what is shown now instead."""
    file = Path(__file__).parent / "golden" / name
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown)
    return file.read_text()
