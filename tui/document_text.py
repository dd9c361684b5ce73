"""Word, OpenDocument, EPUB, PDF and HTML files as Markdown texts."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tui.converter import CONVERTERS, LIBRARY_MISSING
from tui.errors import UsageProblem
from tui.texts import read_bytes

_WALL_SECONDS = 90

_BOOT = "import sys; sys.path[:] = sys.argv[2:]; from tui.converter import main; main(sys.argv[1])"

INSTALL_COMMAND = f"{sys.executable} -m pip install mammoth markdownify odfdo pypdf"
"""Brings what the extra ``documents`` does."""


def is_document(path: Path) -> bool:
    """Whether a file is one that is converted, by the ending of its name."""
    return path.suffix.lower() in CONVERTERS


def document_text(path: Path) -> str:
    """A document's text as Markdown.

    Raises:
        UsageProblem: If it cannot be read, is none, or has no text.
    """
    data, suffix = read_bytes(path), path.suffix.lower()
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _BOOT, suffix, *filter(None, sys.path)],
            input=data,
            capture_output=True,
            env={},
            start_new_session=True,  # Ctrl+C is the caller's to handle
            timeout=_WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageProblem(f"{path} takes too long to read; convert it to text first") from error
    if done.returncode == LIBRARY_MISSING:
        raise UsageProblem(
            f"{path} needs the extra 'documents': `{INSTALL_COMMAND}`; or pass its text instead"
        )
    if done.returncode == -signal.SIGXCPU:
        raise UsageProblem(f"{path} takes too long to read; convert it to text first")
    if done.returncode:
        raise UsageProblem(f"{path} cannot be read as {suffix[1:]}: {_reason(done.stderr)}")
    text = done.stdout.decode("utf-8")
    if not text:
        raise UsageProblem(f"{path} contains no text; if it is a scan, run text recognition first")
    return text


def _reason(stderr: bytes) -> str:
    """The last line of a traceback without the exception's name."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    last = lines[-1] if lines else "the converter stopped"
    return last.partition(": ")[2] or last
