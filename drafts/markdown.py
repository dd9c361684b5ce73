"""Where the blocks of a Markdown text begin, by the line maps of a parser that others keep right.

Only the rules for blocks run: where a paragraph begins does not depend on what is emphasised in it.
Front matter, footnotes and displayed formulas are not CommonMark and are found by rules of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

BlockKind: TypeAlias = Literal[
    "front_matter",
    "heading",
    "paragraph",
    "item",
    "quote",
    "footnote",
    "row",
    "rule",
    "code",
    "html",
    "comment",
    "math",
    "definition",
    "blank",
]
"""An item, a quote and a footnote are the paragraphs in one; a row is of a table, whose line of
dashes is a rule; a definition is of a link's target; blank is what comes before the first block."""

_NEWLINE = re.compile(r"\r\n?")
_FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_DATA = {
    "---": re.compile(r"#|\{|- |[\"']?\w[\w .-]*[\"']?[ \t]*:(?:\s|\Z)|\Z"),
    "+++": re.compile(r"#|\[|[\w.\"'-]+[ \t]*=|\Z"),
}
"""How what is between such lines begins where it is front matter, and not prose between rules."""

_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,200}\]:")
_FORMULA = re.compile(r"\$\$|\\\[|\\begin\{(?:equation|align|gather|multline|eqnarray)\*?\}")
_FORMULA_ENDS = {
    "$": re.compile(r"\$\$[ \t]*(?:\{[^{}\n]*\})?[ \t.,;]*\Z"),
    "[": re.compile(r"\\\][ \t.,;]*\Z"),
    "b": re.compile(r"\\end\{\w+\*?\}[ \t]*\Z"),
}
"""By the last character of `_FORMULA` that tells them apart."""

_LONGEST_FORMULA = 60
"""Lines; what has not ended by then is no formula."""

_INTERRUPTS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}

_OF_LEAVES: dict[str, BlockKind] = {
    "fence": "code",
    "code_block": "code",
    "hr": "rule",
    "html_block": "html",
    "definition": "definition",
    "math_block": "math",
    "heading_open": "heading",
    "tr_open": "row",
}
_OF_CONTAINERS: dict[str, BlockKind] = {
    "list_item_open": "item",
    "blockquote_open": "quote",
    "footnote_open": "footnote",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block without blocks inside it."""

    kind: BlockKind
    line: int
    """Its first, from 0."""
    level: int = 0
    """Of a heading that begins a section, 1 to 6; one in a list or a quotation does not."""
    title: str = ""
    """Of such a heading, as it is written."""


class _Parser(MarkdownIt):
    """CommonMark's blocks with tables, and definitions as blocks of their own."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"inline_definitions": True})
        self.enable("table").disable(["inline", "text_join"])
        self.block.ruler.before("reference", "footnote", _footnote, _INTERRUPTS)
        self.block.ruler.before("table", "math", _math, _INTERRUPTS)

    def normalizeLink(self, url: str) -> str:
        """The target as it is: to encode it fails where half of a surrogate pair is in it."""
        return url

    def validateLink(self, url: str) -> bool:
        """Any target makes a definition; nothing here is followed."""
        return True


@cache
def _parser() -> _Parser:
    """The one parser; making it takes as long as reading a page."""
    return _Parser()


def leaves(text: str) -> list[Leaf]:
    """The leaves by line; no two begin in the same one."""
    text = _NEWLINE.sub("\n", text)
    begin = _front_matter_end(text)
    found: dict[int, Leaf] = {0: Leaf("front_matter", 0)} if begin else {}
    skipped = text.count("\n", 0, begin)
    for leaf in _leaves(_parser().parse(text[begin:])):
        line = leaf.line + skipped
        # A container stands for itself only where nothing in it begins in its line.
        if line not in found or leaf.kind not in _OF_CONTAINERS.values():
            found[line] = replace(leaf, line=line)
    return [found[line] for line in sorted(found)]


def _front_matter_end(text: str) -> int:
    found = _FRONT_MATTER.match(text)
    return found.end() if found and _DATA[found[1]].match(found[2]) else 0


def _leaves(tokens: list[Token]) -> Iterator[Leaf]:
    inside: list[BlockKind] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.type in _OF_CONTAINERS:
            inside.append(_OF_CONTAINERS[token.type])
        elif token.nesting < 0 and f"{token.type.removesuffix('close')}open" in _OF_CONTAINERS:
            inside.pop()
        kind = _kind(token, inside)
        if kind is None or token.map is None:
            continue
        is_section = kind == "heading" and not inside
        level = int(token.tag[1]) if is_section else 0
        title = following.content if is_section and following else ""
        yield Leaf(kind, token.map[0], level, title)
        if token.type == "tr_open" and following and following.type == "th_open":
            yield Leaf("rule", token.map[0] + 1)


def _kind(token: Token, inside: list[BlockKind]) -> BlockKind | None:
    if token.type == "paragraph_open" or token.type in _OF_CONTAINERS:
        return inside[-1] if inside else "paragraph"
    if token.type == "html_block":
        content = token.content.strip()
        return "comment" if content.startswith("<!--") and content.endswith("-->") else "html"
    return _OF_LEAVES.get(token.type)


def _footnote(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`[^label]:` and what follows in its line and, indented by four, below it."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    found = _FOOTNOTE.match(state.src, begin, state.eMarks[start])
    if not found or silent:
        return bool(found)
    state.push("footnote_open", "", 1).map = [start, start + 1]
    old = state.bMarks[start], state.tShift[start], state.sCount[start], state.blkIndent
    state.bMarks[start] = found.end()
    state.tShift[start] = state.skipSpaces(found.end()) - found.end()
    state.blkIndent += 4
    state.sCount[start] = state.blkIndent
    state.md.block.tokenize(state, start, end)
    state.bMarks[start], state.tShift[start], state.sCount[start], state.blkIndent = old
    state.push("footnote_close", "", -1)
    return True


def _math(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula that begins a line and ends one."""
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    found = _FORMULA.match(state.src, begin, state.eMarks[start])
    if not found:
        return False
    line = _formula_end(state, start, min(end, start + _LONGEST_FORMULA), found)
    if line is None or silent:
        return line is not None
    state.push("math_block", "", 0).map = [start, line]
    state.line = line
    return True


def _formula_end(state: StateBlock, start: int, end: int, opening: re.Match[str]) -> int | None:
    """The line after the formula."""
    ending = _FORMULA_ENDS[opening[0][1]]
    if ending.search(state.src, opening.end(), state.eMarks[start]):
        return start + 1
    if "$$" in state.src[opening.end() : state.eMarks[start]]:
        return None
    for line in range(start + 1, end):
        begin = state.bMarks[line] + state.tShift[line]
        if state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return None
        if ending.search(state.src, begin, state.eMarks[line]):
            return line + 1
    return None
