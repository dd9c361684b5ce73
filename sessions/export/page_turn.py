"""One turn on the page of a session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sessions.export.markup import Markup, in_words
from sessions.export.transcript import HEADINGS, note_of
from sessions.tree import Session
from sessions.turns import Turn

_RATINGS = {-1: "rated bad", 0: "", 1: "rated good"}


class PageTurns:
    """Turns as HTML, with what the session says of them."""

    def __init__(self, session: Session, markup: Markup) -> None:
        self._session = session
        self._markup = markup
        self._names = defaultdict[str, list[str]](list)
        for name, turn_id in session.branches.items():
            self._names[turn_id].append(name)

    def html(self, turn: Turn) -> str:
        """A turn as an article."""
        return "".join(self._pieces(turn))

    def _pieces(self, turn: Turn) -> Iterator[str]:
        if turn.parent is not None and turn.parent not in self._session.turns:
            yield '<p class="gap">(turns before this one are lost)</p>\n'
        yield f'<article class="turn {turn.role}">\n'
        yield f"<header>{' '.join(self._header(turn))}</header>\n"
        if turn.reasoning:
            yield _folded("Reasoning", self._markup.markdown(turn.reasoning))
        yield f'<div class="content" dir="auto">\n{"".join(self._content(turn))}</div>\n'
        for example in turn.examples:
            text = self._markup.preformatted(example.content)
            yield _folded(f"Example: {HEADINGS[example.role].lower()}", text)
        if turn.error:
            yield f'<p class="error">{in_words(turn.error)}</p>\n'
        yield "</article>\n"

    def _header(self, turn: Turn) -> Iterator[str]:
        yield f"<b>{HEADINGS[turn.role]}</b>{note_of(turn)}"
        if turn.model:
            yield f"<span>{in_words(turn.model)}</span>"
        yield f'<time datetime="{turn.time.isoformat()}">{turn.time:%Y-%m-%d %H:%M}</time>'
        for name in self._names.get(turn.id, ()):
            yield f"<span>branch {in_words(name)}</span>"
        rating = self._session.ratings.get(turn.id)
        if rating is not None and (rating.value or rating.note):
            words = [each for each in (_RATINGS[rating.value], rating.note) if each]
            yield f"<span>{in_words(': '.join(words))}</span>"
        review = self._session.reviews.get(turn.id)
        if review is not None and review.changes:
            taken = sum(change.taken for change in review.changes)
            yield f"<span>{taken} of {len(review.changes)} changes accepted</span>"

    def _content(self, turn: Turn) -> Iterator[str]:
        """The words as Markdown, and each attached text folded in between them."""
        show = self._markup.preformatted if turn.raw else self._markup.markdown
        at = 0
        for part in turn.attachments:
            if part.is_missing:
                continue
            yield show(turn.content[at : part.start])
            at = part.start + part.length
            text = self._markup.preformatted(turn.content[part.start : at])
            yield _folded(in_words(part.name or "attached text"), text)
        yield show(turn.content[at:])


def _folded(label: str, html: str) -> str:
    return f"<details><summary>{label}</summary>\n{html}</details>\n"
