"""Rebuilds a session from the bytes of its file: the rules for damage, duplicates and the head."""

from __future__ import annotations

from dataclasses import replace

from sessions.codec import LINE_START, decode
from sessions.errors import DamagedLine
from sessions.records import Branch, Head, Header, Partial, Record, Title, Unknown
from sessions.tree import Session
from sessions.turns import Turn


def replay(session: Session, data: bytes) -> None:
    """Applies the records of `data`, which begins where a line does, in order.

    Damaged lines are counted and passed over; whole records that damage glued to others are used.
    """
    for line in data.split(b"\n"):
        if not line:
            continue
        try:
            apply(session, decode(line))
        except DamagedLine:
            session.damaged_lines += 1
            _salvage(session, line)


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
        case Branch():
            if record.leaf in session.turns:
                session.branches[record.name] = record.leaf
        case Head():
            if record.turn in session.turns:
                session.head = record.turn
        case Title():
            session.title = record.text or None
        case Unknown():
            pass


def _apply_turn(session: Session, turn: Turn) -> None:
    known = session.turns.get(turn.id)
    if known is None or known.status == "partial":
        session.place(turn)
    elif known != turn:
        raise DamagedLine(f"turn {turn.id} is there already, and different")


def _apply_partial(session: Session, turn: Turn) -> None:
    known = session.turns.get(turn.id)
    if known is None or known.status == "partial":
        session.place(replace(turn, status="partial"))


def _apply_header(session: Session, header: Header) -> None:
    if session.version is None:
        session.created = header.created
    session.version = max(header.version, session.version or 0)


def _salvage(session: Session, line: bytes) -> None:
    """Applies the whole records in a line that is not one: a lost newline costs no other turn."""
    for rest in line.split(LINE_START)[1:]:
        piece = LINE_START + rest
        if piece == line:
            return
        try:
            apply(session, decode(piece))
        except DamagedLine:
            continue
