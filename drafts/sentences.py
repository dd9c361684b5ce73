"""A paragraph in sentences: small models correct one sentence better than a whole paragraph.

Where it is not certain that a sentence ends, it does not: two sentences in one piece cost a little,
half a sentence is corrected wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from drafts.spans import addresses, code_spans, formulas, html_spans, images, links, masked

_CLOSERS = "\"'”’»›)\\]}*_~」』）】〉》"
_OPENERS = "\"'“‘„«‹»(\\[{*_~¿¡–—―•"
_NOTES = r"(?:\[\^[^\]\s]{1,200}\]|\[[^\[\]\n]{0,200}@[^\[\]\n]{1,200}\])"

_END = re.compile(
    rf"(?P<stop>[.!?…‽؟।॥۔։]+)(?:[{_CLOSERS}]{{0,9}}{_NOTES}{{0,9}}[{_CLOSERS}]{{0,9}})\s+"
    rf"|(?P<wide>[。！？｡]+)(?P<closers>[{_CLOSERS}]{{0,9}})\s*"
    r"|(?P<blank>\n[ \t]*\n\s*)"
)
_NEXT = re.compile(rf"[{_OPENERS}\s]{{0,20}}(.)", re.DOTALL)
_LAST_WORD = re.compile(r"[^\s(\[\"“‘„«]{0,40}\Z")
_BRACKETS = re.compile(
    r"\([^()]{0,300}\)|\[[^\[\]]{0,300}\]|[「『（【][^「」『』（）【】]{0,500}[」』）】]"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NEVER_LAST = _words(
    "mr mrs ms mx dr prof st ste gen col capt cpt lt sgt maj cmdr adm rev hon fr sen rep gov pres "
    "messrs mmes hr frl dipl ing dott sig sra srta mme mlle mgr ven vs v "
    "e.g eg i.e ie cf viz approx ca c z.b zb d.h u.a bzw vgl ggf evtl sog inkl zzgl bes allg geb "
    "gest p.ex env resp incl excl esp al figs eq eqs chap sect vol vols nr p pp "
    "bd hrsg ed eds trans tel ext dept aufl abs kap str ziff "
    "jan feb febr apr aug sept sep okt oct nov dec dez"
)
"""Short forms after which a sentence goes on, without their stop."""

_BEFORE_NUMBERS = _words("no nos fig ch art sec ex est s")
"""Those that are words of their own where no number follows."""

_MAY_BE_LAST = _words("etc usw inc ltd co corp jr sr a.m p.m bros n.chr v.chr a.d b.c ph.d")
"""Short forms that end a sentence where a capital follows, though they look like initials."""

_INITIALS = re.compile(r"(?:\w\.){1,5}\w")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_MONTHS = re.compile(
    r"(?:Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
    r"|Jahrhundert|Klasse|Kapitel|Auflage|Weltkrieg)\b"
)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences, each with the blanks after it; joined they are the text."""
    visible = _without_what_is_whole(text)
    ends = [0, *(end for end in _ends(visible) if 0 < end < len(text)), len(text)]
    return tuple(text[start:end] for start, end in pairwise(ends) if start < end)


def _without_what_is_whole(text: str) -> str:
    """The text with what no sentence ends inside of masked, at the same length."""
    for find in (code_spans, html_spans, images, links, addresses, formulas):
        text = masked(text, iter(sorted(find(text))))
    return text


def _ends(text: str) -> Iterator[int]:
    brackets = iter([*(found.span() for found in _BRACKETS.finditer(text)), (len(text) + 1,) * 2])
    start, end = next(brackets)
    for found in _END.finditer(text):
        while end <= found.start():
            start, end = next(brackets)
        is_inside = start < found.start() < end and found["blank"] is None
        if not is_inside and _is_end(text, found):
            yield found.end()


def _is_end(text: str, found: re.Match[str]) -> bool:
    if found["blank"] or _BLANK_LINE.search(text, found.start(), found.end()):
        return True
    if found["wide"]:
        # After a closing mark the sentence may go on: 「はい。」と言った
        is_followed = found.end() < len(text) and found.end("closers") == found.end()
        return not (found["closers"] and is_followed)
    following = _NEXT.match(text, found.end())
    if following and (following[1].islower() or following[1] in ".,;:!?…"):
        return False
    return found["stop"] != "." or not _goes_on(text, found)


def _goes_on(text: str, found: re.Match[str]) -> bool:
    """Whether the one stop there is that of a short form or a number."""
    last = _LAST_WORD.search(text, max(0, found.start() - 40), found.start())
    start = last.start() if last else found.start()
    word = text[start : found.start()].casefold().strip("*_~")
    if word.isdecimal():
        begins_line = not text[_begin_of_line(text, start) : start].strip(" \t>")
        return len(word) <= 2 and (begins_line or bool(_MONTHS.match(text, found.end())))
    if word in _BEFORE_NUMBERS:
        return text[found.end() : found.end() + 1].isdecimal()
    if word in _MAY_BE_LAST:
        return False
    # A stop alone ends nothing; a letter alone is an initial, as are letters with stops between.
    return word in _NEVER_LAST or len(word) <= 1 or bool(_INITIALS.fullmatch(word))


def _begin_of_line(text: str, end: int) -> int:
    return text.rfind("\n", 0, end) + 1
