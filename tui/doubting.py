"""Says which changes of a correction are doubtful: by what they are, and by what the model makes of
them when it has not been asked.

A model that was asked to correct a text finds something; the same model that only reads the text is
another judge. What is wrong makes a text unlikely, by several nats, and a correction takes that
away; a mark more or less, or a word that a writer may choose freely, hardly does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from drafts.batches import Piece
from drafts.doubts import doubt
from drafts.hunks import Hunk
from drafts.locks import locks_in
from engine.errors import EngineError, Unsupported
from engine.protocol import Engine
from tui.reviewing.state import Change

_CONTEXT = 400
"""Characters before a text that are read with it: a few sentences."""

_IN_SPEECH = 2.0
"""How many times as sure a change of quoted words must be: what sounds wrong there may be meant."""

_UNJUDGED = "the model was not asked whether it makes the text likelier"
_UNLIKELY = "the model itself finds the text hardly likelier with it"


def with_doubts(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, with a warning where one is no correction by what it is."""
    return tuple(_warned(change, doubt(change.hunk)) for change in changes)


def with_unlikely_doubted(
    engine: Engine, draft: str, piece: Piece, changes: Sequence[Change], least: float
) -> tuple[Change, ...]:
    """The changes, with a warning where one makes the text hardly likelier.

    Args:
        engine: What scores; nothing is doubted where it has no way to.
        draft: The whole text.
        piece: The part of it that was revised.
        changes: Those of the piece. Such as have a warning already are not looked at.
        least: By how many nats a change must make the text likelier.
    """
    unjudged = [change for change in changes if not change.warning]
    if not unjudged:
        return tuple(changes)
    before = draft[piece.blocks[0].start : piece.start]
    try:
        found = gains(engine, before, piece, [change.hunk for change in unjudged])
    except Unsupported:
        return tuple(changes)
    except EngineError:
        return tuple(change if change.warning else _warned(change, _UNJUDGED) for change in changes)
    gain_of = dict(zip(map(id, unjudged), found, strict=True))
    speech = _speech(draft, piece)
    return tuple(
        _warned(change, _UNLIKELY)
        if gain_of.get(id(change), math.inf) < least * (_IN_SPEECH if _is_in(change, speech) else 1)
        else change
        for change in changes
    )


def gains(engine: Engine, before: str, piece: Piece, hunks: Sequence[Hunk]) -> list[float]:
    """By how many nats each change, made alone, makes a piece likelier.

    Args:
        engine: What scores.
        before: What stands before the piece; the last of it is read.
        piece: In which the changes are.
        hunks: The changes, with places in the draft.

    Raises:
        EngineError: If texts cannot be scored.
    """
    context = before.rstrip()
    # Of a first token many models say nothing: a line break is something to come after.
    after, gap = (context[-_CONTEXT:], before[len(context) :]) if context else ("\n", "")

    def log_probability(text: str) -> float:
        return sum(score.logprob for score in engine.score((), gap + text, after=after))

    as_it_is = log_probability(piece.text)
    return [log_probability(_changed(piece, hunk)) - as_it_is for hunk in hunks]


def _speech(draft: str, piece: Piece) -> list[tuple[int, int]]:
    """Where in the draft quotations are that reach into a piece."""
    begin = piece.blocks[0].start
    block = draft[begin : piece.blocks[-1].end]
    return [(begin + lock.start, begin + lock.end) for lock in locks_in(block, {"quotation"})]


def _is_in(change: Change, spans: Sequence[tuple[int, int]]) -> bool:
    hunk = change.hunk
    return any(start < max(hunk.end, hunk.start + 1) and hunk.start < end for start, end in spans)


def _changed(piece: Piece, hunk: Hunk) -> str:
    start, end = hunk.start - piece.start, hunk.end - piece.start
    return f"{piece.text[:start]}{hunk.new}{piece.text[end:]}"


def _warned(change: Change, warning: str) -> Change:
    warnings = filter(None, (change.warning, warning))
    return replace(change, warning="; ".join(warnings))
