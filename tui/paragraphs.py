"""The parts of an answer that a person can take one by one: its paragraphs and its code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def paragraphs_of(text: str) -> list[str]:
    """What blank lines part; a code block is one whatever is in it."""
    paragraphs: list[list[str]] = [[]]
    for line, is_code in _lines(text):
        if line.strip() or is_code:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return ["\n".join(lines) for lines in paragraphs if lines]


def code_blocks_of(text: str) -> list[str]:
    """The insides of the fenced code blocks; one that is cut off goes to the end."""
    blocks: list[list[str]] = []
    was_code = False
    for line, is_code in _lines(text):
        if is_code and not was_code:
            blocks.append([])
        elif is_code:
            blocks[-1].append(line)
        was_code = is_code
    return ["".join(f"{line}\n" for line in lines) for lines in blocks]


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is of a code block: its opening fence is, its closing one not."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if not fence:
            fence = found[1] if found and not ("`" in found[1] and "`" in found[2]) else ""
            yield line, bool(fence)
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
            yield line, False
        else:
            yield line, True
