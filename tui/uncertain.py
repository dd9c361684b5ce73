"""Which words a model was sure of, and which not: from tokens to words that a person can read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.protocol import Engine
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
    scores = engine.score(messages_to_answer(before) if before else [], answer.content)
    return [(token.text, token.logprob) for token in scores]


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
    runs = [f"“{run}”" for run in _runs(words)][:_MOST]
    yield f"worn out: {', '.join(runs) or 'nothing'}"


def _runs(words: Sequence[ScoredWord]) -> Iterator[str]:
    """Passages of words that could each be guessed."""
    for is_worn, group in groupby(words, lambda word: word.probability >= _WORN_OUT):
        run = list(group)
        if is_worn and len(run) >= _SHORTEST_RUN:
            yield "".join(word.text for word in run).strip()


def _marked(word: ScoredWord) -> str:
    stripped = word.text.strip()
    if word.probability >= _UNSURE or not stripped:
        return word.text
    return word.text.replace(stripped, f"«{_percent(word)}»", 1)


def _percent(word: ScoredWord) -> str:
    share = word.probability
    digits = f"{share:.0%}" if share >= 0.01 else f"{share:.2%}"
    return f"{word.text.strip()} {digits}"
