"""What of a text has to come back: its numbers, quotations, links, names and headings.

What the input has is looked for with care, so that nothing is missed in an answer that was never
there; in the answer it may stand anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from prompts.expectations import Kept
from prompts.languages import language_of
from prompts.words import words

_NUMBER = re.compile(r"(?<!\w)(\d(?:[\d.,:'\u00a0\u202f]*\d)?)(\s?%|\s?per ?cent\b)?")
_GROUPED = re.compile(r"\d{1,3}([,'\u00a0\u202f])\d{3}(?:\1\d{3})*(?:\.\d+)?")
_QUOTED = re.compile(r'(?<![\w"])"(?=\S)([^"]+)(?<=\S)"(?!\w)')
_MARKS = str.maketrans({**dict.fromkeys("“”„‟«»", '"'), "’": "'", "‘": "'", "\u00a0": " "})
_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"“”\\^`{|}]+", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w'’-])[^\W\d_](?:[\w'’-]*\w)?")
_BEGINS_SENTENCE = re.compile(r"[.!?…:][^\w\s]*\s|[\"“„«]")
_TITLE = re.compile(r"Dr|Mr|Mrs|Ms|Prof|Col|Gen|Rev|Hon")
_SHORT_FORM = re.compile(rf"[A-Z]|St|Mt|No|{_TITLE.pattern}")
_JOINS = {
    *("of", "de", "da", "do", "del", "della", "di"),
    *("van", "von"),
}
"""Small words that may stand within a name, and `_ARTICLES` after them."""

_ARTICLES = {"the", "la", "le", "der", "den"}
_VERSE_WIDTH = 60
"""Characters of a line; prose is broken later."""

_NO_NAME = re.compile(rf"I(?:['’]\w+)?|{_TITLE.pattern}")


_WRITTEN = {"softbreak": "\n", "hardbreak": "\n", "html_inline": ""}
"""What parts of a text without content of their own stand for."""


def lost(kind: Kept, before: str, after: str) -> list[str]:
    """What of that kind is in the first text and not in the second, in order, each once."""
    return list(dict.fromkeys(_LOST[kind](before, after)))


def _lost_numbers(before: str, after: str) -> Iterator[str]:
    kept = {_same_number(found) for found in _NUMBER.finditer(_both(after))}
    for text in _contents(before):
        for found in _NUMBER.finditer(_URL.sub(" ", text)):
            if _same_number(found) not in kept:
                yield found[0]


def _same_number(found: re.Match[str]) -> str:
    """A number in the form that all ways to write it share; 1,234.5 is 1234.5, 5 % is 5%."""
    digits = found[1]
    if separator := _GROUPED.fullmatch(digits):
        digits = digits.replace(separator[1], "")
    digits = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in digits)
    return f"{digits}%" if found[2] else digits


def _lost_quotes(before: str, after: str) -> Iterator[str]:
    kept = _even(_both(after))
    for text in _contents(before):
        for quoted in _QUOTED.findall(_even(text)):
            # Where a quotation ends, its last mark goes with the sentence around it.
            if f'"{quoted.rstrip(",.")}' not in kept:
                yield quoted


def _even(text: str) -> str:
    """The text with one kind of quotation mark and blank."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_MARKS).split())


def _lost_links(before: str, after: str) -> Iterator[str]:
    kept = set(_links(after))
    return (link for link in _links(before) if link not in kept)


def _links(text: str) -> Iterator[str]:
    """Markdown's targets, and addresses in plain text."""
    for token in _tokens(text):
        for child in token.children or ():
            target = child.attrs.get("src" if child.type == "image" else "href")
            if target:
                yield str(target)
    for found in _URL.findall(text):
        # In `(see https://example.org/a_(b)).` only the inner bracket belongs to it.
        address = found.rstrip(".,;:!?'*_)]")
        yield address + ")" * (address.count("(") > address.count(")"))


def _lost_names(before: str, after: str) -> Iterator[str]:
    kept = f" {_bare_words(_both(after))} "
    same = {" ".join(name) for text in _contents(after, headings=False) for name in _names(text)}
    fewest = 2 if language_of(before) == "German" else 1  # where every noun is capitalised
    for text in _contents(before, headings=False):
        for name in _names(text):
            whole = " ".join(name)
            if len(name) >= fewest and whole not in same and f" {_bare_words(whole)} " not in kept:
                yield whole


def _names(text: str) -> Iterator[list[str]]:
    """Runs of capitalised words, without those that are so because a sentence begins."""
    if text.isupper() or _is_verse(text):
        return
    name: list[str] = []
    joins: list[str] = []
    end, begins, previous = 0, True, ""
    for found in _WORD.finditer(text):
        gap, word, end = text[end : found.start()], _bare(found[0]), found.end()
        if _BEGINS_SENTENCE.search(gap) and not (gap == ". " and _SHORT_FORM.fullmatch(previous)):
            begins = True
        is_name = word[0].isupper() and not begins and not _NO_NAME.fullmatch(word)
        is_within = is_name or word in _JOINS or (bool(joins) and word in _ARTICLES)
        if name and (gap.strip(" \n") not in ("", ".") or not is_within):
            yield name
            name, joins = [], []
        if is_name:
            name, joins = [*name, *joins, word], []
        elif name:
            joins.append(word)
        begins, previous = False, word
    if name:
        yield name


def _is_verse(text: str) -> bool:
    """Whether every line is short and begins with a capital, as in poems and plain lists."""
    lines = [line.strip() for line in text.split("\n")]
    are_short = all(line[:1].isupper() and len(line) <= _VERSE_WIDTH for line in lines)
    return len(lines) > 1 and are_short


def _bare(word: str) -> str:
    """A word without the ending of the genitive."""
    return re.sub(r"['’]s?$", "", word)


def _bare_words(text: str) -> str:
    return " ".join(map(_bare, words(text)))


def _lost_headings(before: str, after: str) -> Iterator[str]:
    kept = set(_headings(after))
    return (heading for heading in _headings(before) if heading not in kept)


def _headings(text: str) -> Iterator[str]:
    tokens = _tokens(text)
    for opening, token in pairwise(tokens):
        if opening.type == "heading_open" and token.content:
            yield _even(token.content)


def _contents(text: str, *, headings: bool = True) -> Iterator[str]:
    """The texts of Markdown's blocks, without marks, the targets of links, and numbers of lists."""
    tokens = _tokens(text)
    for opening, token in pairwise(tokens):
        if token.type == "inline" and (headings or opening.type != "heading_open"):
            yield "".join(_WRITTEN.get(each.type, each.content) for each in token.children or ())


def _both(text: str) -> str:
    """A text as it is written, and as Markdown reads it: what is in either is there."""
    return "\n\n".join([text, *_contents(text)])


def _tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


_LOST: Mapping[Kept, Callable[[str, str], Iterator[str]]] = {
    "numbers": _lost_numbers,
    "quotes": _lost_quotes,
    "links": _lost_links,
    "names": _lost_names,
    "headings": _lost_headings,
}
