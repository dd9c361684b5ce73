"""What a model does that corrects a text, the other way round: letters are lost, all else stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

from drafts import Block, locks_in, split_blocks

DOCS = Path(__file__).parent.parent / "docs"


def prose_of_the_docs() -> Iterator[Block]:
    """Every block of prose of this project's own documents."""
    for path in sorted(DOCS.glob("*.md")):
        for block in split_blocks(path.read_text(encoding="utf-8"), markdown=True):
            if block.is_prose:
                yield block


def misspelled(text: str, random: Random) -> str:
    """The text with one word in twelve misspelled, but for what is locked."""
    locks = locks_in(text)

    def changed(word: re.Match[str]) -> str:
        is_locked = any(lock.start < word.end() and word.start() < lock.end for lock in locks)
        if is_locked or random.random() > 1 / 12:
            return word[0]
        place = random.randrange(1, len(word[0]))
        return word[0][:place] + word[0][place + 1 :]

    return re.sub(r"\b[a-z]{4,}\b", changed, text)
