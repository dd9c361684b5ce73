"""Remembers revisions that were stopped, so that nothing of them has to be written twice."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sessions import Session, SessionError, SessionFile, SessionStore, Turn, sha256_of
from tui.private_file import make_private_folder, write_private


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
        """Note that the work is in progress.

        Raises:
            OSError: If the system refuses.
        """
        make_private_folder(self.path.parent)
        write_private(self.path, json.dumps({"session": session}).encode(), force=True)

    def end(self) -> None:
        """There is nothing to go on with any more."""
        self.path.unlink(missing_ok=True)

    def session(self, store: SessionStore) -> SessionFile | None:
        """The session of work that was stopped; None where there is none."""
        try:
            noted = json.loads(self.path.read_bytes())
            log = store.open(str(noted["session"]))
        except (OSError, ValueError, KeyError, TypeError, SessionError):
            return None
        return None if log.session.read_only else log


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
