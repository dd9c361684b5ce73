"""Rebuilds a session from the bytes of its file: the rules for damage, duplicates and the head."""

from __future__ import annotations

from dataclasses import replace

from sessions.codec import decode, outline
from sessions.errors import DamagedLine
from sessions.lines import pieces_of
from sessions.records import (
    Branch,
    Delete,
    Head,
    Header,
    Partial,
    Rating,
    Record,
    Redo,
    Restore,
    Review,
    Title,
    Undo,
    Unknown,
)
from sessions.tree import Session
from sessions.turncodec import Texts, no_texts
from sessions.turnmap import Stored
from sessions.turns import Turn


def replay(
    session: Session,
    data: bytes,
    *,
    texts: Texts = no_texts,
    start: int = 0,
    lazily: bool = False,
) -> None:
    """Applies the records of `data`, which begins where a line does, in order.

    Damaged lines are counted and passed over; whole records that damage glued to others are used.

    Args:
        session: What is changed.
        data: Lines.
        texts: Finds the texts of attachments.
        start: Where in the file `data` begins.
        lazily: Whether turns are only noted, and decoded when they are looked at.
    """
    for line in data.split(b"\n"):
        if line and not (lazily and _note(session, line, start)):
            try:
                apply(session, decode(line, texts))
            except DamagedLine:
                session.note_damage()
                _salvage(session, line, texts)
        start += len(line) + 1


def apply(session: Session, record: Record) -> None:
    """Changes the session as a record says.

    Records about turns that the session does not have say nothing.

    Raises:
        DamagedLine: If it is another turn under an id that is taken.
    """
    match record:
        case Turn():
            _apply_turn(session, record)
        case Partial():
            _apply_partial(session, record.turn)
        case Header():
            _apply_header(session, record)
        case Title():
            _apply_title(session, record)
        case Branch():
            _apply_branch(session, record)
        case Undo(turn=None):
            _undo(session, None)
        case Head() | Undo() | Redo() | Delete() | Restore() | Rating() | Review():
            if record.turn in session.turns:
                _apply_mark(session, record)
        case Unknown():
            pass


def _note(session: Session, line: bytes, start: int) -> bool:
    """Takes in a turn without decoding its line; False where the line must be looked at."""
    found = outline(line)
    if found is None or _is_whole(session, found.id):
        return False
    session.place(Stored(*found, start, len(line)))
    return True


def _is_whole(session: Session, turn_id: str) -> bool:
    return turn_id in session.turns and not session.turns.outline(turn_id).is_partial


def _apply_turn(session: Session, turn: Turn) -> None:
    if not _is_whole(session, turn.id):
        session.place(turn)
    elif session.turns.get(turn.id, turn) != turn:
        raise DamagedLine(f"turn {turn.id} is there already, and different")


def _apply_partial(session: Session, turn: Turn) -> None:
    if not _is_whole(session, turn.id):
        session.place(replace(turn, status="partial"))


def _apply_header(session: Session, header: Header) -> None:
    if session.version is None:
        session.created, session.is_revision = header.created, header.is_revision
    session.version = max(header.version, session.version or 0)


def _apply_title(session: Session, title: Title) -> None:
    if title.by_model and session.title_is_own:
        return
    session.title = title.text or None
    session.title_is_own = not title.by_model and session.title is not None


def _apply_branch(session: Session, branch: Branch) -> None:
    if branch.leaf is None:
        session.branches.pop(branch.name, None)
    elif branch.leaf in session.turns:
        session.branches[branch.name] = branch.leaf


def _apply_mark(
    session: Session, mark: Head | Undo | Redo | Delete | Restore | Rating | Review
) -> None:
    match mark:
        case Head():
            session.head = mark.turn
            session.undone.clear()
        case Undo():
            _undo(session, mark.turn)
        case Redo():
            if mark.turn in session.undone:
                # Back to its last mention: the list may have a turn more than once.
                while session.undone.pop() != mark.turn:
                    pass
                session.head = mark.turn
        case Delete():
            session.delete(mark.turn)
        case Restore():
            session.restore(mark.turn)
        case Rating():
            session.ratings[mark.turn] = mark
        case Review():
            session.reviews[mark.turn] = mark


def _undo(session: Session, turn_id: str | None) -> None:
    if session.head is not None:
        session.undone.append(session.head)
    session.head = turn_id


def _salvage(session: Session, line: bytes, texts: Texts) -> None:
    """Applies the whole records in a line that is not one: a lost newline costs no other turn."""
    for _, piece in pieces_of(line):
        try:
            apply(session, decode(piece, texts))
        except DamagedLine:
            continue
