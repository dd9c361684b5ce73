"""Where a passage that was selected on the screen stands in the text that is shown there. The signs
and line breaks of Markdown are not on the screen, so its words are looked for."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")


def passage_in(content: str, selected: str) -> tuple[int, int] | None:
    """The part of a text that has the selected words, in whole words, with the blank before it.

    Returns:
        How many characters stand before it, and before what follows it; None where it is not found.
    """
    words = _WORD.findall(selected)
    if not words:
        return None
    found = re.search(r"\w*" + r"\W+".join(map(re.escape, words)) + r"\w*", content)
    if found is None:
        return None
    start, end = found.span()
    return start - (content[start - 1 : start] == " "), end
