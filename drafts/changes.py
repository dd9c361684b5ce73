"""Where two texts differ, as the smallest changes that make sense alone, in characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from drafts.parts import BREAK, EDGE, Token
from drafts.weaving import NOWHERE, Kept, Weave
from drafts.words import Span, plain_quotes, spoken

Kind: TypeAlias = Literal["words", "marks", "quotes", "whitespace", "sentence", "paragraph"]


@dataclass(frozen=True, slots=True)
class Change:
    """One place where the texts differ."""

    start: int
    end: int
    new_start: int
    new_end: int
    before: int
    """The number of the last kept token before it."""
    after: int
    """The number of the first kept token after it."""
    sentence: int
    """The number of the pair of sentences that all of it is in, else `NOWHERE`."""
    old: str
    new: str
    kind: Kind

    @property
    def foldable(self) -> bool:
        """Whether no word, and no mark but quotation marks, is another than before."""
        return self.kind in ("quotes", "whitespace")


def changes(weave: Weave) -> list[Change]:
    """All that was changed, in order; what is between two changes is the same in both texts."""
    found: list[Change] = []
    for number, (here, following) in enumerate(pairwise(weave.kept)):
        found += _respelled(weave, number, here)
        found += _between(weave, number, here, following)
    return found


def _respelled(weave: Weave, number: int, kept: Kept) -> Iterator[Change]:
    """A word that has other letters, a mark or a break that has another form."""
    old, new = weave.old[kept.old], weave.new[kept.new]
    spans = ((old.start, old.end), (new.start, new.end))
    if weave.old_text[old.start : old.end] != weave.new_text[new.start : new.end]:
        yield _change(weave, spans, (number - 1, number + 1), kept.sentence, [])


def _between(weave: Weave, number: int, here: Kept, following: Kept) -> Iterator[Change]:
    if _is_nothing(weave, here, following):
        return
    for part in _parts(weave, here, following):
        old, new = weave.old[slice(*part.old)], weave.new[slice(*part.new)]
        spans = _without_same_blanks(weave, (part.room, part.new_room), (old, new))
        sentence = _sentence(weave, part, {here.sentence, following.sentence})
        for one, other in _cut(old, new, *spans):
            change = _change(weave, (one, other), (number, number + 1), sentence, [*old, *new])
            # A line's end may end a paragraph in one text only, and is the same line end.
            if change.old != change.new:
                yield change


def _is_nothing(weave: Weave, here: Kept, following: Kept) -> bool:
    """Whether there is the same blank in both texts, as there is nearly everywhere."""
    if following.old - here.old > 1 or following.new - here.new > 1:
        return False
    blank = weave.old_text[weave.old[here.old].end : weave.old[following.old].start]
    return weave.new_text[weave.new[here.new].end : weave.new[following.new].start] == blank


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens between two kept ones, by their numbers, and the room they have in the texts."""

    old: Span
    new: Span
    room: Span
    new_room: Span


def _parts(weave: Weave, here: Kept, following: Kept) -> Iterator[_Part]:
    """What is between two kept tokens; words of a sentence apart from whole ones beside it."""
    start, end = here.old + 1, following.old
    new_start, new_end = here.new + 1, following.new
    first, last = _words(weave.old_sentences, start, end)
    new_first, new_last = _words(weave.new_sentences, new_start, new_end)
    sides = (first > start or new_first > new_start, last < end or new_last < new_end)
    rooms = _rooms(weave.old, (start, first, last, end), sides)
    new_rooms = _rooms(weave.new, (new_start, new_first, new_last, new_end), sides)
    numbers = pairwise((start, first, last, end))
    new_numbers = pairwise((new_start, new_first, new_last, new_end))
    return map(_Part, numbers, new_numbers, rooms, new_rooms)


def _words(sentences: Sequence[int], start: int, end: int) -> Span:
    """The first to the last of the tokens that are words of a sentence; else none at the end."""
    inside = [number for number in range(start, end) if sentences[number] != NOWHERE]
    return (inside[0], inside[-1] + 1) if inside else (end, end)


def _rooms(
    tokens: Sequence[Token], numbers: tuple[int, int, int, int], sides: tuple[bool, bool]
) -> Iterator[Span]:
    """The room of whole sentences, of words and of whole sentences, some of which may be empty."""
    start, first, last, end = numbers
    opens = tokens[first].start if sides[0] else tokens[start - 1].end
    closes = max(opens, tokens[last - 1].end) if sides[1] else tokens[end].start
    return pairwise((tokens[start - 1].end, opens, closes, tokens[end].start))


def _sentence(weave: Weave, part: _Part, around: set[int]) -> int:
    """The pair of sentences that the tokens are in; without tokens, that of those around them."""
    sentences = {
        *weave.old_sentences[slice(*part.old)],
        *weave.new_sentences[slice(*part.new)],
    } or around
    return sentences.pop() if len(sentences) == 1 else NOWHERE


def _change(
    weave: Weave,
    spans: tuple[Span, Span],
    neighbours: tuple[int, int],
    sentence: int,
    tokens: Sequence[Token],
) -> Change:
    (start, end), (new_start, new_end) = spans
    old, new = weave.old_text[start:end], weave.new_text[new_start:new_end]
    kind = _kind(weave, neighbours, tokens) or kind_of(old, new)
    return Change(start, end, new_start, new_end, *neighbours, sentence, old, new, kind)


def _kind(weave: Weave, neighbours: tuple[int, int], tokens: Sequence[Token]) -> Kind | None:
    """Whether paragraphs or sentences came, went or were replaced."""
    if any(token.key == BREAK for token in tokens):
        return "paragraph"
    if not any(token.is_sentence for token in tokens):
        return None
    edges = [weave.old[weave.kept[number].old].key for number in neighbours]
    is_paragraph = len(tokens) > 2 and all(edge in (BREAK, EDGE) for edge in edges)
    return "paragraph" if is_paragraph else "sentence"


def kind_of(old: str, new: str) -> Kind:
    """What differs between two short texts."""
    if old != new and old.isalnum() and new.isalnum():
        return "words"
    if _without_blanks(old) == _without_blanks(new):
        return "whitespace"
    if _without_blanks(plain_quotes(old)) == _without_blanks(plain_quotes(new)):
        return "quotes"
    if spoken(old) == spoken(new):
        return "marks"
    return "words"


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _without_same_blanks(
    weave: Weave, rooms: tuple[Span, Span], tokens: tuple[Sequence[Token], Sequence[Token]]
) -> tuple[Span, Span]:
    """The room between two kept tokens in both texts, without the blanks at its edges that stay.

    Where words come or go, the blank on one side of them comes or goes with them.
    """
    (start, end), (new_start, new_end) = rooms
    lead, trail = _edges(weave.old_text, rooms[0], tokens[0])
    new_lead, new_trail = _edges(weave.new_text, rooms[1], tokens[1])
    same_lead, same_trail = lead == new_lead, trail == new_trail
    if same_lead:
        start, new_start = start + len(lead), new_start + len(lead)
    if same_trail and not (same_lead and not all(tokens)):
        end, new_end = end - len(trail), new_end - len(trail)
    return (start, end), (new_start, new_end)


def _edges(text: str, room: Span, tokens: Sequence[Token]) -> tuple[str, str]:
    """The blanks before the first and after the last of the tokens; all if there is none."""
    if not tokens:
        return text[slice(*room)], text[slice(*room)]
    return text[room[0] : tokens[0].start], text[tokens[-1].end : room[1]]


def _cut(
    old: Sequence[Token], new: Sequence[Token], span: Span, new_span: Span
) -> Iterator[tuple[Span, Span]]:
    """Paragraphs that only came or went, each alone; everything else in one."""
    if span[0] == span[1]:
        for part in _paragraphs(new, new_span):
            yield span, part
    elif new_span[0] == new_span[1]:
        for part in _paragraphs(old, span):
            yield part, new_span
    else:
        yield span, new_span


def _paragraphs(tokens: Sequence[Token], span: Span) -> Iterator[Span]:
    """The span parted where paragraphs are."""
    cuts: list[int] = []
    if tokens and tokens[-1].key == BREAK:
        cuts = [token.end for token in tokens[:-1] if token.key == BREAK]
    elif tokens and tokens[0].key == BREAK:
        cuts = [token.start for token in tokens[1:] if token.key == BREAK]
    yield from pairwise([span[0], *cuts, span[1]])
