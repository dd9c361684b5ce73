"""Points out what a person may not want to give away: who they are on their machine, and keys.

It looks for a few forms that are hardly ever anything else. That it finds nothing means nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from sessions.records import Rating, Review
from sessions.turns import Turn

FindingKind: TypeAlias = Literal["home folder", "key"]

_SHOWN = 4
"""Characters of what was found that are shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a turn that it may be better to take out."""

    turn: str
    """The turn's id."""
    kind: FindingKind
    excerpt: str
    """The beginning of it: not enough to be of use to anybody."""


def findings_in(
    turns: Iterable[Turn],
    ratings: Mapping[str, Rating] = {},
    reviews: Mapping[str, Review] = {},
    *,
    with_asides: bool = True,
) -> list[Finding]:
    """What may be private in turns, in their order; what looks the same is in a turn once.

    Args:
        turns: Where to look.
        ratings: Whose notes belong to the turns, by their ids.
        reviews: Likewise, with the words that the person put in place of proposed ones.
        with_asides: Whether to look at more than contents and examples.
    """
    found: dict[Finding, None] = {}
    for turn in turns:
        asides = _asides(turn, ratings.get(turn.id), reviews.get(turn.id)) if with_asides else ()
        for text in (turn.content, *(each.content for each in turn.examples), *asides):
            found.update(dict.fromkeys(_findings(turn.id, text)))
    return list(found)


def _asides(turn: Turn, rating: Rating | None, review: Review | None) -> Iterator[str]:
    yield from (turn.reasoning, turn.error or "")
    yield from (str(value) for value in turn.variables.values())
    if turn.limits is not None:
        yield from (turn.limits.schema or "", turn.limits.grammar or "")
    if rating is not None:
        yield rating.note
    if review is not None:
        yield from (change.final or "" for change in review.changes)
    if turn.extra:
        yield json.dumps(turn.extra, default=str, ensure_ascii=False)


def _findings(turn: str, text: str) -> Iterator[Finding]:
    for pattern in (_HOME, _WINDOWS_HOME):
        for match in pattern.finditer(text):
            name = match["name"].lower()
            if name not in _NOBODY and not name.endswith(_PAGES):
                excerpt = f"{match['root']}{match['name'][:_SHOWN]}…"
                yield Finding(turn, "home folder", excerpt)
    for form in _KEYS:
        for match in form.pattern.finditer(text):
            key = match[form.group]
            if not form.must_be_random or _is_random(key):
                yield Finding(turn, "key", f"{key[:_SHOWN]}…")
    for match in _PRIVATE_KEY.finditer(text):
        yield Finding(turn, "key", f"{match[0]}…")


_NAME = r"(?P<name>[^\W\d](?:[\w.-]{0,30}\w)?)"
_HOME = re.compile(
    # A path of an address on the web is none of a machine's, but for those of file://.
    rf"(?:(?<![\w.~%@}}/-])(?<!\b[A-Za-z]:)|(?<=file://))(?P<root>/(?:home|Users)/){_NAME}(?![\w(-])"
)
_WINDOWS_HOME = re.compile(
    rf"(?P<root>\b[A-Za-z]:[\\/]{{1,2}}Users[\\/]{{1,2}}){_NAME}", re.IGNORECASE
)
_NOBODY = {
    *("user", "username", "user_name", "your_username", "yourname", "your-name", "you", "name"),
    *("default", "public", "shared", "all", "runner", "me"),
}
"""Names in home folders that examples and systems use, in small letters."""

_PAGES = (".html", ".htm", ".php", ".js", ".css")
"""How names end on a server that has pages under ``/home``."""


class _Key(NamedTuple):
    pattern: re.Pattern[str]
    must_be_random: bool = False
    """Whether the form alone says too little: words can have it too."""
    group: int = 0


_START = r"(?<![\w-])"
_ASSIGNED = r"""["']?\s{0,8}(?::=?|=>?)\s{0,8}["'`]?"""
"""Between a name and its value, in JSON, YAML, shells and programs."""

_KEYS = (
    _Key(re.compile(_START + r"sk-[\w-]{20,512}"), must_be_random=True),
    _Key(re.compile(_START + r"gh[pousr]_[A-Za-z0-9]{30,255}")),
    _Key(re.compile(_START + r"github_pat_\w{22,255}")),
    _Key(re.compile(_START + r"glpat-[\w-]{20,64}")),
    _Key(re.compile(_START + r"hf_[A-Za-z0-9]{30,64}")),
    _Key(re.compile(_START + r"[sr]k_live_[A-Za-z0-9]{16,128}")),
    _Key(re.compile(_START + r"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])")),
    _Key(re.compile(_START + r"xox[abeprs]-[A-Za-z0-9-]{10,255}"), must_be_random=True),
    _Key(re.compile(_START + r"AIza[\w-]{35}(?![\w-])")),
    _Key(
        re.compile(
            rf"authorization{_ASSIGNED}(?:bearer|basic|token)\s{{1,8}}([\w.~+/-]{{8,4096}}=*)",
            re.IGNORECASE,
        ),
        must_be_random=True,
        group=1,
    ),
    _Key(
        re.compile(
            # No points and brackets: those are in expressions. Then the value is over.
            r"(?:api[_-]?key|access[_-]?key|token|passwo?r?d|secret(?:[_-]?key)?)"
            rf"{_ASSIGNED}([\w~+/=@!#%^&*-]{{8,512}})(?=[\s\"'`,;)}}\]]|$)",
            re.IGNORECASE,
        ),
        must_be_random=True,
        group=1,
    ),
)
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY")


def _is_random(value: str) -> bool:
    """Whether a value is more like one that was drawn than like a name or a number.

    Drawn ones have digits among their letters (of 62 characters, 16 are without one in 6 of 100),
    and hardly repeat themselves: 3 bits a character is eight of them in turn.
    """
    digits = sum(each.isdigit() for each in value)
    letters = sum(each.isalpha() for each in value)
    if digits < max(2, len(value) // 16) or letters < 2:
        return False
    return _bits(value) >= (3 if len(value) >= 12 else 2.5)


def _bits(value: str) -> float:
    """The entropy of a character, by how often each occurs."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)
