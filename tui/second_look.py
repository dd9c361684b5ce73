"""What a model that corrects a text has overlooked, found by looking at what it nearly wrote.

A model copies most of a text that it corrects, and an error with it. Where it was in two minds, the
other way is tried too, and counts if the model that only reads finds the text far likelier so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from drafts.batches import Piece
from drafts.chatter import words_of
from drafts.doubts import doubt
from drafts.hunks import Hunk, hunks
from engine.protocol import Engine
from tui.doubting import gains, least_gain

_UNASKED = 2.5
"""How many times as much such a change must gain: the model itself did not propose it."""


def overlooked(
    engine: Engine, draft: str, piece: Piece, texts: Iterable[str], least: float
) -> list[tuple[Hunk, float]]:
    """Corrections of a single word each that make a piece far likelier, and by how many nats.

    Args:
        engine: What scores.
        draft: The whole text.
        piece: The part of it that is corrected.
        texts: What the model would nearly have written in the piece's place.
        least: By how many nats a change that the model does propose must make the text likelier.

    Raises:
        EngineError: If texts cannot be scored.
    """
    found = list(dict.fromkeys(hunk for text in texts for hunk in _single_word(piece, text)))
    if not found:
        return []
    before = draft[piece.blocks[0].start : piece.start]
    weighed = zip(gains(engine, before, piece, found), found, strict=True)
    chosen: list[tuple[Hunk, float]] = []
    for gain, hunk in sorted(weighed, key=lambda each: -each[0]):
        if gain >= _UNASKED * least_gain(draft, piece, hunk, least) and not any(
            are_close(hunk, other) for other, _ in chosen
        ):
            chosen.append((hunk, gain))
    return chosen


def are_close(one: Hunk, other: Hunk) -> bool:
    """Whether two changes touch, so that one may not make sense with the other."""
    return one.start <= other.end and other.start <= one.end


def _single_word(piece: Piece, text: str) -> Iterator[Hunk]:
    """The one change of a text, if it is of one word and may be a correction."""
    changes = hunks(piece.text, text)
    if len(changes) != 1 or doubt(changes[0]):
        return
    (hunk,) = changes
    counts = {
        fate: sum(len(words_of(each.text)) for each in hunk.pieces if each.fate == fate)
        for fate in ("deleted", "inserted")
    }
    if max(counts.values()) == 1:
        yield replace(hunk, start=hunk.start + piece.start, end=hunk.end + piece.start)
