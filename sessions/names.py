"""Which sessions a person means by a few letters: of an id, a title, or a word in one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from sessions.summary import SessionSummary


def ids_named(query: str, names: Mapping[str, str], shortest: int) -> list[str]:
    """The ids whose name is the query or, if there are none, begins with it."""
    exact = [session_id for session_id, name in names.items() if name == query]
    if exact or len(query) < shortest:
        return exact
    return [session_id for session_id, name in names.items() if name.startswith(query)]


def ids_titled(query: str, titles: Mapping[str, str], *, by_word: bool) -> list[str]:
    """The ids whose title is the query or, if there are none, begins with it or, if there are none,
    has a word that does."""
    folded = {session_id: title.casefold() for session_id, title in titles.items()}
    if (found := ids_named(query, folded, 1)) or not by_word or not query:
        return found
    word = re.compile(rf"(?<!\w){re.escape(query)}")
    return [session_id for session_id, title in folded.items() if word.search(title)]


def nearest(query: str, summaries: Sequence[SessionSummary]) -> list[str]:
    """Titles and ids that are spelled almost like the query, best first."""
    names = {summary.title.casefold(): summary.title for summary in summaries}
    names |= {summary.id.casefold(): summary.id for summary in summaries}
    return [names[name] for name in difflib.get_close_matches(query.casefold(), names)]
