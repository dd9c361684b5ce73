"""A text in the parts that are compared with another's: whole paragraphs, or sentences of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from drafts.words import Span, is_word, likeness, plain_quotes, sentences, words

BREAK = "\n"
"""The key of what parts paragraphs; no word is like it."""

EDGE = ""
"""The key of a text's beginning and end."""


class Token(NamedTuple):
    """What is kept or changed as one: a word, a break, or a part that nobody looks into.

    A tuple, because a manuscript has a hundred thousand of them.
    """

    start: int
    end: int
    key: str
    """Equal for those that differ in letter case or quotation marks alone."""
    weight: int
    """How many words it stands for; none for marks and breaks."""
    is_sentence: bool = False
    """Whether it is a sentence or a paragraph rather than a word of one."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A part as words."""

    tokens: tuple[Token, ...]
    vocabulary: frozenset[str]
    """Keys of its words, or of its marks where it has no word."""
    size: int
    """Characters in the vocabulary: long words say more about a sentence than short ones."""


@dataclass(slots=True)
class Parted:
    """A text and its parts."""

    text: str
    parts: list[Span] = field(default_factory=list)
    paragraph: list[int] = field(default_factory=list)
    """For each part the number of its paragraph."""
    _worded: dict[int, Worded] = field(default_factory=dict)

    def string(self, part: int) -> str:
        """A part's own text."""
        start, end = self.parts[part]
        return self.text[start:end]

    def worded(self, part: int) -> Worded:
        """A part as words, taken apart once."""
        found = self._worded.get(part)
        if found is None:
            found = self._worded[part] = _worded(self.text, self.parts[part])
        return found

    def whole(self, part: int) -> Token:
        """A part as one token."""
        start, end = self.parts[part]
        text = self.text[start:end]
        return Token(start, end, likeness(text), text.count(" ") + 1, is_sentence=True)

    def breaks(self, first: int, last: int) -> Iterator[Token]:
        """What is between two neighbouring parts, if that is the end of a paragraph."""
        inside = first >= 0 and last < len(self.parts)
        if inside and self.paragraph[first] != self.paragraph[last]:
            yield Token(self.parts[first][1], self.parts[last][0], BREAK, 0)


def _worded(text: str, span: Span) -> Worded:
    tokens = [Token(start, end, *_word(text[start:end])) for start, end in words(text, span)]
    known = frozenset([token.key for token in tokens if token.weight])
    known = known or frozenset([token.key for token in tokens])
    return Worded(tuple(tokens), known, sum(map(len, known)))


@lru_cache(maxsize=20_000)
def _word(word: str) -> tuple[str, int]:
    """The key and the weight of a word or a mark."""
    return plain_quotes(word).casefold(), int(is_word(word))


def parted(text: str, spans: Sequence[Span], whole: Set[Span]) -> Parted:
    """Paragraphs in sentences, but for those that stay whole."""
    result = Parted(text)
    for number, paragraph in enumerate(spans):
        for part in [paragraph] if paragraph in whole else sentences(text, paragraph):
            result.parts.append(part)
            result.paragraph.append(number)
    return result
