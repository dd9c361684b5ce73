"""Names the pieces of a draft for what is decided about them: it has to be found again in a draft
that has changed elsewhere, and never in another place than the one that a person saw."""

from __future__ import annotations

import json
from collections import Counter

from drafts.batches import Piece
from sessions import sha256_of
from tui.edit_parts import Task

_AROUND = 100
"""Characters of a draft by which a piece is told from others of the same words."""


class PieceNames:
    """Gives out names, each once."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def name_of(self, task: Task, piece: Piece, revised: str) -> str:
        """The same for the same revision of a piece with the same words around it, in whichever
        answer it comes and wherever the piece is; of several such it also says which."""
        before = task.text[max(0, piece.start - _AROUND) : piece.start]
        after = task.text[piece.end : piece.end + _AROUND]
        what = [task.name, before, piece.text, after, revised]
        name = sha256_of(json.dumps(what))[:24]
        self._given[name] += 1
        return f"{name}.{self._given[name]}"
