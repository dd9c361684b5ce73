"""Says whether a revision breaks off: what a model that gave up early leaves, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from drafts.chatter import are_alike, is_of, shown, words_of

_REST = (
    r"(?:rest|remaining|remainder|remains?|continued?|continues|unchanged|same as|no changes"
    r"|omitted|snip|truncated|text continues|as (?:before|above)|existing|more text|unverändert"
    r"|reste|suite|inchangé|resto|restante|sin cambios|其余|省略)"
)
_AS_IT_WAS = (
    r"(?:unchanged|the same|omitted|as (?:it|they) (?:is|was|are|were)|as before|unverändert|gleich"
    r"|inchangée?s?|identiques?|igual(?:es)?|sin cambios|invariat[oaie])"
)
_ARTICLE = r"(?:(?:the|and|der|die|das|le|la|les|el|il|o|a|de) )?"
_ELIDED = re.compile(
    rf"[\[(<{{*](?:!--)?\W{{0,5}}{_ARTICLE}{_REST}\b[^\])>}}\n]{{0,80}}[\])>}}*]"
    r"|\[\s?(?:\.\.\.|…)\s?\]"
    rf"|^\W{{0,6}}{_ARTICLE}(?:rest|remaining|remainder|reste|resto)\b[^.\n]{{0,60}}?"
    rf"\b{_AS_IT_WAS}(?!\w)"
    r"|^[ \t]*(?://|#+|--)[ \t]*(?:\.\.\.|…)?[ \t]*"
    r"(?:rest|remaining|remainder|existing|same as|unchanged)\b.{0,60}$"
    r"|^[ \t]*(?:\.\.\.|…)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NO_CHANGE = re.compile(
    r"\W*(?:there (?:are|were|is) )?no (?:changes?|corrections?|edits?|errors?|mistakes?|issues?)\b"
    r"[^\n]{0,60}\Z"
    r"|\W*(?:the|this|your) (?:text|sentence|paragraph|passage) (?:is|looks|was|has no) "
    r"(?:already |grammatically )?(?:correct|fine|good|perfect|errors?|mistakes?)\b[^\n]{0,60}\Z",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?…‽؟।。！？:;*_`)\]}\"'”’»›」』|>]\Z")
_SENTENCE_ENDS = re.compile(r"[.!?…‽؟।。！？][*_`)\]}\"'”’»›」』|>]*\Z")
_AND_SO_ON = re.compile(r"(?:\.\.\.|…|\b(?:etc|usw|and so on)\.?)\W?\Z", re.IGNORECASE)
_ANCHOR = 3
"""Words by which the end of a revision is found in the original."""


def elided(original: str, text: str) -> Iterator[str]:
    """What stands for a part of the text that was left out, or for all of it; in words."""
    for found in _ELIDED.finditer(text):
        if found[0] not in original and not (words_of(found[0]) and is_of(original, found[0])):
            yield f"it leaves something out: {shown(found[0])}"
            return
    said = _NO_CHANGE.match(text.strip())
    if said and not is_of(original, said[0]):
        yield "it says that nothing has to change, and not the text"


def ending(original: str, text: str, *, may_shrink: bool) -> Iterator[str]:
    """Whether it ends before its end, as far as the original does not; in words.

    Args:
        original: What was revised.
        text: The revision.
        may_shrink: Whether words may be left out at its end, as long as others are too.
    """
    before, after = original.rstrip(), text.rstrip()
    for ends in (_SENTENCE_ENDS, _ENDS):
        if ends.search(before) and not ends.search(after):
            yield "it ends in the middle of a sentence"
            return
    if _AND_SO_ON.search(after) and not _AND_SO_ON.search(before):
        yield "it ends in dots, as if more were to come"
    elif _lost_end(
        words_of(before), words_of(after), may_shrink, 1 + bool(_SENTENCE_ENDS.search(before))
    ):
        yield "its end is missing"


def _lost_end(ours: Sequence[str], theirs: Sequence[str], may_shrink: bool, fewest: int) -> bool:
    """Whether the revision stops so many words or more before the original does."""
    if not theirs or len(theirs) + fewest > len(ours):
        return False
    # Where there is no full stop to go by, one of the last words may be another.
    odd = 0 if fewest > 1 else 1
    last = _last_place(ours, theirs[-_ANCHOR:], odd, first=len(theirs) - _ANCHOR)
    if last is None or len(ours) - last < fewest:
        return False
    rest = ours[last:]
    if list(rest) == list(ours[max(0, last - len(rest)) : last]):
        return False  # what was there twice
    return not may_shrink or _differing(ours[:last], theirs) <= odd


def _last_place(ours: Sequence[str], anchor: Sequence[str], odd: int, *, first: int) -> int | None:
    """Behind which word of the original the last words of the revision end, but for so many."""
    odd = min(odd, len(anchor) - 2)
    places = range(len(ours), max(first, len(anchor) - 1), -1)
    alike = (at for at in places if _differing(ours[at - len(anchor) : at], anchor) <= max(0, odd))
    return next(alike, None)


def _differing(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many words are others."""
    pairs = zip_longest(ours, theirs, fillvalue="")
    return sum(not are_alike(mine, other) for mine, other in pairs)
