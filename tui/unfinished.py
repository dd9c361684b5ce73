"""Remembers revisions that were stopped, so that nothing of them has to be written, or decided,
twice.

A note is JSON Lines: first the session that holds the revision, then what was decided, as it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sessions import Session, SessionError, SessionFile, SessionStore, Turn, sha256_of
from tui.opinions import Opinion
from tui.private_file import make_private_folder, write_private
from tui.reviewing.state import Change, Decision

_DECISIONS: Mapping[object, Decision] = {"open": "open", "taken": "taken", "skipped": "skipped"}

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A note of a revision in progress: the session that holds it, under what makes it the same."""

    path: Path

    @staticmethod
    def of(folder: Path, *what: object) -> Unfinished:
        """The note for a piece of work.

        Args:
            folder: Where notes are.
            what: Everything that makes it the same work: files, prompts, instruction, model.
        """
        return Unfinished(folder / f"{sha256_of(json.dumps(what, default=str))}.json")

    def begin(self, session: str) -> None:
        """Note that the work is in progress. What was decided in this session stays noted.

        Raises:
            OSError: If the system refuses.
        """
        if self._session() != session:
            make_private_folder(self.path.parent)
            write_private(self.path, _line({"session": session}), force=True)

    def add(self, changes: Sequence[Change]) -> None:
        """Note durably what was decided about changes.

        Raises:
            OSError: If the system refuses, or there is no such note.
        """
        self._append([_noted(change) for change in changes])

    def add_opinion(self, name: str, opinion: Opinion) -> None:
        """Note what the model made of a piece.

        Raises:
            OSError: If the system refuses, or there is no such note.
        """
        self._append([{"piece": name, **opinion.to_json()}])

    def _append(self, noted: Sequence[Mapping[str, object]]) -> None:
        # A line that was torn by a crash ends at the newline before the next one.
        data = b"".join(b"\n" + _line(each) for each in noted)
        with open(os.open(self.path, _APPEND), "ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def decided(self) -> Decisions:
        """What was decided, to be recalled, and added to."""
        found: dict[str, tuple[Decision, str | None]] = {}
        for line in self._lines():
            name, decision, text = line.get("change"), line.get("decision"), line.get("text")
            if isinstance(name, str) and decision in _DECISIONS and isinstance(text, str | None):
                found[name] = _DECISIONS[decision], text
        decided = {name: each for name, each in found.items() if each[0] != "open"}
        return Decisions(self, decided, self.opinions())

    def opinions(self) -> dict[str, Opinion]:
        """What the model made of its corrections, by the names of pieces."""
        found: dict[str, Opinion] = {}
        for line in self._lines():
            with suppress(KeyError, TypeError, ValueError):
                found[str(line["piece"])] = Opinion.from_json(line)
        return found

    def end(self) -> None:
        """There is nothing to go on with any more."""
        self.path.unlink(missing_ok=True)

    def session(self, store: SessionStore) -> SessionFile | None:
        """The session of work that was stopped; None where there is none."""
        name = self._session()
        if name is None:
            return None
        try:
            log = store.open(name)
        except (OSError, SessionError):
            return None
        return None if log.session.read_only else log

    def _session(self) -> str | None:
        """The id of the session; None where nothing is noted."""
        first = next(self._lines(), {})
        return str(first["session"]) if "session" in first else None

    def _lines(self) -> Iterator[Mapping[str, Any]]:
        """The lines that can be read."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return
        for line in data.split(b"\n"):
            try:
                noted = json.loads(line)
            except ValueError:
                continue
            if isinstance(noted, dict):
                yield noted


class Decisions:
    """What was decided about the changes of a revision: a `Keeper`."""

    def __init__(
        self,
        note: Unfinished | None = None,
        decided: Mapping[str, tuple[Decision, str | None]] = {},
        opinions: Mapping[str, Opinion] = {},
    ) -> None:
        """Nothing is added yet.

        Args:
            note: Gets what is decided; None where nothing is kept.
            decided: By the names of changes what was decided about them, and in which words.
            opinions: By the names of pieces what the model made of them.
        """
        self.problem: str | None = None
        """Why something that was decided could not be kept."""
        self._note = note
        self._before = decided
        self._opinions = opinions
        self._decided = set(decided)

    def __len__(self) -> int:
        """How many changes are decided, as far as it is kept."""
        return len(self._decided)

    def opinion(self, name: str) -> Opinion | None:
        """See `OpinionKeeper`."""
        return self._opinions.get(name)

    def keep_opinion(self, name: str, opinion: Opinion) -> None:
        """See `OpinionKeeper`."""
        if self._note is not None:
            with suppress(OSError):  # it can be asked for again
                self._note.add_opinion(name, opinion)

    def recalled(self, change: Change) -> Change:
        """See `Keeper`."""
        if not self._before:
            return change
        decision, text = self._before.get(_name_of(change), (change.decision, change.text))
        return replace(change, decision=decision, text=text)

    def keep(self, changes: Sequence[Change]) -> None:
        """See `Keeper`. A full disk takes only this away, not the review: see `problem`."""
        if self._note is None:
            return
        try:
            self._note.add(changes)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return
        names = {_name_of(change): change.decision != "open" for change in changes}
        self._decided -= names.keys()
        self._decided |= {name for name, is_decided in names.items() if is_decided}


def _noted(change: Change) -> Mapping[str, object]:
    text = None if change.decision == "open" else change.text
    return {"change": _name_of(change), "decision": change.decision, "text": text}


def _name_of(change: Change) -> str:
    """The change's name, with its words: for other words in the same place nothing is decided."""
    return f"{change.name} {sha256_of(json.dumps([change.hunk.old, change.hunk.new]))[:12]}"


def _line(noted: Mapping[str, object]) -> bytes:
    return json.dumps(noted).encode() + b"\n"


def answers_in(session: Session) -> dict[str, list[Turn]]:
    """The finished answers to questions about pieces, by the SHA-256 of the piece."""
    found: dict[str, list[Turn]] = {}
    for turn in session.turns.values():
        question = session.turns.get(turn.parent or "")
        is_answer = turn.role == "assistant" and turn.status == "complete"
        if is_answer and question is not None and question.alone and question.attachments:
            found.setdefault(question.attachments[0].sha256, []).append(turn)
    return found


def of_pieces(
    answers: Mapping[str, Sequence[Turn]], pieces: Sequence[str]
) -> dict[str, Sequence[Turn]]:
    """Those answers that are about one of the pieces."""
    wanted = {sha256_of(piece.rstrip("\r\n")) for piece in pieces}
    return {name: turns for name, turns in answers.items() if name in wanted}


def real_paths(names: Sequence[str]) -> list[str]:
    """The files that names lead to."""
    return [os.path.realpath(name) for name in names]
