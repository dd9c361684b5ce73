"""Which changes depend on each other, so that a person takes or leaves them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, pairwise, zip_longest

import regex

from drafts.changes import Change
from drafts.parts import BREAK
from drafts.weaving import NOWHERE, Kept, Weave
from drafts.words import letter_count, likeness, spoken

_CLOSE = 3
"""Letters of a kept word between two changes that are one."""

_MARKS_BETWEEN = 5
"""Kept marks after which changes are not close, whatever they are."""

_REWRITTEN = 0.5
"""Share of a sentence's words above which its changes are one."""

_PARENTHESIS = 5
"""Kept words between two commas or dashes that came or went together."""

_TELLING = 4
"""Letters of a word that does not go here and come there by chance."""

_NEAR = 8
"""Changes after one that are looked at for its other half."""

_BOTH_SIDES = regex.compile(r"[,*_~`\"']+|[-–—]+")
"""Marks that end a parenthesis as they begin it."""

_EMPHASIS = regex.compile(r"[*_~`]+")


def grouped(weave: Weave, found: Sequence[Change]) -> list[Sequence[Change]]:
    """The changes in runs that belong together."""
    joined = [False] * len(found)
    for first, last in _Grouping(weave, found, _kept_words(weave)).spans():
        joined[first + 1 : last + 1] = [True] * (last - first)
    starts = [number for number, is_joined in enumerate(joined) if not is_joined]
    return [found[start:end] for start, end in pairwise([*starts, len(found)])]


def _kept_words(weave: Weave) -> Counter[int]:
    """How many words each pair of sentences has in common."""
    counts: Counter[int] = Counter()
    for kept in weave.kept:
        old = weave.old[kept.old]
        if old.key == weave.new[kept.new].key:
            counts[kept.sentence] += old.weight
    return counts


@dataclass(frozen=True, slots=True)
class _Grouping:
    weave: Weave
    found: Sequence[Change]
    kept_words: Counter[int]

    def spans(self) -> Iterator[tuple[int, int]]:
        """The first and the last of changes that are one; such spans may overlap."""
        yield from self._lines()
        telling = [number for number, one in enumerate(self.found) if not one.foldable]
        for number, other in pairwise(telling):
            if self._are_close(self.found[number], self.found[other]):
                yield number, other
        for sentence, run in groupby(telling, key=lambda number: self.found[number].sentence):
            if sentence != NOWHERE:
                yield from self._in_sentence(sentence, list(run))
        yield from self._moved_sentences(telling)

    def _between(self, one: Change, other: Change) -> Sequence[Kept]:
        return self.weave.kept[one.after : other.before + 1]

    def _words_between(self, one: Change, other: Change) -> int:
        return sum(self.weave.old[kept.old].weight for kept in self._between(one, other))

    def _lines(self) -> Iterator[tuple[int, int]]:
        """Ends of lines that moved in one paragraph: it was wrapped anew."""
        for number, (one, other) in enumerate(pairwise(self.found)):
            line_ends = _moves_line_end(one) and _moves_line_end(other)
            if line_ends and BREAK not in self._keys_between(one, other):
                yield number, number + 1

    def _are_close(self, one: Change, other: Change) -> bool:
        if (one.before, one.after) == (other.before, other.after):
            # Paragraphs that came or went one after the other.
            return False
        if not self._between(one, other):
            # A whole paragraph or sentence does not depend on words of the one beside it.
            return one.sentence == other.sentence or not (_is_large(one) or _is_large(other))
        apart = one.sentence == NOWHERE or one.sentence != other.sentence
        if apart or other.before - one.after > _MARKS_BETWEEN:
            return False
        kept = [self.weave.old[kept.old] for kept in self._between(one, other)]
        lengths = [token.end - token.start for token in kept if token.weight]
        if not lengths:
            return True
        is_phrase = _is_phrase(one) or _is_phrase(other)
        return is_phrase and len(lengths) == 1 and lengths[0] <= _CLOSE

    def _in_sentence(self, sentence: int, run: Sequence[int]) -> Iterator[tuple[int, int]]:
        if len(run) == 1:
            return
        found = [self.found[number] for number in run]
        kept = 2 * self.kept_words[sentence]
        is_rewritten = kept < (1 - _REWRITTEN) * self.weave.sizes[sentence]
        # A sentence full of misspelt words is not one that was put in other words.
        if is_rewritten and sum(map(_is_phrase, found)) > 1:
            yield run[0], run[-1]
            return
        yield from self._moves(run)
        yield from self._parentheses(run)

    def _moves(self, run: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Words of a sentence that went to another place in it."""
        words = [
            (set[str](), set[str]())  # it went nowhere
            if _is_in_place(change)
            else (_vocabulary(change.old), _vocabulary(change.new))
            for change in (self.found[number] for number in run)
        ]
        for place, (gone, come) in enumerate(words):
            for later, (gone_later, come_later) in enumerate(words[place + 1 : place + _NEAR]):
                if gone.isdisjoint(come_later) and come.isdisjoint(gone_later):
                    continue
                if _is_move(gone, come_later) or _is_move(come, gone_later):
                    yield run[place], run[place + 1 + later]

    def _parentheses(self, run: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Marks of a sentence that came or went in pairs."""
        marks = [place for place, number in enumerate(run) if _may_be_mark(self.found[number])]
        for at, place in enumerate(marks):
            for later in marks[at + 1 : at + _NEAR]:
                one, other = self.found[run[place]], self.found[run[later]]
                if later - place < _NEAR and self._is_parenthesis(one, other):
                    yield run[place], run[later]

    def _is_parenthesis(self, one: Change, other: Change) -> bool:
        """Whether a mark before some words and its partner after them changed together."""
        if _EMPHASIS.fullmatch(one.old) and (one.old, one.new) == (other.old, other.new):
            return True
        if bool(one.old.strip()) != bool(other.old.strip()):
            return False
        opening, closing = _only_side(one), _only_side(other)
        if not opening or not closing:
            return False
        if opening == closing and _BOTH_SIDES.fullmatch(opening):
            return opening[0] not in ",-–—" or self._words_between(one, other) <= _PARENTHESIS
        return opening + closing in ("()", "[]", "“”", "‘’", "«»", "„“", "{}")

    def _moved_sentences(self, telling: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Sentences of a paragraph that went to another place, or into the sentence beside them."""
        for place, number in enumerate(telling):
            one = self.found[number]
            for later, other in enumerate(telling[place + 1 : place + _NEAR]):
                change = self.found[other]
                if "sentence" not in (one.kind, change.kind):
                    continue
                if BREAK in self._keys_between(one, change):
                    break
                if _is_moved(one, change) or (later == 0 and _shares_words(one, change)):
                    yield number, other

    def _keys_between(self, one: Change, other: Change) -> list[str]:
        return [self.weave.old[kept.old].key for kept in self._between(one, other)]


def _moves_line_end(change: Change) -> bool:
    newline = any(mark in change.old + change.new for mark in "\r\n")
    return change.kind == "whitespace" and newline


def _only_side(change: Change) -> str:
    """What came, if nothing went; what went, if nothing came."""
    old, new = change.old.strip(), change.new.strip()
    return "" if old and new else old or new


def _may_be_mark(change: Change) -> bool:
    """Whether it can be half of a parenthesis: most changes have words on both sides."""
    return bool(_only_side(change)) or _EMPHASIS.fullmatch(change.old) is not None


def _is_large(change: Change) -> bool:
    return change.kind in ("paragraph", "sentence")


def _is_phrase(change: Change) -> bool:
    """Whether it is more than one word that went or came."""
    return any(len(spoken(text)) > 1 for text in (change.old, change.new))


def _is_in_place(change: Change) -> bool:
    """Whether each word may be another form of the one that it stands for, as `were` is of `was`:
    both begin alike."""
    pairs = zip_longest(spoken(change.old.casefold()), spoken(change.new.casefold()), fillvalue="")
    return all(old[:1] == new[:1] for old, new in pairs)


def _vocabulary(text: str) -> set[str]:
    return {word.casefold() for word in spoken(text)}


def _is_move(gone: Set[str], come: Set[str]) -> bool:
    """Whether words that went are among those that came."""
    shared = gone & come
    return len(shared) > 1 or _telling(shared) >= _TELLING


def _shares_words(one: Change, other: Change) -> bool:
    """Whether telling words went here and came there, or the other way round."""
    for gone, come in ((one.old, other.new), (other.old, one.new)):
        if _telling(_vocabulary(gone) & _vocabulary(come)) > _TELLING:
            return True
    return False


def _telling(shared: Set[str]) -> int:
    """Letters of the words that are not too short to be somewhere by chance."""
    lengths = map(letter_count, shared)
    return sum(length for length in lengths if length >= _TELLING)


def _is_moved(one: Change, other: Change) -> bool:
    for gone, come in ((one.old, other.new), (other.old, one.new)):
        if gone.strip() and likeness(gone) in likeness(come):
            return True
    return False
