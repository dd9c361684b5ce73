"""Judges a model's answer before anyone sees it as a revision.

What is certain is mended. Whatever else looks wrong is said in words; such a revision is shown, and
is not taken unless the person says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from drafts.chatter import REPLY, are_alike, begins, shown, without_chatter, words_of
from drafts.endings import elided, ending
from drafts.locks import FIXED, Lock, LockKind, check_locks
from drafts.oddities import is_hidden, oddities
from drafts.repairs import repair
from drafts.sentences import sentences
from drafts.structure import structure_changes

LanguagesDiffer: TypeAlias = Callable[[str, str], tuple[str, str] | None]
"""Names the languages of two texts where they are certainly not the same."""

_FEWEST = 4
"""Words by which a text may be shorter or longer, whatever share of it they are."""

_ENOUGH = 8
"""Words of which a few are there by chance."""

_REFUSAL = re.compile(
    r"\W{0,3}(?:i['’]?m sorry|i am sorry|sorry,|i can(?:not|['’]t)|i['’]m (?:unable|not able)"
    r"|as an ai|i apologi[sz]e|es tut mir leid|je suis désolé|lo siento|mi dispiace|抱歉|申し訳)",
    re.IGNORECASE,
)
_UNWRITABLE = re.compile(r"[\0\ud800-\udfff]")
_QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“"}
"""Opening marks with those that close what they open; an apostrophe closes too much to be one."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the instruction allows to change."""

    least: float | None = 0.7
    """Share of the original's words that there must be; None where it asks for fewer."""
    most: float | None = 1.5
    """Share of the original's words that there may be; None where it asks for more."""
    is_free: bool = False
    """Whether the text may become another one, as in a translation or a poem."""
    is_correction: bool = False
    """Whether only mistakes are corrected, so that any other change is doubtful."""
    min_gain: float | None = None
    """How many nats likelier a change must make the text not to be doubtful; None does not ask the
    model."""
    near: float | None = None
    """Within how many nats of the text's own words others are tried that the model did not propose;
    None tries none."""
    locks: Collection[LockKind] = FIXED
    """What must come back as it is."""
    languages_differ: LanguagesDiffer | None = None
    """Tells languages apart; None where another language is asked for, or none can be told."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer as a revision."""

    text: str
    """Mended, with the blanks around it that the original has; the original itself where there is
    nothing that could be written."""
    mended: tuple[str, ...]
    """What was taken away or put in again, in words."""
    flags: tuple[str, ...]
    """What is wrong with it, in words; not to be taken unseen unless there are none."""
    lost: tuple[Lock, ...] = ()
    """The locks that did not come back."""
    begin: int | None = None
    """Where in the answer the text stands, in characters; None where it was mended, and so stands
    nowhere in it."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is known to be wrong with it."""
        return not self.flags


def judge(
    original: str,
    answer: str,
    *,
    is_complete: bool = True,
    markdown: bool = True,
    allowed: Allowed | None = None,
) -> Verdict:
    """Judges the answer to a request to revise a text.

    Args:
        original: What was to be revised.
        answer: Without the model's reasoning.
        is_complete: Whether the model itself ended it.
        markdown: Whether the text is Markdown, whose structure has to stay.
        allowed: What the instruction allows; little, if not given.
    """
    allowed = allowed or Allowed()
    place, taken = without_chatter(original, answer)
    mended = [f"took away {each}" for each in taken]
    text = answer[slice(*place)]
    if flag := _no_text(original, text):
        return Verdict(original, (), (flag,), ())
    text = _with_edges(original, text)
    if allowed.is_correction and (quoted := _with_quotes(original, text)) is not None:
        text = quoted
        mended.append("put back the quotation marks around it")
    mending = repair(original, text, allowed.locks)
    text = mending.text
    mended += [f"put back {shown(lock.text)}" for lock in mending.repaired]
    flags = [
        *(["it was cut off before its end"] if not is_complete else []),
        *_flags(original, text, allowed),
        *_lock_flags(original, text, allowed),
        *(structure_changes(original, text) if markdown and not allowed.is_free else []),
    ]
    blanks = len(text) - len(text.lstrip())
    begin = max(0, place[0] - blanks)
    is_there = answer.startswith(text, begin)
    return Verdict(text, tuple(mended), tuple(flags), mending.lost, begin if is_there else None)


def _no_text(original: str, text: str) -> str | None:
    if is_hidden(text) or (words_of(original) and not words_of(text)):
        return "it is empty"
    return "it has characters that no text file can hold" if _UNWRITABLE.search(text) else None


def _with_edges(original: str, text: str) -> str:
    words = original.strip()
    before, _, after = original.partition(words) if words else ("", "", "")
    return f"{before}{text.strip()}{after}"


def _with_quotes(original: str, text: str) -> str | None:
    """The text in the quotation marks around the whole original, where it has lost just these."""
    words = original.strip()
    begin, end = words[:1], _QUOTES.get(words[:1])
    if end is None or len(words) < 3 or words[-1] != end:
        return None
    if any(mark in words[1:-1] or mark in text for mark in (begin, end)):
        return None
    return _with_edges(original, f"{begin}{text.strip()}{end}")


def _flags(original: str, text: str, allowed: Allowed) -> Iterator[str]:
    yield from oddities(original, text, is_free=allowed.is_free)
    reply = REPLY.match(text.lstrip())
    if reply and not begins(original, reply[0]):
        yield "it begins like a reply to you, not like the text"
    if _REFUSAL.match(text.lstrip()) and not _REFUSAL.match(original.lstrip()):
        yield "it begins like a refusal"
    yield from elided(original, text)
    if not allowed.is_free:
        yield from ending(original, text, may_shrink=allowed.least is None)
    yield from _length(len(words_of(original)), len(words_of(text)), allowed)
    yield from _repetition(original, text)
    if not allowed.is_free and _is_another(original, text):
        yield "it has hardly a word of the original"
    differ = allowed.languages_differ(original, text) if allowed.languages_differ else None
    if differ:
        yield f"it is in {differ[1]}, and the original in {differ[0]}"


def _length(before: int, after: int, allowed: Allowed) -> Iterator[str]:
    if abs(before - after) < _FEWEST or not before:
        return
    if allowed.least is not None and after < before * allowed.least:
        yield f"it has {after:,} of {before:,} words"
    if allowed.most is not None and after > before * allowed.most:
        yield f"it has {after:,} words, the original {before:,}"


def _repetition(original: str, text: str) -> Iterator[str]:
    ours, theirs = words_of(original), words_of(text)
    half = theirs[: len(theirs) // 2]
    if theirs == half * 2 and len(half) >= len(ours) > 0:
        yield "it is there twice"
        return
    before = Counter(" ".join(words_of(each)) for each in sentences(original))
    after = Counter(" ".join(words_of(each)) for each in sentences(text))
    for sentence, count in (after - before).items():
        if count > 1 and len(sentence.split()) > 2:
            yield f"it repeats itself: {shown(sentence)}"
            return


def _is_another(original: str, text: str) -> bool:
    before, after = set(words_of(original)), set(words_of(text))
    if len(before) >= _ENOUGH:
        return len(before & after) * 6 < min(len(before), len(after))
    pairs = ((mine, other) for mine in before for other in after)
    return len(before) > 1 and not any(are_alike(mine, other) for mine, other in pairs)


def _lock_flags(original: str, text: str, allowed: Allowed) -> Iterator[str]:
    check = check_locks(original, text, allowed.locks)
    for lock in check.lost:
        yield f"it lost {shown(lock.text)}"
    for lock in check.added:
        if lock.kind in FIXED:
            yield f"it added {shown(lock.text)}"
    if not check.is_in_order:
        yield "links, code or other things that must stay changed their places"
