"""Errors of libraries, as they come, in one line."""

from __future__ import annotations

from streams.store.lake.wording import said


def test_colours_and_dumps_are_left_out_and_causes_joined():
    cause = "   \x1b[31m↳\x1b[0m"
    delta = f"Generic error:\n{cause} Unable to copy data to file\n{cause} No space left (os error 28)\n"
    assert said(OSError(delta)) == "Generic error: Unable to copy data to file: No space left (os error 28)"
    dump = 'Not written: full\n\nDebug source:\nGeneric {\n  store: "x"\n}'
    assert said(OSError(dump)) == "Not written: full"
    frames = "No JSON:\n   0: <unknown>\n  12: start_thread\n             at ./nptl/pthread_create.c:442:8"
    assert said(OSError(frames)) == "No JSON"
    assert said(OSError("disk is full\n(Background on this error at: somewhere)")) == "disk is full"


def test_an_error_without_words_is_named():
    assert said(TimeoutError()) == "TimeoutError"
