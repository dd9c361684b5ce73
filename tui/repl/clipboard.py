"""The clipboard of whoever sits at the terminal, which may be far away from this machine."""

from __future__ import annotations

import base64

from tui.errors import UsageProblem
from tui.runtime import Runtime

_MOST = 74_000
"""Bytes that terminals take at once; xterm and tmux drop what is longer."""


def copy_to_clipboard(text: str, runtime: Runtime) -> None:
    """Hand a text to the terminal, with the sequence by which one sets the clipboard (OSC 52).

    Raises:
        UsageProblem: If there is no terminal, or the text is longer than one takes.
    """
    if not runtime.is_interactive or runtime.environment.get("TERM") == "dumb":
        raise UsageProblem("there is no terminal with a clipboard; /save PATH writes a file")
    data = base64.b64encode(text.encode("utf-8", "replace"))
    if len(data) > _MOST:
        raise UsageProblem("that is too long for a terminal to copy; /save PATH writes a file")
    runtime.stdout.write(f"\x1b]52;c;{data.decode()}\x1b\\")
    runtime.stdout.flush()
