"""What the exit code says to a script."""

from __future__ import annotations

DONE = 0
FAILED = 1
"""The work failed; stderr has one line with what to do next."""
USAGE = 2
NO_MODEL = 3
DOES_NOT_FIT = 4
REFUSED = 5
"""A draft was not written, to keep it safe."""
INTERRUPTED = 130
"""By the person; what was generated is kept."""
