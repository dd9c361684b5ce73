"""Sessions of this program: the JSON form that export writes, and the files of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sessions.codec import LINE_START, encode, from_json
from sessions.errors import DamagedLine
from sessions.fields import JsonObject, optional, required, time_of
from sessions.files import TextFiles, sha256_of
from sessions.folder import is_session_id
from sessions.importers.identity import derived_id
from sessions.importers.jsontext import Document, documents
from sessions.importers.values import Found, ImportedSession, Problem, Source, joined, too_large
from sessions.records import Branch, Delete, Partial, Rating, Review
from sessions.replay import apply, replay
from sessions.reviewcodec import review_from_json
from sessions.session_file import files_of
from sessions.syscalls import OperatingSystem
from sessions.tree import Session
from sessions.turns import Turn

FORM = "draftsmith"

EXPORT = "draftsmith-session"
"""Stands in the `format` of a session that was exported."""

VERSION = 1

LARGEST_TEXTS = 256 * 1024**2
"""Characters of all attachments in their places: one text may be attached again and again."""


def is_exported(value: object) -> bool:
    """Whether a JSON value is a session that this program exported."""
    return isinstance(value, dict) and value.get("format") == EXPORT


def is_session_file(beginning: bytes) -> bool:
    """Whether a file begins as those of a store do."""
    return beginning.lstrip().startswith(LINE_START)


def read(source: Source) -> Iterator[Found]:
    """The sessions that were exported into a file, or the one whose own file it is."""
    data = source.data()
    if data is None:
        yield too_large()
    elif is_session_file(data[:100]):
        yield from _session_file(source, data)
    else:
        for found in documents(data, "session"):
            if isinstance(found, Problem):
                yield found
            else:
                yield from _exported(found)


def _session_file(source: Source, data: bytes) -> Iterator[Found]:
    path = source.path
    given = Session("", source.modified)
    texts = _BoundedTexts(TextFiles(files_of(path), OperatingSystem()).text if path else None)
    replay(given, data, texts=texts)
    if given.read_only:
        yield Problem("", "a newer version of this program wrote it")
        return
    if given.damaged_lines:
        yield Problem("", f"{given.damaged_lines} damaged lines are left out")
    if not given.turns:
        yield Problem("", "there is no turn in it")
        return
    given.id = _own_id(given, source, data)
    yield from _imported(given, texts, "")


def _own_id(session: Session, source: Source, data: bytes) -> str:
    """A file's name counts, then its header; one that has lost both gets an id from its turns."""
    stem = source.path.stem if source.path else ""
    header = data[: data.find(b"\n") + 1 or len(data)]
    found = header.rpartition(b'"type":"header"')[2].partition(b'"id":"')[2][:26]
    for name in (stem, found.decode("ascii", "replace")):
        if is_session_id(name):
            return name
    return derived_id(session.created, FORM, next(iter(session.turns)))


def _exported(found: Document) -> Iterator[Found]:
    place = "" if found.number is None else f"session {found.number}"
    value = found.value
    if not isinstance(value, dict) or not is_exported(value):
        yield Problem(place, "it is not a session of this program")
        return
    try:
        session = _empty_session(value)
    except DamagedLine as error:
        yield Problem(place, str(error))
        return
    sound: dict[str, str] = {}
    yield from _take_texts(sound, value, place)
    texts = _BoundedTexts(sound.get)
    yield from _take_turns(session, value, texts, place)
    yield from _take_marks(session, value, place)
    yield from _take_state(session, value, place)
    yield from _imported(session, texts, place)


def _empty_session(value: JsonObject) -> Session:
    if required(value, "v", int) > VERSION:
        raise DamagedLine("a newer version of this program wrote it")
    session_id = required(value, "id", str)
    if not is_session_id(session_id):
        raise DamagedLine("its id is not one")
    session = Session(session_id, time_of(value, "created"), title=optional(value, "title", str))
    is_own = optional(value, "title_is_own", bool)
    session.title_is_own = session.title is not None and is_own is not False
    return session


def _take_texts(sound: dict[str, str], value: JsonObject, place: str) -> Iterator[Problem]:
    texts = value.get("texts")
    for sha256, text in texts.items() if isinstance(texts, dict) else ():
        if isinstance(text, str) and sha256_of(text) == sha256:
            sound[sha256] = text
        else:
            yield Problem(
                joined(place, f"text {sha256[:12]}"), "its contents do not match its hash"
            )


def _take_turns(
    session: Session, value: JsonObject, texts: _BoundedTexts, place: str
) -> Iterator[Problem]:
    for number, record in enumerate(_list(value, "turns"), 1):
        try:
            apply(session, _turn(record, texts))
        except DamagedLine as error:
            yield Problem(joined(place, f"turn {number}"), str(error))


def _turn(record: object, texts: _BoundedTexts) -> Turn | Partial:
    """A turn of a record that can be written again as it is."""
    if not isinstance(record, dict):
        raise DamagedLine("it is not an object")
    turn = from_json(record, texts)
    if not isinstance(turn, Turn | Partial):
        raise DamagedLine("it is not a turn")
    try:
        encode(turn)
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedLine(f"it cannot be saved: {error}") from error
    return turn


def _take_marks(session: Session, value: JsonObject, place: str) -> Iterator[Problem]:
    branches = value.get("branches")
    named = list(branches.items()) if isinstance(branches, dict) else []
    marks: tuple[tuple[str, list[Any], Callable[[Any], Branch | Delete | Rating | Review]], ...] = (
        ("branch", named, _branch),
        ("deletion", _list(value, "deleted"), _deletion),
        ("rating", _list(value, "ratings"), _rating),
        ("review", _list(value, "reviews"), _review),
    )
    for word, items, read_mark in marks:
        for number, item in enumerate(items, 1):
            try:
                mark = read_mark(item)
                _known(session, mark.leaf if isinstance(mark, Branch) else mark.turn)
                apply(session, mark)
            except DamagedLine as error:
                yield Problem(joined(place, f"{word} {number}"), str(error))


def _branch(item: tuple[str, object]) -> Branch:
    return Branch(item[0], required({"turn": item[1]}, "turn", str))


def _deletion(item: object) -> Delete:
    return Delete(required({"turn": item}, "turn", str))


def _rating(item: object) -> Rating:
    if not isinstance(item, dict):
        raise DamagedLine("it is not an object")
    rating = from_json({**item, "type": "rating"})
    assert isinstance(rating, Rating)
    return rating


def _review(item: object) -> Review:
    if not isinstance(item, dict):
        raise DamagedLine("it is not an object")
    return review_from_json(item)


def _take_state(session: Session, value: JsonObject, place: str) -> Iterator[Problem]:
    """Where the person was, which comes last: turns and deletions move it."""
    try:
        head = optional(value, "head", str)
        if head is not None or session.turns:
            session.head = None if head is None else _known(session, head)
        session.undone = [
            _known(session, required({"undone": each}, "undone", str))
            for each in _list(value, "undone")
        ]
    except DamagedLine as error:
        yield Problem(joined(place, "head"), str(error))


def _known(session: Session, turn_id: str | None) -> str:
    if turn_id is None or turn_id not in session.turns:
        raise DamagedLine("it names a turn that is not there")
    return turn_id


def _imported(session: Session, texts: _BoundedTexts, place: str) -> Iterator[Found]:
    if texts.missing:
        yield Problem(place, f"{texts.missing} attached texts are missing")
    turns = [turn for turn in session.turns.values() if is_session_id(turn.id)]
    if wrong := len(session.turns) - len(turns):
        yield Problem(place, f"{wrong} turns have ids that are none")
    yield ImportedSession(
        session.id,
        session.created,
        tuple(turns),
        title=session.title,
        title_is_own=session.title_is_own,
        head=session.head,
        branches=session.branches,
        undone=tuple(session.undone),
        deleted=tuple(session.deleted),
        ratings=tuple(session.ratings.values()),
        reviews=tuple(session.reviews.values()),
    )


def _list(value: Mapping[str, object], name: str) -> list[Any]:
    given = value.get(name)
    return given if isinstance(given, list) else []


class _BoundedTexts:
    """Finds the texts of attachments, up to so many characters in all."""

    def __init__(self, find: Callable[[str], str | None] | None) -> None:
        self.missing = 0
        """How often there was none."""
        self._find = find
        self._left = LARGEST_TEXTS

    def __call__(self, sha256: str) -> str | None:
        text = self._find(sha256) if self._find else None
        if text is None or len(text) > self._left:
            self.missing += 1
            return None
        self._left -= len(text)
        return text
