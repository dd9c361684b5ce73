"""Which words a model was sure of, and which not: from tokens to words that a person can read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from engine.errors import Unsupported
from engine.protocol import Engine
from engine.types import Message
from sessions import Session, Turn, messages_to_answer

_UNSURE = 0.3
"""Words less probable than this are marked."""

_UNUSUAL = 0.001
_WORN_OUT = 0.5
"""From this probability on a word could be guessed."""

_SHORTEST_RUN = 4
"""Words that could be guessed one after another, to be called worn out."""

_MOST = 12
"""Words or runs that are named."""


_SCORED_AS = Message("user", "Write the next passage.")
"""What a text of a person's own is taken to be the answer to."""

_REACH = 8
"""Characters that a token may be away from where it is looked for."""

Verdict: TypeAlias = Literal["", "unusual", "worn out"]


@dataclass(frozen=True, slots=True)
class ScoredWord:
    """A word with the space before it."""

    text: str
    probability: float


def scores_of(engine: Engine, session: Session, answer: Turn) -> Sequence[tuple[str, float]]:
    """The tokens of an answer with their log-probabilities: as they were kept, else computed.

    Raises:
        EngineError: If they cannot be computed.
    """
    kept = [(token.text, token.logprob) for token in answer.logprobs]
    if "".join(text for text, _ in kept) == answer.content:
        return kept
    before = session.path(answer.id)[:-1]
    try:
        scores = engine.score(messages_to_answer(before) if before else [], answer.content)
    except Unsupported as error:
        raise Unsupported(
            f"this answer has no probabilities, and {error}; /set logprobs 5 keeps them for "
            "future answers"
        ) from error
    return [(token.text, token.logprob) for token in scores]


def own_scores(
    engine: Engine, before: Sequence[Message], text: str, *, after: str = ""
) -> Sequence[tuple[str, float]]:
    """The tokens of a person's own text with their log-probabilities, after what was said before.

    Args:
        engine: Scores it.
        before: What was said.
        text: The text.
        after: How it begins, where only the rest is meant.

    Raises:
        EngineError: If they cannot be computed.
    """
    scores = engine.score([*before, _SCORED_AS], text, after=after)
    return [(token.text, token.logprob) for token in scores]


def aligned(tokens: Iterable[tuple[str, float]], text: str) -> list[tuple[str, float]]:
    """Tokens that together are the text: those that hold parts of characters are joined."""
    found: list[tuple[str, float]] = []
    at, waiting = 0, 0.0
    for token, logprob in tokens:
        start = text.find(token, at, at + len(token) + _REACH) if token else -1
        if start < 0:
            waiting += logprob
            continue
        if start > at:
            found.append((text[at:start], waiting))
        found.append((token, logprob))
        at, waiting = start + len(token), 0.0
    return [*found, (text[at:], waiting)] if at < len(text) else found


def scored_words(tokens: Iterable[tuple[str, float]]) -> list[ScoredWord]:
    """Words, each as probable as its tokens are together."""
    words: list[ScoredWord] = []
    for text, logprob in tokens:
        begins = not words or text[:1].isspace() or words[-1].text[-1:].isspace()
        probability = math.exp(min(0.0, logprob))
        if begins:
            words.append(ScoredWord(text, probability))
        else:
            words[-1] = ScoredWord(words[-1].text + text, words[-1].probability * probability)
    return words


def is_unsure(word: ScoredWord) -> bool:
    """Whether the model was unsure of a word."""
    return word.probability < _UNSURE and bool(word.text.strip())


def marked(words: Iterable[ScoredWord]) -> str:
    """The text, with the words that the model was unsure of between marks."""
    return "".join(map(_marked, words))


def judged(tokens: Sequence[tuple[str, float]]) -> Iterator[str]:
    """What is to be said of a text of a person's own, a line each."""
    words = [word for word in scored_words(tokens) if word.text.strip()]
    mean = sum(logprob for _, logprob in tokens) / max(1, len(tokens))
    yield f"perplexity {math.exp(min(700.0, -mean)):.1f} over {len(tokens)} tokens"
    unusual = sorted(words, key=lambda word: word.probability)[:_MOST]
    named = [_percent(word) for word in unusual if word.probability < _UNUSUAL]
    yield f"unusual: {', '.join(named) or 'nothing'}"
    stretches = ("".join(words[each].text for each in run).strip() for run in _worn_out(words))
    runs = [f"“{run}”" for run in stretches][:_MOST]
    yield f"worn out: {', '.join(runs) or 'nothing'}"


def verdicts(words: Sequence[ScoredWord]) -> list[Verdict]:
    """What is to be said of each word of a text of a person's own."""
    found: list[Verdict] = [
        "unusual" if word.probability < _UNUSUAL and word.text.strip() else "" for word in words
    ]
    for run in _worn_out(words):
        found[run[0] : run[-1] + 1] = ["worn out"] * (run[-1] + 1 - run[0])
    return found


def _worn_out(words: Sequence[ScoredWord]) -> Iterator[list[int]]:
    """The numbers of the words of passages that could each be guessed; blanks count for nothing."""
    spoken = [number for number, word in enumerate(words) if word.text.strip()]
    for is_worn, group in groupby(spoken, lambda each: words[each].probability >= _WORN_OUT):
        run = list(group)
        if is_worn and len(run) >= _SHORTEST_RUN:
            yield run


def _marked(word: ScoredWord) -> str:
    stripped = word.text.strip()
    if not is_unsure(word):
        return word.text
    return word.text.replace(stripped, f"«{_percent(word)}»", 1)


def _percent(word: ScoredWord) -> str:
    share = word.probability
    digits = f"{share:.0%}" if share >= 0.01 else f"{share:.2%}"
    return f"{word.text.strip()} {digits}"
