"""What the list of sessions shows: read from disk in a thread, put in lines by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sessions import SessionError, SessionStore, SessionSummary, branch_names

_OPENED = 50
"""Sessions whose branches are looked for: those need their whole tree."""

_SHOWN = 500
"""Sessions in the list; typing finds the older ones."""


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session, and its branches where it has several."""

    summary: SessionSummary
    branches: tuple[tuple[str, str], ...] = ()
    """Names, and the turns that they end with."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the list: a day, a session, or one of its branches."""

    words: str
    session: str = ""
    """Nothing for a day."""
    branch: str = ""
    leaf: str = ""
    title: str = ""


class Listing:
    """The sessions of a store. What was read once is not read again before it changes."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._known: dict[str, ListedSession] = {}

    def read(self, store: SessionStore) -> tuple[ListedSession, ...]:
        """All sessions, the last changed first. For one thread at a time.

        Raises:
            SessionError: If the folder cannot be read.
        """
        listed = []
        opened = 0
        for summary in store.list():
            known = self._known.get(summary.id)
            if known is not None and known.summary == summary:
                listed.append(known)
                continue
            one = ListedSession(summary)
            if summary.branches > 1 and opened < _OPENED:
                opened += 1
                one = replace(one, branches=_branches(store, summary.id))
            listed.append(one)
        self._known = {one.summary.id: one for one in listed}
        return tuple(listed)


def _branches(store: SessionStore, session: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(branch_names(store.open(session).session).items())
    except SessionError:
        # It was deleted a moment ago, or the list says why it cannot be read.
        return ()


def lines_of(listed: Sequence[ListedSession], typed: str, today: date) -> tuple[Line, ...]:
    """The lines of a list.

    Args:
        listed: The last changed first.
        typed: Words that titles or names of branches must have; none are all.
        today: Names the days.
    """
    words = typed.casefold().split()
    found = [one for one in listed if _has(one, words)]
    lines = list(_by_day(found[:_SHOWN], today))
    if len(found) > _SHOWN:
        lines.append(Line(f"{len(found) - _SHOWN:,} older: type to find them"))
    return tuple(lines)


def _has(one: ListedSession, words: Sequence[str]) -> bool:
    text = " ".join((one.summary.title, *(name for name, _ in one.branches))).casefold()
    return all(word in text for word in words)


def _by_day(listed: Sequence[ListedSession], today: date) -> Iterator[Line]:
    last = None
    for one in listed:
        summary = one.summary
        day = day_name(summary.updated, today)
        if day != last:
            last = day
            yield Line(day)
        title = summary.title if summary.unreadable is None else f"({summary.unreadable})"
        yield Line(title, summary.id, title=title)
        for name, leaf in one.branches:
            yield Line(name, summary.id, name, leaf, title)


def day_name(moment: datetime, today: date) -> str:
    """The day of a moment, as one would say it."""
    day = moment.astimezone().date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return f"{day:%A}"
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
