"""A draft in blocks, so that a request can carry one of them and all others stay as they are.

The blocks, joined, are the text: whatever is done to one of them, the bytes of the others are not
touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from drafts.markdown import BlockKind, Leaf, leaves
from drafts.spans import LOCK_MARK, without_code

PROSE: frozenset[BlockKind] = frozenset(
    {"heading", "paragraph", "item", "quote", "footnote", "row"}
)
"""What a model may revise; everything else comes back as it is."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_CONTAINERS = re.compile(
    r"(?:[ \t]*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s)|\[\^[^\]\s]{1,200}\]:))*[ \t]*"
)
_HEADING = re.compile(r"#{1,6}(?:[ \t]+|(?=[\r\n])|\Z)")
_TASK = re.compile(r"\[[ xX]\][ \t]+")
_UNDERLINE = re.compile(r"[ \t>]*(?:=+|-+)\s*\Z")
_ATTRIBUTES = re.compile(r"\{[^{}]*\}[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a heading, an item of a list: the smallest part that is revised as a whole."""

    kind: BlockKind
    start: int
    """Characters before it."""
    end: int
    text: str
    """With the marks that make it what it is, and the blank lines up to the next block."""
    first_line: int
    """From 1."""
    last_line: int
    """The last one that is not blank."""
    level: int = 0
    """Of a heading that begins a section, 1 to 6; one in a list or a quotation does not."""
    path: tuple[str, ...] = ()
    """The titles of the sections that it is in, the outermost first; a heading's own is last."""
    is_locked: bool = False
    """Whether it is in a region between `<!-- lock -->` and `<!-- /lock -->`."""

    @property
    def is_prose(self) -> bool:
        """Whether a model may revise it."""
        return self.kind in PROSE and not self.is_locked

    @property
    def marker(self) -> str:
        """What comes before the words: indentation, `-`, `>`, `#`."""
        return self.text[: self._words[0]]

    @property
    def words(self) -> str:
        """The block without marker and tail; all of it, where it is no prose."""
        return self.text[slice(*self._words)]

    @property
    def _words(self) -> tuple[int, int]:
        return _words_of(self.kind, self.text)


def split_blocks(text: str, *, markdown: bool) -> tuple[Block, ...]:
    """The blocks of a text, which joined are the text, whatever is in it.

    Args:
        text: Any.
        markdown: Whether it is Markdown; all else is parted at blank lines.
    """
    lines = _LINE.findall(text)
    return _with_locks(_cut(lines, leaves(text) if markdown else _paragraphs(lines)))


def _paragraphs(lines: Sequence[str]) -> list[Leaf]:
    are_blank = [True, *(not line.strip() for line in lines)]
    return [
        Leaf("paragraph", index)
        for index in range(len(lines))
        if are_blank[index] and not are_blank[index + 1]
    ]


def _cut(lines: Sequence[str], found: Sequence[Leaf]) -> Iterator[Block]:
    """The blocks; what comes before the first leaf is blank."""
    starts = [leaf for leaf in found if leaf.line < len(lines)]
    if lines and (not starts or starts[0].line > 0):
        starts.insert(0, Leaf("blank", 0))
    ends = [*(leaf.line for leaf in starts[1:]), len(lines)]
    offset = 0
    above: list[Leaf] = []
    for leaf, end in zip(starts, ends, strict=bool(lines)):
        text = "".join(lines[leaf.line : end])
        if leaf.level:
            above = [*(each for each in above if each.level < leaf.level), leaf]
        yield Block(
            kind=leaf.kind,
            start=offset,
            end=offset + len(text),
            text=text,
            first_line=leaf.line + 1,
            last_line=leaf.line + max(1, len(_LINE.findall(text.rstrip()))),
            level=leaf.level,
            path=tuple(_ATTRIBUTES.sub("", each.title).rstrip() for each in above),
        )
        offset += len(text)


def _with_locks(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Locks what a region between two marks covers or begins or ends in.

    A region within one block is left to `drafts.locks`. One without an end goes on to the last.
    """
    is_open = False
    locked: list[Block] = []
    for block in blocks:
        was_open = is_open
        if "lock" in block.text and block.kind not in ("code", "front_matter", "math"):
            for mark in LOCK_MARK.finditer(without_code(block.text)):
                is_open = not mark[1]
        locked.append(replace(block, is_locked=True) if was_open or is_open else block)
    return tuple(locked)


def _words_of(kind: BlockKind, text: str) -> tuple[int, int]:
    """Where the words of a block begin and end."""
    if kind not in PROSE:
        return 0, len(text)
    found = _CONTAINERS.match(text)
    start = found.end() if found else 0
    for pattern in (_HEADING if kind == "heading" else _TASK,):
        if mark := pattern.match(text, start):
            start = mark.end()
    return start, max(start, _end_of_words(kind, text))


def _end_of_words(kind: BlockKind, text: str) -> int:
    end = len(text.rstrip())
    while (line := _begin_of_line(text, end)) and not text[line:end].strip("> \t"):
        # A quotation's blank line.
        end = len(text[:line].rstrip())
    return _end_of_title(text, line, end) if kind == "heading" else end


def _end_of_title(text: str, line: int, end: int) -> int:
    """Where a heading's title ends, whose last line begins and ends there."""
    if line and _UNDERLINE.match(text, line, end):
        end = len(text[:line].rstrip())
    without_marks = text[:end].rstrip("#")
    if without_marks.endswith((" ", "\t")):
        end = len(without_marks.rstrip())
    attributes = _ATTRIBUTES.search(text, 0, end)
    return len(text[: attributes.start()].rstrip()) if attributes else end


def _begin_of_line(text: str, end: int) -> int:
    return max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1
