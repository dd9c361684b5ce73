"""Brings imported sessions into a store, of which nothing is added a second time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sessions.errors import SaveFailed, UnknownSession
from sessions.importers.identity import derived_part
from sessions.importers.values import ImportedSession
from sessions.records import Branch, Delete, Head, KnownRecord, Partial, Title, Undo
from sessions.session_file import SessionFile
from sessions.store import SessionStore
from sessions.tree import Session
from sessions.turns import Turn


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of an imported session."""

    session_id: str
    added: int
    """Turns that the store did not have."""
    was_there: bool
    """Whether the store had the session."""


def adopt(store: SessionStore, imported: ImportedSession, *, dry_run: bool = False) -> Adopted:
    """Adds a session, or those turns of it that the store's own lacks.

    Head, branches and title come along where a turn does, and never in place of what a person said
    here. All is written at once: a session comes whole or not at all.

    Args:
        store: Where to.
        imported: What an importer gave.
        dry_run: Whether to say only what would come in.

    Raises:
        SaveFailed: If it could not be saved, or may not be added to.
        UnsafeStore, ReadFailed: As for `SessionStore.create`.
    """
    log, was_there = _open(store, imported)
    if log.session.read_only:
        raise SaveFailed(log.path, "a newer version of this program wrote it")
    known = _known_turns(log.session, imported)
    lacking = [turn for turn in imported.turns if _is_lacking(log.session, known, turn)]
    turns = [_with_relations(turn, known) for turn in lacking]
    if turns and not dry_run:
        marks = _marks_beside(log.session, imported, known, turns)
        log.take_in([*map(_record, turns), *(marks if was_there else _marks(imported))])
        _date_back(log, was_there)
    return Adopted(log.session.id, len(turns), was_there)


def _date_back(log: SessionFile, was_there: bool) -> None:
    """What was said long ago does not make a session the last one."""
    if was_there:
        return
    said = max(turn.time.timestamp() for turn in log.session.turns.values())
    with suppress(OSError, OverflowError, ValueError):
        os.utime(log.path, (said, said))


def _open(store: SessionStore, imported: ImportedSession) -> tuple[SessionFile, bool]:
    session_id = imported.id
    if imported.undated:
        part = derived_part(session_id)
        session_id = next((each for each in store.ids() if derived_part(each) == part), session_id)
    try:
        return store.open(session_id), True
    except UnknownSession:
        return store.create(session_id=session_id, created=imported.created), False


def _known_turns(session: Session, imported: ImportedSession) -> Mapping[str, str]:
    """The ids that imported turns have in the session, where it has them."""
    if not imported.undated:
        return {turn.id: turn.id for turn in imported.turns if turn.id in session.turns}
    parts = {derived_part(turn_id): turn_id for turn_id in session.turns}
    return {
        turn.id: parts[derived_part(turn.id)]
        for turn in imported.turns
        if derived_part(turn.id) in parts
    }


def _is_lacking(session: Session, known: Mapping[str, str], turn: Turn) -> bool:
    if turn.id not in known:
        return True
    is_partial = session.turns.outline(known[turn.id]).is_partial
    return is_partial and turn.status != "partial"


def _with_relations(turn: Turn, known: Mapping[str, str]) -> Turn:
    """The turn with its parent's id as it is in the session."""
    parent = turn.parent
    return turn if parent is None else replace(turn, parent=known.get(parent, parent))


def _record(turn: Turn) -> KnownRecord:
    return Partial(turn) if turn.status == "partial" else turn


def _marks(imported: ImportedSession) -> Iterator[KnownRecord]:
    """What makes a new session's state, after its turns, that of the imported one."""
    if imported.title:
        yield Title(imported.title, not imported.title_is_own)
    yield from (Branch(name, leaf) for name, leaf in imported.branches.items())
    yield from imported.ratings
    yield from imported.reviews
    if imported.head is None and imported.deleted:
        # The head is before the first turn because that one was deleted.
        yield Head(imported.deleted[-1])
    yield from map(Delete, imported.deleted)
    places = [*imported.undone, imported.head]
    if places[0] is not None:
        yield Head(places[0])
    yield from (Undo(place) for place in places[1:])


def _marks_beside(
    session: Session, imported: ImportedSession, known: Mapping[str, str], turns: list[Turn]
) -> Iterator[KnownRecord]:
    """The same, of what came to a session that was there."""
    new = {turn.id for turn in turns}
    if imported.title and not session.title_is_own:
        yield Title(imported.title, not imported.title_is_own)
    for name, leaf in imported.branches.items():
        if name not in session.branches:
            yield Branch(name, known.get(leaf, leaf))
    yield from (rating for rating in imported.ratings if rating.turn in new)
    yield from (review for review in imported.reviews if review.turn in new)
    yield from (Delete(turn_id) for turn_id in imported.deleted if turn_id in new)
    if imported.head is not None and not _is_hidden(session, known, turns, imported.head):
        yield Head(known.get(imported.head, imported.head))


def _is_hidden(session: Session, known: Mapping[str, str], turns: list[Turn], turn_id: str) -> bool:
    """Whether a turn is one, or comes under one, that was deleted here."""
    parents = {turn.id: turn.parent for turn in turns}
    at: str | None = known.get(turn_id, turn_id)
    while at is not None and at in parents:
        at = parents.pop(at)
    return at is not None and session.is_deleted(at)
