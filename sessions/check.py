"""Goes through session files and says what is wrong with each, and where."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sessions.errors import DamagedLine, ReadFailed, UnknownSession, reason_of
from sessions.files import TextFiles
from sessions.folder import SessionFolder, is_session_id
from sessions.ids import time_of
from sessions.lines import Line, lines_of
from sessions.records import Partial
from sessions.replay import apply
from sessions.session_file import files_of
from sessions.syscalls import OperatingSystem
from sessions.tree import Session
from sessions.turns import Attachment, Turn


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    reason: str
    """What, as the rest of a sentence about the place."""
    line: int | None = None
    """Its number, from 1; None where it is about the file."""
    offset: int | None = None
    """Of its first byte in the file."""


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say of one session's file."""

    id: str
    path: Path
    title: str
    lines: int
    """Sound ones."""
    turns: int
    findings: tuple[Finding, ...]
    """In the order of the lines, and at the end what is about the file."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def check_session(root: Path, session_id: str) -> Report:
    """Looks at every line of a session, at its tree and at its attachments.

    Args:
        root: The folder of the sessions.
        session_id: Which one.

    Raises:
        UnknownSession: If there is none, or that is not an id.
        ReadFailed: If the file cannot be read.
    """
    path = path_of(root, session_id)
    session, findings, places = empty_session(session_id), [], {}
    count = 0
    for line in lines_of(read_whole(path), TextFiles(files_of(path), OperatingSystem()).text):
        reason = line.problem if line.record is None else problem_with(session, line)
        if reason:
            findings.append(Finding(reason, line.number, line.start))
        else:
            count += 1
        if isinstance(line.record, Turn | Partial):
            turn = line.record.turn if isinstance(line.record, Partial) else line.record
            places[turn.id] = line
    if session.version is None:
        findings.append(Finding("it has no header"))
    findings += _gaps(session, places)
    findings += _attachments(session, files_of(path), places)
    findings.sort(key=lambda finding: (finding.line is None, finding.line or 0))
    title = session.display_title
    return Report(session_id, path, title, count, len(session.turns), tuple(findings))


def check_sessions(root: Path) -> Iterator[Report]:
    """What `check_session` says of every session; one that cannot be read says so.

    Raises:
        UnsafeStore, ReadFailed: If it is not a folder to look into.
    """
    for file in sorted(SessionFolder(root).files(), key=lambda file: file.id):
        try:
            yield check_session(root, file.id)
        except ReadFailed as error:
            finding = Finding(f"it cannot be read: {error.reason}")
            yield Report(file.id, error.path, "untitled", 0, 0, (finding,))
        except UnknownSession:
            # It was deleted a moment ago.
            continue


def path_of(root: Path, session_id: str) -> Path:
    """The file of a session; raises UnknownSession of what is not an id."""
    if not is_session_id(session_id):
        raise UnknownSession(session_id)
    return SessionFolder(root).file_of(session_id)


def empty_session(session_id: str) -> Session:
    """What the records of a file are applied to; raises ValueError of what is not an id."""
    return Session(session_id, time_of(session_id))


def read_whole(path: Path) -> bytes:
    """The bytes of a session's file, while nobody is in the middle of an append.

    Raises:
        UnknownSession: If it is not there.
        ReadFailed: If it cannot be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(fd, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return file.read()
    except FileNotFoundError as error:
        raise UnknownSession(path.stem) from error
    except OSError as error:
        raise ReadFailed(path, reason_of(error)) from error


def problem_with(session: Session, line: Line) -> str:
    """Applies a sound line to the session; what is wrong with it beside the others, or nothing."""
    assert line.record is not None, "only sound lines are applied"
    before = session.damaged_lines
    try:
        apply(session, line.record)
    except DamagedLine as error:
        return str(error)
    return "its turn would follow itself" if session.damaged_lines > before else ""


def _gaps(session: Session, places: Mapping[str, Line]) -> Iterator[Finding]:
    for turn in session.turns.values():
        if turn.parent is not None and turn.parent not in session.turns:
            reason = f"turn {turn.id} follows {turn.parent}, which is not there"
            yield _at(places[turn.id], reason)


def _attachments(session: Session, folder: Path, places: Mapping[str, Line]) -> Iterator[Finding]:
    for turn in session.turns.values():
        for part in turn.attachments:
            if part.is_missing:
                yield _at(places[turn.id], _what_is_missing(part, folder))


def _what_is_missing(part: Attachment, folder: Path) -> str:
    what = f"the attachment {part.name!r}" if part.name else "the piped text"
    is_there = len(part.sha256) == 64 and os.path.lexists(folder / part.sha256)
    return f"{what} {'has changed' if is_there else 'is missing'}: {part.sha256}"


def _at(line: Line, reason: str) -> Finding:
    return Finding(reason, line.number, line.start)
