"""From sampled tokens to what is shown: whole characters, reasoning apart, no banned phrase."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.detokenize import StopStrings, Utf8Stream
from engine.formatting.reasoning import ReasoningSplitter
from engine.phrases import PhraseGuard
from engine.types import Event, Piece, Reasoning, Request, Scored, TokenScore
from engine.weights import Weights


@dataclass(frozen=True, slots=True)
class Sampled:
    """A token that the model chose, and what it thought of it if that was asked for."""

    token: int
    score: TokenScore | None


class Output:
    """The text of one answer as it grows."""

    def __init__(
        self,
        weights: Weights,
        request: Request,
        splitter: ReasoningSplitter,
        *,
        index: int = 0,
        healed: bytes = b"",
    ) -> None:
        """Nothing is said yet.

        Args:
            weights: Whose vocabulary the tokens are of.
            request: Has the stop strings and the banned phrases.
            splitter: Tells reasoning from answer.
            index: Of the alternative; its events carry it.
            healed: What the first tokens repeat of the text before the answer.
        """
        self.events: list[Event] = []
        """What can be shown now; whoever takes it empties it."""
        self.stopped = False
        """Whether a stop string came."""
        self._weights = weights
        self._index = index
        self._healed = healed
        self._guard: PhraseGuard[Sampled] = PhraseGuard(request.banned)
        self._utf8 = Utf8Stream()
        self._splitter = splitter
        self._stops = StopStrings(request.stop)
        self._answered = self._shown = 0
        """Characters of the answer that came, and that were shown."""
        self._unscored: list[tuple[int, TokenScore]] = []
        """Scores of tokens that end where so many characters of the answer are shown."""

    @property
    def is_reasoning(self) -> bool:
        """Whether what comes is not the answer yet."""
        return self._splitter.is_reasoning

    def feed(self, sampled: Sampled) -> int:
        """Take the next token; returns how many of the last ones must be taken back."""
        if self._weights.is_control(sampled.token):
            # No phrase reaches across a marker.
            self._show_all([*self._guard.flush(), sampled])
            return 0
        data = self._weights.token_bytes(sampled.token)
        released, taken_back = self._guard.feed(sampled, data)
        self._show_all(released)
        return taken_back

    def flush(self) -> None:
        """Nothing more comes: show what was held back, but no part of a character: an answer that
        is gone on with can have the whole of it."""
        self._show_all(self._guard.flush())
        if not self.stopped:
            self._part(*self._splitter.flush())
            self._piece(self._stops.flush())

    def take(self) -> Iterator[Event]:
        """The events since the last call."""
        events, self.events = self.events, []
        yield from events

    def _show_all(self, released: list[Sampled]) -> None:
        for sampled in released:
            if self.stopped:
                return
            self._show(sampled)

    def _show(self, sampled: Sampled) -> None:
        if self._weights.is_control(sampled.token):
            self._part(*self._splitter.control(self._weights.token_text(sampled.token)))
            return
        data = self._weights.token_bytes(sampled.token)
        if self._healed:
            data, self._healed = data[len(self._healed) :], self._healed[len(data) :]
        reasoning, answer = self._splitter.feed(self._utf8.feed(data))
        if sampled.score is not None and (answer or not reasoning):
            self._unscored.append((self._answered + len(answer), sampled.score))
        self._part(reasoning, answer)

    def _part(self, reasoning: str, answer: str) -> None:
        if reasoning:
            self.events.append(Reasoning(reasoning, self._index))
        self._answered += len(answer)
        shown, self.stopped = self._stops.feed(answer)
        self._piece(shown)

    def _piece(self, text: str) -> None:
        if text:
            self.events.append(Piece(text, self._index))
        self._shown += len(text)
        scores = tuple(score for end, score in self._unscored if end <= self._shown)
        if scores:
            del self._unscored[: len(scores)]
            self.events.append(Scored(scores, self._index))
