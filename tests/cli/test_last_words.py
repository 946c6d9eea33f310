"""Which line of a log tells why a program ended."""

import pytest

from streams.cli.last_words import last_words

INFO = '{"partition": 5, "event": "partition_loaded", "level": "info"}'
FAILED = '{"error": "a row is damaged", "kind": "StateError", "event": "worker_failed", "level": "error"}'
CRASHED = "[2026-11-22 20:29:52,705] [1916] [ERROR] [^-App]: Crashed reason=StateError('a row is damaged')"
FAREWELL = "[2026-11-22 20:29:53,714] [1916] [CRITICAL] [^Process]: We experienced a crash! Reraising..."
TRACEBACK = (
    'Traceback (most recent call last):\n  File "x.py", line 1\n    1 / 0\nZeroDivisionError: division'
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], None),
        ([INFO], None),
        (
            [INFO, FAILED, CRASHED, "NoneType: None", FAREWELL, "linkgauge: damaged: mend it"],
            "damaged: mend it",
        ),
        ([INFO, FAILED, CRASHED, "NoneType: None", FAREWELL, ""], "a row is damaged"),
        ([INFO, TRACEBACK, FAREWELL], "ZeroDivisionError: division"),
        (["linkgauge: first", "linkgauge: last", INFO], "last"),
        (['{"failure": null, "event": "stopped"}', "{no json"], None),
    ],
)
def test_last_words(lines, expected):
    assert last_words("\n".join(lines)) == expected
