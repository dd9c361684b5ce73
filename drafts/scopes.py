"""Parts of a draft as a person names them: a section, lines, paragraphs that match."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Sequence

import regex

from drafts.blocks import Block
from drafts.errors import BadPattern, NoSuchPart

_SECONDS = 2.0
"""Of the processor, for all paragraphs together; some expressions would take years."""

_MARKUP = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])|[*_`~\\]")


def outline(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The headings that begin a section."""
    return tuple(block for block in blocks if block.level)


def section(blocks: Sequence[Block], heading: str) -> tuple[Block, ...]:
    """The section of that heading with all those inside it.

    Case, spaces and markup do not count, and the beginning of a heading is enough. Where several
    have the same, those above it tell them apart: `Part two > Summary`.

    Raises:
        NoSuchPart: If no heading or more than one is meant.
    """
    wanted = [_folded(part) for part in heading.split(" > ")]
    headings = outline(blocks)
    for is_meant in (_is_path, _begins_path):
        meant = [block for block in headings if is_meant(_path(block), wanted)]
        if len(meant) > 1:
            lines = ", ".join(f"{block.first_line:,}" for block in meant[:5])
            raise NoSuchPart(
                f"{len(meant)} sections are called “{heading}” (lines {lines}): "
                f"name one with the heading above it, as in “{' > '.join(meant[0].path[-2:])}”, "
                "or by its lines"
            )
        if meant:
            return _section_of(blocks, meant[0])
    raise NoSuchPart(f"there is no section “{heading}”{_nearest(headings, wanted[-1])}")


def lines_range(blocks: Sequence[Block], first: int, last: int) -> tuple[Block, ...]:
    """The blocks with words in any of the lines, counted from 1, both included.

    Raises:
        NoSuchPart: If there are none.
    """
    end = max((block.last_line for block in blocks), default=0)
    if not 1 <= first <= last:
        raise NoSuchPart(f"lines {first}:{last} are no range: name the first and the last from 1")
    if first > end:
        raise NoSuchPart(f"there is no line {first:,}: the text ends with line {end:,}")
    found = tuple(
        block
        for block in blocks
        if block.first_line <= last and first <= block.last_line and block.kind != "blank"
    )
    if not found:
        raise NoSuchPart(f"lines {first:,} to {last:,} are blank")
    return found


def matching(blocks: Sequence[Block], pattern: str) -> tuple[Block, ...]:
    """The blocks of prose in whose words the regular expression is found.

    Raises:
        BadPattern: If it is none, or takes longer than two seconds.
        NoSuchPart: If it is found nowhere.
    """
    try:
        expression = regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as error:
        raise BadPattern(pattern, str(error)) from error
    end = time.process_time() + _SECONDS
    try:
        found = tuple(
            block
            for block in blocks
            if block.is_prose
            and expression.search(block.words, timeout=max(end - time.process_time(), 0.001))
        )
    except TimeoutError as error:
        raise BadPattern(pattern, f"it takes longer than {_SECONDS:.0f} s") from error
    if not found:
        raise NoSuchPart(f"no paragraph matches {pattern}")
    return found


def _section_of(blocks: Sequence[Block], heading: Block) -> tuple[Block, ...]:
    begin = blocks.index(heading)
    after = range(begin + 1, len(blocks))
    end = next((i for i in after if 0 < blocks[i].level <= heading.level), len(blocks))
    return tuple(blocks[begin:end])


def _path(block: Block) -> list[str]:
    return [_folded(title) for title in block.path]


def _is_path(path: Sequence[str], wanted: Sequence[str]) -> bool:
    return list(path[-len(wanted) :]) == list(wanted)


def _begins_path(path: Sequence[str], wanted: Sequence[str]) -> bool:
    pairs = zip(path[-len(wanted) :], wanted, strict=False)
    return len(path) >= len(wanted) and all(title.startswith(part) for title, part in pairs)


def _folded(title: str) -> str:
    """A title without markup, case and superfluous spaces."""
    plain = _MARKUP.sub(lambda found: found[1] or "", title.strip().lstrip("#"))
    return " ".join(plain.casefold().split())


def _nearest(headings: Sequence[Block], wanted: str) -> str:
    titles = {_path(block)[-1]: block.path[-1] for block in headings}
    if not titles:
        return ": the text has no headings"
    near = difflib.get_close_matches(wanted, titles, n=3, cutoff=0.5)
    near = near or [title for title in titles if wanted and wanted in title][:3] or [*titles][:3]
    return f": is it {' or '.join(f'“{titles[title]}”' for title in near)}?"
