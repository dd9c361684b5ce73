"""Puts accepted hunks into a draft's own bytes: all else is the original's, to the last byte."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from drafts.document import DecodedText
from drafts.errors import NotText
from drafts.hunks import Hunk

_NEWLINE = re.compile(r"\r\n|\r|\n")


def spliced(original: DecodedText, accepted: Sequence[Hunk]) -> bytes:
    """The draft with some of its hunks.

    Args:
        original: As it was read.
        accepted: Hunks of its `text`, in order. Newlines that they put in are the draft's own.

    Raises:
        NotText: If what they put in is nothing that a text file can hold.
        ValueError: If they overlap, or are not hunks of this text.
    """
    raw = original.raw_text
    begin = 1 if original.bom else 0
    pairs = _pairs(raw, begin)
    parts: list[str] = []
    at = 0
    for hunk in accepted:
        start, end = (_in_raw(place, pairs, begin) for place in (hunk.start, hunk.end))
        if start < at or original.text[hunk.start : hunk.end] != hunk.old:
            raise ValueError("the hunks are not those of this text, or not in order")
        parts += [raw[at:start], _NEWLINE.sub(original.newline, hunk.new)]
        at = end
    parts.append(raw[at:])
    revised = "".join(parts)
    if "\0" in revised:
        raise NotText("the revision", "it has a zero character")
    try:
        return revised.encode()
    except UnicodeEncodeError as error:
        raise NotText("the revision", "it has half of a surrogate pair") from error


def _pairs(raw: str, begin: int) -> list[int]:
    """Where in the text its newlines are that have two characters in the raw one."""
    pairs: list[int] = []
    at = raw.find("\r\n", begin)
    while at >= 0:
        pairs.append(at - begin - len(pairs))
        at = raw.find("\r\n", at + 2)
    return pairs


def _in_raw(place: int, pairs: Sequence[int], begin: int) -> int:
    """A place of the text in the raw one: every pair before it counts one more."""
    return place + begin + bisect_left(pairs, place)
