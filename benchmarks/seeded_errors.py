"""Puts errors into prose that has none, the same ones for the same seed.

What people get wrong: misspellings as `codespell` collects them, words that sound alike, agreement,
tense, doubled and dropped words. In speech there are only slips of the keyboard, because what
sounds wrong there may be meant.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec

from drafts.spans import quotations

Misspellings = Mapping[str, Sequence[str]]
"""The ways in which words are misspelt."""

KINDS = ("misspelling", "confusion", "agreement", "tense", "doubled", "dropped")

_WEIGHTS = (35, 22, 15, 10, 8, 10)

_PER_HUNDRED = (3.0, 6.0)
"""Errors in a hundred words, from and to."""

_APART = 2
"""Right words between two errors, at least."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_CONFUSED = (
    *("their there", "there their", "its it's", "it's its", "then than", "than then"),
    *("affect effect", "effect affect", "lose loose", "to too", "too to", "your you're"),
    *("you're your", "were where", "where were", "of off", "off of", "quite quiet", "quiet quite"),
    *("here hear", "know no", "whose who's", "passed past", "accepted excepted", "except accept"),
    *(
        "advice advise",
        "whether weather",
        "whole hole",
        "piece peace",
        "write right",
        "right write",
    ),
    *("through threw", "threw through", "principal principle", "led lead", "wear where"),
    *(
        "sent send",
        "lost lose",
        "they're their",
        "who's whose",
        "by buy",
        "which witch",
        "hour our",
    ),
    *("been being", "an a", "much many", "knew new", "new knew", "two too", "week weak"),
)
_AGREEMENT = (
    *("was were", "were was", "is are", "are is", "has have", "have has", "does do"),
    *("these this", "those that", "gives give", "tells tell", "says say", "leads lead"),
    *("keeps keep", "smells smell", "belongs belong", "runs run", "makes make", "lies lie"),
    *("sounds sound", "suggests suggest", "wants want"),
)
_TENSE = (
    *("written wrote", "seen saw", "taken took", "gone went", "come came", "known knew"),
    *("broken broke", "given gave", "spoken spoke", "chosen chose", "driven drove", "worn wore"),
    *("saw seen", "took taken", "went gone", "gave given", "knew known", "spoke spoken"),
    *("chose chosen", "drove driven", "sang sung", "rose risen", "came come", "grew grown"),
)
_DOUBLED = frozenset(
    [
        *("the", "a", "an", "of", "to", "in", "and", "on", "for", "with", "at", "was", "is", "it"),
        *("by", "from", "as", "his", "her", "we"),
    ]
)
_DROPPED = frozenset(["a", "an", "the", "of", "to", "is", "are"])

_SUBJECT = re.compile(r"\b(?:he|she|it|had|has|have|was|were|been|be)\s+\Z", re.IGNORECASE)
_PAST = re.compile(r"([a-z]+(?:ck|nt|sk|sh|ch|rk|lk|rt|eat|ss|gh|ow|it))ed")
"""Such as are certainly a present tense without their end."""


@dataclass(frozen=True, slots=True)
class Error:
    """A stretch of the right text, and what stands there in the wrong one."""

    kind: str
    start: int
    end: int
    wrong: str


_Maker = Callable[[str, "re.Match[str]", Misspellings], Sequence[str]]


def has_codespell() -> bool:
    """Whether the dictionary of misspellings is installed."""
    return find_spec("codespell_lib") is not None


@cache
def misspellings() -> Misspellings:
    """The words of codespell's dictionary that are the only thing their misspelling can mean.

    Raises:
        ModuleNotFoundError: If codespell is not installed.
    """
    dictionary = files("codespell_lib").joinpath("data").joinpath("dictionary.txt")
    return misspellings_in(dictionary.read_text("utf-8"))


def misspellings_in(dictionary: str) -> Misspellings:
    """The same from lines like `recieve->receive`."""
    found: dict[str, list[str]] = {}
    for line in dictionary.splitlines():
        wrong, _, right = line.partition("->")
        if wrong.isalpha() and right.isalpha() and len(right) > 3:
            found.setdefault(right, []).append(wrong)
    return found


def with_errors(text: str, chance: random.Random, known: Misspellings) -> tuple[str, list[Error]]:
    """A paragraph with three to six errors in a hundred words, and what they are, in order."""
    words = len(_WORD.findall(text))
    most = round(words * chance.uniform(*_PER_HUNDRED) / 100)
    possible = {kind: list(_possible(kind, text, known)) for kind in KINDS}
    errors: list[Error] = []
    while len(errors) < most and any(possible.values()):
        kinds = [kind for kind in KINDS if possible[kind]]
        weights = [_WEIGHTS[KINDS.index(kind)] for kind in kinds]
        kind = chance.choices(kinds, weights)[0]
        error = possible[kind].pop(chance.randrange(len(possible[kind])))
        if all(_are_apart(text, error, other) for other in errors):
            errors.append(error)
    errors.sort(key=lambda error: error.start)
    return applied(text, errors), errors


def applied(text: str, errors: Sequence[Error]) -> str:
    """The text with the errors in it, which are in order."""
    for error in reversed(errors):
        text = f"{text[: error.start]}{error.wrong}{text[error.end :]}"
    return text


def _possible(kind: str, text: str, known: Misspellings) -> Iterator[Error]:
    speech = list(quotations(text))
    for word in _WORD.finditer(text):
        is_said = any(start <= word.start() < end for start, end in speech)
        if is_said and kind not in ("misspelling", "doubled"):
            continue
        for wrong in _MAKERS[kind](text, word, known):
            # A dropped word takes the blank after it along.
            end = word.end() + (kind == "dropped")
            yield Error(kind, word.start(), end, wrong)


def _are_apart(text: str, one: Error, other: Error) -> bool:
    first, second = sorted((one, other), key=lambda error: error.start)
    return len(_WORD.findall(text[first.end : second.start])) >= _APART


def _misspelt(text: str, word: re.Match[str], known: Misspellings) -> Sequence[str]:
    """One of the ways, chosen by what stands before: each place has one error of a kind."""
    if word[0][0].isupper() and not _begins_sentence(text, word):
        return ()
    ways = known.get(word[0].lower(), ())
    return [_cased(ways[word.start() % len(ways)], word[0])] if ways else ()


def _replaced(pairs: Sequence[str]) -> _Maker:
    others = dict(pair.split() for pair in pairs)

    def make(text: str, word: re.Match[str], known: Misspellings) -> Sequence[str]:
        other = others.get(word[0].lower())
        return [_cased(other, word[0])] if other else ()

    return make


def _in_another_tense(text: str, word: re.Match[str], known: Misspellings) -> Sequence[str]:
    if irregular := _replaced(_TENSE)(text, word, known):
        return irregular
    past = _PAST.fullmatch(word[0])
    return [past[1]] if past and _SUBJECT.search(text, 0, word.start()) else ()


def _doubled(text: str, word: re.Match[str], known: Misspellings) -> Sequence[str]:
    return [f"{word[0]} {word[0]}"] if word[0] in _DOUBLED else ()


def _dropped(text: str, word: re.Match[str], known: Misspellings) -> Sequence[str]:
    is_inside = text[word.end() : word.end() + 1].isspace()
    return [""] if word[0] in _DROPPED and is_inside else ()


_MAKERS: Mapping[str, _Maker] = {
    "misspelling": _misspelt,
    "confusion": _replaced(_CONFUSED),
    "agreement": _replaced(_AGREEMENT),
    "tense": _in_another_tense,
    "doubled": _doubled,
    "dropped": _dropped,
}


def _cased(word: str, like: str) -> str:
    return word[0].upper() + word[1:] if like[0].isupper() else word


def _begins_sentence(text: str, word: re.Match[str]) -> bool:
    return re.search(r"(?:\A|[.!?:][\"'”’]?\s|[\"“‘])\Z", text[: word.start()]) is not None
