"""What a model makes of the words of a turn, found in the conversation's thread and posted to the
screen that asked for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from textual.message import Message

from engine.errors import EngineError, LoadFailed, WorkerFailed
from engine.types import Piece, Sampling, Scored, TokenScore
from sessions import Turn, messages_of
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.app.widgets.heatmap import Cell
from tui.errors import UsageProblem, explain
from tui.request import request_after
from tui.uncertain import aligned, judged, own_scores, scored_words, scores_of, verdicts

Post = Callable[[Message], object]

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
class NotWeighed(Message):
    """What was asked of the model could not be found out."""

    reason: str
    can_retry: bool
    """Whether the same may work at another time."""


@dataclass
class Others(Message):
    """What might have stood at a place in place of what does, the likeliest first."""

    words: tuple[tuple[str, float], ...]
    """With their probabilities."""


def telling(errand: Errand, post: Post) -> Errand:
    """An errand whose failure is told to whoever waits for what it finds."""

    def told(talk: AppTalk) -> None:
        try:
            errand(talk)
        except (EngineError, UsageProblem) as error:
            can_retry = isinstance(error, LoadFailed | WorkerFailed)
            post(NotWeighed(explain(error)[0], can_retry))

    return told


def weigh(turn_id: str, post: Post) -> Errand:
    """How sure the model was of each token of an answer."""

    def errand(talk: AppTalk) -> None:
        session, engine = talk.conversation.log.session, talk.conversation.engine
        turn = session.turn(turn_id)
        tokens = aligned(scores_of(engine, session, turn), turn.content)
        signs = "  ".join(f"{SIGNS[level + 1]} below {share:.0%}" for share, level in _LEVELS)
        post(Weighed(f"How sure the model was   {signs}", tuple(map(_cell, tokens))))

    return errand


def weigh_own(turn_id: str, post: Post) -> Errand:
    """What the model finds unusual in a person's own words, and what worn out."""

    def errand(talk: AppTalk) -> None:
        session, engine = talk.conversation.log.session, talk.conversation.engine
        before = messages_of(session.path(turn_id)[:-1])
        turn = session.turn(turn_id)
        tokens = aligned(own_scores(engine, before, turn.content), turn.content)
        words = scored_words(tokens)
        cells = [
            Cell(word.text, *_MARKS[verdict], word.probability)
            for word, verdict in zip(words, verdicts(words), strict=True)
        ]
        heading = f"{next(judged(tokens))}   ▲ unusual   ~ worn out"
        post(Weighed(heading, tuple(cells)))

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

    def errand(talk: AppTalk) -> None:
        turn = talk.conversation.log.session.turn(turn_id)
        found = _kept_others(turn, place) or _computed_others(talk, turn, text_before)
        post(Others(tuple((text, math.exp(min(0.0, logprob))) for text, logprob in found)))

    return errand


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
