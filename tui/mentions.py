"""Files that a question names with an @, which go along with it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_MENTION = re.compile(r"""(?<!\S)@(?:'([^'\n]+)'|(\S+))""")


def mentioned_files(words: str) -> list[Path]:
    """The files behind @, each once; where there is no such file, it is a word like any other."""
    found = (quoted or plain for quoted, plain in _MENTION.findall(words))
    paths = dict.fromkeys(Path(os.path.expanduser(each)) for each in found)
    return [path for path in paths if path.is_file()]
