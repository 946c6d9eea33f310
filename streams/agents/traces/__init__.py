"""Block traces as columns of writes: `read_trace` is the one way in.

- `files`: bytes of a file, decompressed, in blocks of whole lines
- `fields`: a block of lines cut into fields, all lines at once
- `numbers`, `times`, `names`: fields as integers and decimals, as microseconds, as volumes
- `faults`: what does not parse, and where exactly
- `rows`: what a reader makes of a block
- `mapping`: which column means what; MSR Cambridge and SSDsim are two such mappings
- `delimited`: the reader of every format with fixed columns
- `blkparse`: the reader of blkparse's text
- `trace`: files in, one time-sorted trace out
"""

from __future__ import annotations

from streams.agents.traces.mapping import CsvMapping
from streams.agents.traces.trace import Trace, TraceFormat, TraceOptions, read_trace

__all__ = ["CsvMapping", "Trace", "TraceFormat", "TraceOptions", "read_trace"]
