"""Says what of a revision no reviser writes: what nobody sees, words without end, signs of its own.

All of it is told from the original alone: what that has already may be there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from drafts.chatter import END_MARKER

_CONTROL = re.compile(r"[\x01-\x08\x0b-\x1f\x7f-\x9f\ufffd]")
_HIDDEN = frozenset({"Cf", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that nobody sees: of format and direction, of no meaning, line ends of
another kind."""

_SIGNS = frozenset("|<>{}[]\\^~*_`")
"""Those of markup and of programs, which a correction has no need of; headings have their own."""

_ENDLESS = re.compile(r"[^\s\u2e80-\ufaff]{41,}")
"""A word longer than any in prose; Chinese and Japanese have no blanks between theirs."""

_FRAME = re.compile(
    r"\[(?:begin|end) of material\b"
    r"|^[ \t]*#{0,3}[ \t]*(?:system|user|assistant|human|model|bot)[ \t]*:?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""Lines of a request, which models that do not stop go on with."""


def oddities(original: str, text: str, *, is_free: bool) -> Iterator[str]:
    """What is odd in a revision, in words.

    Args:
        original: What was revised.
        text: The revision.
        is_free: Whether it may have signs of its own, as a poem or a table made of a text has.
    """
    if set(_CONTROL.findall(text)) - set(_CONTROL.findall(original)):
        yield "it has control characters or broken ones"
    new = set(text) - set(original)
    if hidden := sorted(each for each in new if unicodedata.category(each) in _HIDDEN):
        yield f"it has characters that cannot be seen: U+{ord(hidden[0]):04X}"
    found = END_MARKER.search(text)
    if found and found[0] not in original:
        yield f"it goes on after an end marker: {found[0]}"
    frame = _FRAME.search(text)
    if frame and frame[0] not in original:
        yield f"it has a line of the request: {frame[0].strip()}"
    endless = _ENDLESS.findall(text)
    if len(endless) > len(_ENDLESS.findall(original)):
        yield f"it has a word of {max(map(len, endless)):,} characters"
    if not is_free and (signs := sorted(new & _SIGNS)):
        yield f"it has a sign that the original has not: {signs[0]}"


def is_hidden(text: str) -> bool:
    """Whether there is nothing in a text that could be seen."""
    return all(each.isspace() or unicodedata.category(each) in _HIDDEN for each in text)
