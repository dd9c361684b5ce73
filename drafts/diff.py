"""Changes as unified diffs that ``patch -p1`` and ``git apply`` accept."""

from __future__ import annotations

import difflib
import io
import re

_QUOTED = re.compile(r'["\\\x00-\x1f\x7f]')


def unified_diff(old: str, new: str, name: str) -> str:
    """The change from one text to the other; empty if there is none.

    Both are texts with their own newlines and byte order mark, as `DecodedText.raw_text` is: a
    diff of anything else would not apply to the file.
    """
    name = name.lstrip("/")
    lines = difflib.unified_diff(
        _lines(old), _lines(new), _header_name(f"a/{name}"), _header_name(f"b/{name}")
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends, parted at ``\\n`` alone as diff and patch do."""
    return list(io.StringIO(text, newline="\n"))


def _header_name(name: str) -> str:
    """The name as git writes it: quoted as in C where it must be, a tab after one with spaces."""
    quoted = _QUOTED.sub(
        lambda match: f"\\{match[0]}" if match[0] in '"\\' else f"\\{ord(match[0]):03o}", name
    )
    if quoted != name:
        return f'"{quoted}"'
    return f"{name}\t" if " " in name else name
