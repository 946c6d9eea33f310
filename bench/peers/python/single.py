"""A write as a message of its own: the volume is the key, the value a struct."""

from __future__ import annotations

import struct

__all__ = ["read_write"]

read_write = struct.Struct("<qQI").unpack
"""Time (us), offset and length (bytes) of a value."""
