"""What a model makes of the words of a turn, found in the conversation's thread and posted to the
screen that asked for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from textual.message import Message

from engine.errors import EngineError
from engine.sampling_params import Sampling
from engine.types import Piece, Scored, TokenScore
from sessions import Turn, messages_of
from tui.app.messages import Post
from tui.app.talk import PASSING, AppTalk
from tui.app.thread import Errand
from tui.app.widgets.cells import Cell
from tui.errors import explain
from tui.request import request_after
from tui.uncertain import aligned, judged, own_scores, scored_words, scores_of, verdicts

_OTHERS = 10
"""Words that might have stood at a place."""

_LEVELS = ((0.6, 0), (0.3, 1), (0.1, 2), (0.02, 3))
"""From which probability on a word has which level; 4 below."""

SIGNS = " ░▒▓█"
"""Of the levels."""

_STYLES = ("", "on $warning 20%", "on $warning 40%", "on $error 40%", "on $error 65%")


@dataclass
class Weighed(Message):
    """The words of a turn, with what the model makes of each."""

    heading: str
    cells: tuple[Cell, ...]


@dataclass
class Unweighed(Message):
    """That nothing can be told of the words of a turn."""

    reason: str
    can_retry: bool
    """Whether the same may work at another time."""


@dataclass
class Others(Message):
    """What might have stood at a place in place of what does, the likeliest first."""

    words: tuple[tuple[str, float], ...]
    """With their probabilities."""


def weigh(turn_id: str, post: Post) -> Errand:
    """How sure the model was of each token of an answer."""

    def look(talk: AppTalk) -> Weighed:
        session, engine = talk.conversation.log.session, talk.conversation.engine
        turn = session.turn(turn_id)
        tokens = aligned(scores_of(engine, session, turn), turn.content)
        signs = "  ".join(f"{SIGNS[level + 1]} below {share:.0%}" for share, level in _LEVELS)
        return Weighed(f"How sure the model was   {signs}", tuple(map(_cell, tokens)))

    return _told(look, post)


def weigh_own(turn_id: str, post: Post, passage: tuple[int, int] | None = None) -> Errand:
    """What the model finds unusual in a person's own words, and what worn out.

    Args:
        turn_id: The turn.
        post: Takes what was found.
        passage: The part of its content that is meant, in characters; None is all of it.
    """

    def look(talk: AppTalk) -> Weighed:
        session, engine = talk.conversation.log.session, talk.conversation.engine
        before = messages_of(session.path(turn_id)[:-1])
        content = session.turn(turn_id).content
        start, end = passage or (0, len(content))
        text = content[start:end]
        tokens = aligned(own_scores(engine, before, text, after=content[:start]), text)
        words = scored_words(tokens)
        cells = [
            Cell(word.text, *_MARKS[verdict], word.probability)
            for word, verdict in zip(words, verdicts(words), strict=True)
        ]
        what = "" if passage is None else "this passage: "
        heading = f"{what}{next(judged(tokens))}   ▲ unusual   ~ worn out"
        return Weighed(heading, tuple(cells))

    return _told(look, post)


def _told(look: Callable[[AppTalk], Message], post: Post) -> Errand:
    """What is seen is shown; where the model cannot be asked, that stands in its place."""

    def errand(talk: AppTalk) -> None:
        try:
            post(look(talk))
        except EngineError as error:
            post(Unweighed(explain(error)[0], isinstance(error, PASSING)))

    return errand


_MARKS = {
    "": (" ", ""),
    "unusual": ("▲", "on $error 50%"),
    "worn out": ("~", "on $secondary 35%"),
}


def find_others(turn_id: str, place: int, text_before: str, post: Post) -> Errand:
    """What might have stood at a place of an answer.

    Args:
        turn_id: The answer.
        place: The number of the token.
        text_before: The answer up to there.
        post: Takes what was found.
    """

    def look(talk: AppTalk) -> Others:
        turn = talk.conversation.log.session.turn(turn_id)
        found = _kept_others(turn, place) or _computed_others(talk, turn, text_before)
        return Others(tuple((text, math.exp(min(0.0, logprob))) for text, logprob in found))

    return _told(look, post)


def _kept_others(turn: Turn, place: int) -> Sequence[tuple[str, float]]:
    """Those that were kept with the answer, where that was asked for."""
    is_whole = "".join(token.text for token in turn.logprobs) == turn.content
    return turn.logprobs[place].others if is_whole and place < len(turn.logprobs) else ()


def _computed_others(talk: AppTalk, turn: Turn, text_before: str) -> Sequence[tuple[str, float]]:
    """Those that the model gives now; none where the answer would end there."""
    conversation = talk.conversation
    question = conversation.log.session.path(turn.id)[:-1]
    settings = replace(
        conversation.settings, sampling=Sampling(temperature=0), max_tokens=2, top_logprobs=_OTHERS
    )
    request = request_after(question, settings)
    request = replace(request, prefill=request.prefill + text_before)
    scores: list[TokenScore] = []
    said = ""
    with closing(conversation.engine.stream(request)) as events:
        for event in events:
            if isinstance(event, Scored):
                scores += event.tokens
            elif isinstance(event, Piece):
                said += event.text
    return others_behind(scores, said)


def others_behind(scores: Sequence[TokenScore], said: str) -> list[tuple[str, float]]:
    """What might have been said first.

    Engines may write the last token of a given beginning anew, as one that begins with it: scored,
    but not said.

    Args:
        scores: Of all tokens that were written.
        said: What of them is new.
    """
    given = max(0, sum(len(score.text) for score in scores) - len(said))
    for score in scores:
        if given < len(score.text):
            beginning = score.text[:given]
            return [
                (text[given:], logprob)
                for text, logprob in score.others
                if text.startswith(beginning) and len(text) > given
            ]
        given -= len(score.text)
    return []


def _cell(token: tuple[str, float]) -> Cell:
    text, logprob = token
    probability = math.exp(min(0.0, logprob))
    level = next((level for share, level in _LEVELS if probability >= share), 4)
    return Cell(text, SIGNS[level], _STYLES[level], probability)


def texts_before(cells: Sequence[Cell]) -> Iterator[str]:
    """For each cell the text up to it."""
    text = ""
    for cell in cells:
        yield text
        text += cell.text
