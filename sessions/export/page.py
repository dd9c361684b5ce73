"""``html``: the tree of a session on one page that needs nothing else and asks nobody.

The branch in use is in one column. Where others part from it they are folded in before it goes on,
and theirs in them, so that a page is only as deep as branches are that were left for another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sessions.export.markup import Markup, in_words
from sessions.export.page_turn import PageTurns
from sessions.tree import Session, first_words
from sessions.turns import Turn

_STYLE = Path(__file__).with_name("page.css")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Nothing is loaded and nothing runs, whatever the contents turn out to be."""


@dataclass(frozen=True, slots=True)
class _After:
    """The turns that follow one, yet to be put on the page; None is the beginning."""

    turn: str | None


_Part: TypeAlias = str | _After


def to_page(session: Session, leaf: str | None = None) -> str:
    """The session as a page of HTML, without deleted turns.

    Args:
        session: What is exported.
        leaf: Where the branch ends that is not folded in; None is the head.

    Raises:
        UnknownTurn: If there is no turn `leaf`.
    """
    title = in_words(session.display_title)
    created = f"{session.created:%Y-%m-%d %H:%M %Z}"
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="">\n<head>\n<meta charset="utf-8">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n',
            '<meta name="referrer" content="no-referrer">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f"<title>{title}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n",
            f'</head>\n<body>\n<h1 dir="auto">{title}</h1>\n<p class="about">{created}</p>\n',
            *_Tree(session, leaf).parts(),
            "</body>\n</html>\n",
        )
    )


class _Tree:
    """Lays out the turns of a session."""

    def __init__(self, session: Session, leaf: str | None) -> None:
        self._session = session
        self._leaf = session.head if leaf is None else leaf
        self._open = {turn.id for turn in session.path(leaf)}
        self._turns = PageTurns(session, Markup())

    def parts(self) -> Iterator[str]:
        """The pieces of the page in their order. No recursion: a tree may be deeper than that."""
        waiting: list[_Part] = [_After(None)]
        while waiting:
            part = waiting.pop()
            if isinstance(part, str):
                yield part
            else:
                waiting += reversed(list(self._following(part.turn)))

    def _following(self, turn_id: str | None) -> Iterator[_Part]:
        """What follows a turn: other branches first, so that the one gone on with stays last."""
        turns = self._session.children(turn_id)
        main = self._main(turn_id, turns)
        for number, turn in enumerate(turns, start=1):
            if turn is not main:
                run = self._run(turn)
                yield self._fold(turns, number, is_open=False)
                yield from map(self._turns.html, run)
                yield _After(run[-1].id)
                yield "</details>\n"
        if main is None:
            return
        run = self._run(main)
        if len(turns) > 1:
            yield self._fold(turns, turns.index(main) + 1, is_open=True)
        yield from map(self._turns.html, run)
        if len(turns) > 1:
            yield "</details>\n"
        yield _After(run[-1].id)

    def _main(self, turn_id: str | None, following: Sequence[Turn]) -> Turn | None:
        """The turn that the branch goes on with; None where the one in use ends."""
        for turn in following:
            if turn.id in self._open:
                return turn
        is_end = turn_id == self._leaf
        return following[-1] if following and not is_end else None

    def _run(self, turn: Turn) -> list[Turn]:
        """A turn and those after it, up to where the branch parts or ends."""
        run = [turn]
        while len(following := self._session.children(run[-1].id)) == 1:
            if self._main(run[-1].id, following) is None:
                break
            run += following
        return run

    def _fold(self, siblings: Sequence[Turn], number: int, *, is_open: bool) -> str:
        """The beginning of a branch that can be folded in, and what it says when it is."""
        words = siblings[number - 1].content.strip()
        start = in_words(first_words(words)) if words else ""
        opened = " open" if is_open else ""
        label = f"Branch {number} of {len(siblings)}" if len(siblings) > 1 else "What followed"
        return f'<details class="branch"{opened}><summary>{label}: {start}</summary>\n'
