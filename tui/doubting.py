"""Says which changes of a correction are doubtful: by what they are, and by what the model makes of
them when it has not been asked.

A model that was asked to correct a text finds something; the same model that only reads the text is
another judge. What is wrong makes a text unlikely, by several nats, and a correction takes that
away; a mark more or less, or a word that a writer may choose freely, hardly does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from drafts.batches import Piece
from drafts.doubts import doubt
from drafts.hunks import Hunk
from drafts.locks import locks_in
from engine.protocol import Engine
from engine.types import TokenScore
from tui.reviewing.state import Change

_CONTEXT = 400
"""Characters before a text that are read with it: a few sentences."""

_BLANK = re.compile(r"\s")

_IN_SPEECH = 2.0
"""How many times as sure a change of quoted words must be: what sounds wrong there may be meant."""


def with_doubts(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes, with a warning where one is no correction by what it is."""
    return tuple(warned(change, doubt(change.hunk)) for change in changes)


def least_gain(draft: str, piece: Piece, hunk: Hunk, least: float) -> float:
    """By how many nats a change must make a text likelier: by more where it is in a quotation.

    Args:
        draft: The whole text.
        piece: The part of it that the change is in.
        hunk: The change.
        least: What is enough elsewhere.
    """
    begin = piece.blocks[0].start
    block = draft[begin : piece.blocks[-1].end]
    start, end = hunk.start - begin, max(hunk.end, hunk.start + 1) - begin
    quotations = locks_in(block, {"quotation"})
    is_said = any(lock.start < end and start < lock.end for lock in quotations)
    return least * _IN_SPEECH if is_said else least


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
    if not hunks:
        return []
    context = before.rstrip()
    # Of a first token many models say nothing: a line break is something to come after.
    after, gap = (context[-_CONTEXT:], before[len(context) :]) if context else ("\n", "")
    whole = gap + piece.text
    known = _from_each_token(whole, engine.score((), whole, after=after))
    found = []
    for hunk in hunks:
        at = len(gap) + hunk.start - piece.start
        # What comes before the word is read already, if a token begins with the blank before it.
        word = max((blank.start() for blank in _BLANK.finditer(whole, 0, at)), default=0)
        cut = word if word in known else 0
        changed = whole[cut:at] + hunk.new + whole[at + len(hunk.old) :]
        scores = engine.score((), changed, after=after + whole[:cut])
        found.append(sum(score.logprob for score in scores) - known[cut])
    return found


def _from_each_token(text: str, scores: Sequence[TokenScore]) -> dict[int, float]:
    """The score of a text from each place on where a token begins, in characters; that of the whole
    alone where tokens are parts of characters."""
    rest = sum(score.logprob for score in scores)
    found = {0: rest}
    if "".join(score.text for score in scores) != text:
        return found
    at = 0
    for score in scores:
        found[at] = rest
        at, rest = at + len(score.text), rest - score.logprob
    return found


def warned(change: Change, warning: str) -> Change:
    """The change with a further warning, if that says anything."""
    warnings = filter(None, (change.warning, warning))
    return replace(change, warning="; ".join(warnings))
