"""Where in a text something stands that is not prose: code, links, formulas, citations, numbers.

Every search is linear, or bounded by a length that no such thing has in prose: a draft may hold a
hundred thousand backticks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]

LOCK_MARK = re.compile(r"<!--[ \t]*(/?)lock[ \t]*-->")
"""The beginning or, with a slash, the end of a region that nobody may revise."""

_BLANK_LINE = re.compile(r"(?<=\n)[ \t]*(?=\n)")
_TICKS = re.compile(r"`+")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]{0,30}(?:\s[^<>]{0,2000})?/?>")
_AUTOLINK = re.compile(
    r"<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\s<>]{0,2000}|[^\s<>@]{1,64}@[^\s<>]{1,255})>"
)
_TARGET = (
    r"\([ \t\n]{0,9}(?:<[^<>\n]{0,2000}>|(?:[^\s()\\]|\\.|\([^\s()]{0,500}\)){0,2000})"
    r"(?:\s{1,9}(?:\"[^\"]{0,500}\"|'[^']{0,500}'|\([^()]{0,500}\)))?\s{0,9}\)"
)
_REFERENCE = r"\[[^\[\]\n^@]{0,200}\]"
_LINK = re.compile(rf"\](?:{_TARGET}|{_REFERENCE})")
_IMAGE = re.compile(rf"!\[(?:[^\[\]\\]|\\.){{0,500}}\](?:{_TARGET}|{_REFERENCE})")
_ADDRESS = re.compile(r"(?:\b(?:https?|ftp)://|\bwww\.|\bmailto:)[^\s<>\"“”„»`]{1,2000}", re.I)
_E_MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}(?!\w)"
)
_MATH = re.compile(
    r"(?<![\\$])\$\$(?:[^$\n\\]|\\.|\n(?![ \t]*\n)){1,1000}\$\$"
    r"|(?<![\\$\w])\$(?![\s$])(?:[^$\n\\]|\\.|\n(?![ \t]*\n)){1,300}(?<!\s)\$(?![\d$])"
    r"|\\\((?:[^\n\\]|\\(?!\))){1,300}\\\)"
)
_CITATION = re.compile(
    r"\[\^[^\[\]\s]{1,200}\]"
    r"|\[[^\[\]@\n]{0,200}@[\w{][^\[\]\n]{0,500}\]"
    r"|(?<![\w@.])-?@[A-Za-z_](?:[\w:.#&+?~/-]{0,100}\w)?"
    r"|\\(?:[a-zA-Z]{0,9}cite[a-zA-Z]{0,9}|(?:eq|auto|page|[cC])?ref|label)\*?"
    r"(?:\[[^\[\]\n]{0,100}\]){0,2}\{[^{}\n]{0,300}\}"
)
_QUOTE = re.compile(
    r"(?<![\w\"])\"(?=[^\s\"])(?:[^\"\n]|\n(?![ \t]*\n)){0,2000}(?<=\S)\"(?!\w)"
    r"|“(?:[^“”\n]|\n(?![ \t]*\n)){0,2000}”"
    r"|„(?:[^„“”\n]|\n(?![ \t]*\n)){0,2000}[“”]"
    r"|«(?:[^«»\n]|\n(?![ \t]*\n)){0,2000}»"
    r"|»(?:[^«»\n]|\n(?![ \t]*\n)){0,2000}«"
    r"|‘(?:[^‘’\n]|’(?=\w)|\n(?![ \t]*\n)){0,2000}’(?!\w)"
    r"|「[^「」\n]{0,2000}」|『[^『』\n]{0,2000}』"
)
_NUMBER = re.compile(r"(?<![\w.,])[-+−]?\d(?:[\d.,:'’/\u00a0\u202f]{0,40}\d)?(?:\s?[%‰°]|\w{0,5})")
_WORD = re.compile(r"[^\W\d_](?:[\w'’-]{0,60}\w)?")
_BEGINS_SENTENCE = re.compile(r"[.!?…:。！？]\W*\s|[\"“„«‘(\[]|\n[ \t]*\n")
_SHORT_FORMS = frozenset({"Dr", "Mr", "Mrs", "Ms", "Prof", "St", "Col", "Gen", "Rev"})
_JOINS = frozenset({"of", "de", "da", "del", "della", "di", "van", "von", "der", "la", "le"})
_FILLER = "\ufffc"


def code_spans(text: str) -> Iterator[Span]:
    """Inline code: as many backticks at its end as at its beginning, within one paragraph."""
    runs = [found.span() for found in _TICKS.finditer(text)]
    blank_lines = [found.start() for found in _BLANK_LINE.finditer(text)]
    closing: list[int | None] = [None] * len(runs)
    next_of_length: dict[int, int] = {}
    for index in reversed(range(len(runs))):
        start, end = runs[index]
        closing[index] = next_of_length.get(end - start)
        next_of_length[end - start] = index
    index = 0
    while index < len(runs):
        start, end = runs[index]
        last = closing[index]
        index += 1
        if last is None or text[max(start - 1, 0)] == "\\":
            continue
        if bisect_left(blank_lines, start) == bisect_left(blank_lines, runs[last][0]):
            yield start, runs[last][1]
            index = last + 1


def masked(text: str, spans: Iterator[Span]) -> str:
    """The text with other characters in place of what is in the spans."""
    parts: list[str] = []
    position = 0
    for start, end in spans:
        parts += text[position:start], _FILLER * (end - start)
        position = end
    return "".join([*parts, text[position:]])


def without_code(text: str) -> str:
    """The text with inline code masked, so that nothing is found in it."""
    return masked(text, code_spans(text)) if "`" in text else text


def regions(text: str) -> Iterator[Span]:
    """From each mark that locks to the one that unlocks; without one, to the end."""
    start: int | None = None
    for mark in LOCK_MARK.finditer(text):
        if start is None and not mark[1]:
            start = mark.start()
        elif start is not None and mark[1]:
            yield start, mark.end()
            start = None
    if start is not None:
        yield start, len(text)


def html_spans(text: str) -> Iterator[Span]:
    """Comments and tags."""
    begin = 0
    while (start := text.find("<!--", begin)) >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            break
        yield start, (begin := end + 3)
    yield from _spans(_TAG, text)


def links(text: str) -> Iterator[Span]:
    """Of `[words](target)` and `[words][name]` what follows the words."""
    return _spans(_LINK, text)


def images(text: str) -> Iterator[Span]:
    return _spans(_IMAGE, text)


def addresses(text: str) -> Iterator[Span]:
    """Bare URLs and e-mail addresses, and those in angle brackets."""
    yield from _spans(_AUTOLINK, text)
    yield from _spans(_E_MAIL, text)
    for found in _ADDRESS.finditer(text):
        # In `(see https://example.org/a_(b)).` only the inner bracket belongs to it.
        address = found[0].rstrip(".,;:!?'*_)]}’")
        rest = found[0][len(address) :]
        if rest.startswith(")") and address.count("(") > address.count(")"):
            address += ")"
        yield found.start(), found.start() + len(address)


def formulas(text: str) -> Iterator[Span]:
    return _spans(_MATH, text)


def citations(text: str) -> Iterator[Span]:
    """`[^1]`, `[@key, p. 5]`, `@key`, and LaTeX's."""
    return _spans(_CITATION, text)


def quotations(text: str) -> Iterator[Span]:
    """With their marks."""
    return _spans(_QUOTE, text)


def numbers(text: str) -> Iterator[Span]:
    """In digits, with what belongs to them: `1,234.5`, `12:30`, `5 %`, `3rd`."""
    return _spans(_NUMBER, text)


def names(text: str) -> Iterator[Span]:
    """Runs of capitalised words, but for those that a sentence begins with.

    Where a third of all words have capitals, as German nouns do, one alone is not a name.
    """
    found = list(_names(text))
    words = sum(1 for _ in _WORD.finditer(text))
    is_full = sum(count for _, count in found) * 3 > words
    return (span for span, count in found if count > 1 or not is_full)


def _names(text: str) -> Iterator[tuple[Span, int]]:
    """Each with the number of its capitalised words."""
    start, end, count = 0, 0, 0
    position, previous, begins = 0, "", True
    for word in _WORD.finditer(text):
        gap = text[position : word.start()]
        begins = begins or bool(_BEGINS_SENTENCE.search(gap))
        begins = begins and not (gap == ". " and (previous in _SHORT_FORMS or len(previous) == 1))
        is_name = word[0][0].isupper() and not begins and word[0].split("'")[0].split("’")[0] != "I"
        is_within = count > 0 and gap in (" ", "\n", ". ") and (is_name or word[0] in _JOINS)
        if count and not is_within:
            yield (start, end), count
            count = 0
        if is_name:
            start, end, count = (start if count else word.start()), word.end(), count + 1
        position, previous, begins = word.end(), word[0], False
    if count:
        yield (start, end), count


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (found.span() for found in pattern.finditer(text))
