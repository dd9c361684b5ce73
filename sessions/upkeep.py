"""Keeps the index up with the files: what changed since it was last looked at is read again."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone

from sessions.errors import reason_of
from sessions.folder import FileStamp, SessionFolder
from sessions.index import IndexLost, SessionIndex
from sessions.reading import SessionReader, new_session
from sessions.search import Hit, Search
from sessions.summary import SessionSummary, summary_of

_AT_ONCE = 200
"""Sessions whose words are indexed in one transaction."""

_LAST_SECOND = datetime.max.replace(tzinfo=timezone.utc)


class IndexUpkeep:
    """Lists and searches sessions by an index that is brought up to date first."""

    def __init__(self, folder: SessionFolder, index: SessionIndex, reader: SessionReader) -> None:
        self._folder = folder
        self._index = index
        self._reader = reader

    def summaries(self, limit: int | None = None) -> Sequence[SessionSummary]:
        """The sessions, the last changed first; those whose files have changed are read.

        Args:
            limit: Only so many; None is all.

        Raises:
            UnsafeStore, ReadFailed: If the folder cannot be used.
        """
        found = self._folder.files()
        files = sorted(found, reverse=True) if limit is None else heapq.nlargest(limit, found)
        ids = [file.id for file in files]
        fresh = self._index.stamps(ids)
        known = self._index.summaries(ids)
        changed = {file: self._summarise(file) for file in files if file not in fresh}
        for file, summary in changed.items():
            known.pop(file.id, None)
            if summary is not None:
                known[file.id] = summary
        self._keep_summaries(changed)
        return [known[session_id] for session_id in ids if session_id in known]

    def search(self, search: Search, progress: Callable[[int, int], None] | None) -> Sequence[Hit]:
        """The turns that have certain words, the best first; see `SessionStore.search`."""
        try:
            self._make_searchable(progress)
            return self._index.search(search)
        except IndexLost:
            # The one that took its place is made and searched once more, in memory at worst.
            self._make_searchable(progress)
            return self._index.search(search)

    def _keep_summaries(self, summaries: Mapping[FileStamp, SessionSummary | None]) -> None:
        """Have them ready for the next time, if that can be."""
        with suppress(IndexLost), self._index.together():
            for file, summary in summaries.items():
                if summary is not None and summary.unreadable is None:
                    self._index.put_summary(file, summary)

    def _summarise(self, file: FileStamp) -> SessionSummary | None:
        """What a list says of a session; None if it was deleted a moment ago."""
        updated = _moment(file.changed_ns)
        try:
            session, _ = self._reader.read(file.id)
        except FileNotFoundError:
            return None
        except OSError as error:
            created = new_session(file.id).created
            reason = reason_of(error)
            return SessionSummary(file.id, "untitled", created, updated, 0, 0, None, reason)
        return summary_of(session, updated)

    def _make_searchable(self, progress: Callable[[int, int], None] | None) -> None:
        """Bring the words in the index up to the files."""
        files = set(self._folder.files())
        fresh = self._index.stamps(searchable=True)
        gone = {session_id for _, session_id, _ in fresh} - {file.id for file in files}
        if gone:
            self._index.forget(gone)
        changed = sorted(files - fresh)
        for start in range(0, len(changed), _AT_ONCE):
            with self._index.together():
                for file in changed[start : start + _AT_ONCE]:
                    self._index_words(file)
            if progress is not None:
                progress(min(start + _AT_ONCE, len(changed)), len(changed))

    def _index_words(self, file: FileStamp) -> None:
        try:
            session, _ = self._reader.read(file.id)
        except OSError:
            return
        known = self._index.known_turns(file.id)
        visible = set(session.visible())
        changed = [
            turn_id
            for turn_id in session.visible()
            if turn_id not in known or known[turn_id] or session.turns.outline(turn_id).is_partial
        ]
        gone = [turn_id for turn_id in known if turn_id not in visible]
        turns = (session.turns.get(turn_id) for turn_id in changed)
        self._index.put_words(
            file,
            gone=[*gone, *(turn_id for turn_id in changed if turn_id in known)],
            turns=(turn for turn in turns if turn is not None),
        )
        self._index.put_summary(file, summary_of(session, _moment(file.changed_ns)))


def _moment(nanoseconds: int) -> datetime:
    """The time of a change; file systems know later ones than Python does."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1e9, tz=timezone.utc)
    except (ValueError, OverflowError, OSError):
        return _LAST_SECOND
