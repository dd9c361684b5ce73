"""What the exit code says to a script."""

from __future__ import annotations

from collections.abc import Mapping

DONE = 0
FAILED = 1
"""The work failed; stderr has one line with what to do next."""
USAGE = 2
NO_MODEL = 3
DOES_NOT_FIT = 4
REFUSED = 5
"""A draft was not written, to keep it safe."""
SIGNALLED = 128
"""And the number of the signal."""
INTERRUPTED = 130
"""By the person; what was generated is kept."""

MEANINGS: Mapping[int, str] = {
    DONE: "done",
    FAILED: "the work failed; stderr has one line that says what to do",
    USAGE: "wrong usage",
    NO_MODEL: "no model",
    DOES_NOT_FIT: "the prompt does not fit the context; --compact makes room in a session",
    REFUSED: "refused to write a draft",
    INTERRUPTED: "interrupted with Ctrl+C; what was generated is kept (129 and 143: by SIGHUP, "
    "SIGTERM)",
}
"""Each in words, for the manual."""
