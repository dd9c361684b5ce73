"""Texts as a reader takes them apart: paragraphs, sentences and words.

A word is what the text's language writes between blanks; where a script has none, a character as a
reader sees it. Letters are never parted from the marks that are combined with them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import regex

Span: TypeAlias = tuple[int, int]
"""Where something begins and ends in a text, in characters."""

_LINE = regex.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")

_FENCE = regex.compile(r"[ \t]*(?:```|~~~)")

_OWN_LINE = regex.compile(r"[ \t]*(?:#{1,6}[ \t]|[|>]|(?:[-*_][ \t]*){3,}$)")
"""Lines of Markdown that stand alone: headings, rows of a table, quotations, rules."""

_LIST_ITEM = regex.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]")

_JOINED = r"[\p{M}\p{GCB=Extend}\u200c\u200d]"

_LETTER = r"[[\p{L}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{LB=SA}]]"

_WORD = regex.compile(
    r"[A-Za-z]++(?=[\s.,;:!?])"  # most words of most texts, found in half the time
    rf"|{_LETTER}(?:{_LETTER}|{_JOINED}|['’\u00b7\u05f3\u05f4\u2010\u2011-](?={_LETTER})"
    r"|(?<=\d)[.,:](?=\d))*"
    rf"|([[\p{{P}}\p{{S}}]--\p{{RI}}])\1{{0,63}}+(?!{_JOINED})"
    rf"|(?=\S|[^\S\r\n]{_JOINED})\X",
    regex.V1,
)

_BLANKS = regex.compile(rf"(?>(?:\s*[\r\n])?)(?:[^\S\r\n]*(?!{_JOINED})|)", regex.V1)

_SENTENCE_END = regex.compile(
    r"(?<![.!?…؟।॥۔])[.!?…؟।॥۔]++[\p{Pe}\p{Pf}\"'*_]*+(?=\s)"
    rf"|(?<![。！？｡])[。！？｡]++[\p{{Pe}}\p{{Pf}}]*+(?!{_JOINED}|[。！？｡])",
    regex.V1,
)
"""Begins only where such marks do, so that a long row of them is gone through once."""

_LETTERS = regex.compile(r"\p{L}")

_ABBREVIATED = regex.compile(
    r"\b(?:\p{L}|\p{L}\.\p{L}|Mrs?|Ms|Drs?|Prof|St|Mt|vs|etc|cf|al|ca|no|nos|fig|vol|pp|approx|bzw|vgl|usw|Nr|Bd)\.$",
    regex.IGNORECASE | regex.V1,
)

_TELLING = regex.compile(r"[\p{L}\p{N}\p{So}][\p{L}\p{N}\p{So}\p{M}]*")

_QUOTES = str.maketrans({**dict.fromkeys("“”„‟«»‹›″＂", '"'), **dict.fromkeys("‘’‚‛′`´＇", "'")})


def paragraphs(text: str) -> list[Span]:
    """The paragraphs without the blanks between them, which all of the rest is.

    Headings, list items, rows of tables and lines of code are paragraphs of their own.
    """
    found: list[Span] = []
    in_fence = alone = False
    for line in _LINE.finditer(text):
        words = line[0].strip()
        if not words:
            alone = True
            continue
        start = _after_blanks(text, line.start())
        end = line.start() + len(line[0].rstrip())
        is_fence = _FENCE.match(line[0]) is not None
        is_alone = is_fence or in_fence or _OWN_LINE.match(line[0]) is not None
        if not found or alone or is_alone or _LIST_ITEM.match(line[0]):
            found.append((start, end))
        else:
            found[-1] = (found[-1][0], end)
        in_fence ^= is_fence
        alone = is_alone
    return found


def _after_blanks(text: str, start: int) -> int:
    """Where blanks end, without one that has a mark combined with it."""
    match = _BLANKS.match(text, start)
    return match.end() if match else start


def sentences(text: str, paragraph: Span) -> list[Span]:
    """The sentences of a paragraph without the blanks between them."""
    here, end = paragraph
    return [(here + start, here + stop) for start, stop in _sentences(text[here:end])]


def _sentences(paragraph: str) -> list[Span]:
    found: list[Span] = []
    start = seen = 0
    has_letter = False
    for match in _SENTENCE_END.finditer(paragraph):
        # A list's number is no sentence.
        has_letter = has_letter or _LETTERS.search(paragraph, seen, match.start()) is not None
        seen = match.end()
        following = _after_blanks(paragraph, seen)
        ahead = paragraph[following : following + 1]
        if (
            has_letter
            and ahead
            and _ends_sentence(paragraph[max(start, seen - 12) : seen], match[0], ahead)
        ):
            found.append((start, seen))
            start = following
            has_letter = False
    return [*found, (start, len(paragraph))]


def _ends_sentence(sentence: str, mark: str, following: str) -> bool:
    """Whether the mark is the end of more than an abbreviation or an initial."""
    if following.islower():
        return False
    return mark != "." or _ABBREVIATED.search(sentence) is None


def words(text: str, span: Span) -> list[Span]:
    """The words and marks of a part of the text; blanks are what is between them."""
    return [match.span() for match in _WORD.finditer(text, *span)]


def plain_quotes(text: str) -> str:
    """The text with typewriter's quotation marks and apostrophes, whatever it has."""
    return text.translate(_QUOTES)


def likeness(text: str) -> str:
    """What two texts have in common that differ in nothing but blanks and quotation marks."""
    return " ".join(plain_quotes(text).split())


def is_word(text: str) -> bool:
    """Whether there is a letter or a digit in it, or a sign that stands for a word, as emoji do."""
    return _TELLING.search(text) is not None


def letter_count(text: str) -> int:
    """How many characters of it are not blanks or marks."""
    return sum(map(len, _TELLING.findall(text)))


@lru_cache(maxsize=20_000)
def spoken(text: str) -> tuple[str, ...]:
    """The words without the marks between them."""
    found = (text[start:end] for start, end in words(text, (0, len(text))))
    return tuple(plain_quotes(word) for word in found if is_word(word))
