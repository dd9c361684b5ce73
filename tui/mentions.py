"""Files that a question names with an @, which go along with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MENTION = re.compile(r"""(?<!\S)@(?:'([^'\n]+)'|(\S+))""")


def mentioned_files(words: str) -> list[Path]:
    """The files behind @, each once; where there is no such file, it is a word like any other."""
    return [path for path in _mentioned(words) if os.path.isfile(path)]


def mentioned_others(words: str) -> list[Path]:
    """What is behind @ and is there, but cannot go along: folders, pipes, devices."""
    found = (path for path in _mentioned(words) if path.name and os.path.exists(path))
    return [path for path in found if not os.path.isfile(path)]


def _mentioned(words: str) -> dict[Path, None]:
    """Whatever is behind @. The questions of `os.path` about them have an answer for names that
    are too long, or in a folder that is closed; those of `Path` raise."""
    found = (quoted or plain for quoted, plain in _MENTION.findall(words))
    return dict.fromkeys(Path(os.path.expanduser(each)) for each in found)
