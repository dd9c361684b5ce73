"""Gives prompts of other programs names that ours can have."""

from __future__ import annotations

import re
import unicodedata

from prompts.errors import NotImported

LONGEST = 64

_ELSE = re.compile("[^a-z0-9]+")


def slug(theirs: str) -> str:
    """A name in lower-case letters, digits and hyphens.

    Raises:
        NotImported: If it would lead to another folder, or nothing is left of it.
    """
    if theirs.startswith(".") or any(character in theirs for character in "/\\\0"):
        raise NotImported(f"the name {theirs!r} leads to another folder: choose one with --as NAME")
    plain = unicodedata.normalize("NFKD", theirs).encode("ascii", "ignore").decode()
    name = _ELSE.sub("-", plain.lower()).strip("-")[:LONGEST].strip("-")
    if not name:
        raise NotImported(f"{theirs!r} cannot be turned into a name: choose one with --as NAME")
    return name


def title_of(theirs: str) -> str:
    """A name as people would write it."""
    words = " ".join(re.split(r"[\s_-]+", "".join(filter(str.isprintable, theirs)))).strip(" %")
    return words[:1].upper() + words[1:100]


def shortened(value: object, longest: int = 80) -> str:
    """A value as a note can name it."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = " ".join(str(value).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
