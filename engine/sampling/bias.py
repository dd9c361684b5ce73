"""Biases by text: which tokens they raise or lower, and which would write a banned word."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from engine.sampling_params import BIAS_RANGE, Sampling

_BANNED = BIAS_RANGE[0]


class Vocabulary(Protocol):
    """The part of the weights that biases need."""

    def tokenize(self, text: str, *, special: bool) -> list[int]: ...
    @property
    def token_bytes(self) -> Callable[[int], bytes]: ...


class Biases:
    """What a person adds to the logits of texts.

    Above -100 a bias is one of tokens. A text is taken with a space in front too, and what
    consists of several tokens is raised at each of them as far as it has come, so that it is begun
    and finished, and lowered at the last one only, so that other words begin as they did.

    -100 bans the text itself, in whatever tokens it would be written. A word is banned as a word:
    "art" leaves "party" alone.
    """

    def __init__(self, sampling: Sampling, vocabulary: Vocabulary, seen: Sequence[int]) -> None:
        """Find the tokens.

        Args:
            sampling: Of which the biases are looked at.
            vocabulary: In which the texts are written.
            seen: The tokens that are there already.
        """
        self._vocabulary = vocabulary
        self._after: dict[tuple[int, ...], dict[int, float]] = {}
        """By the tokens that have just been written: what is added to which."""
        for text, bias in sampling.logit_bias:
            if bias > _BANNED:
                self._add(text, bias)
        banned = [text for text, bias in sampling.logit_bias if bias == _BANNED]
        self._banned = re.compile("|".join(map(_as_word, banned))) if banned else None
        # A token has a byte at least, and the character before a word has four at most.
        bytes_looked_at = max(
            [len(text.encode(errors="replace")) + 4 for text in banned], default=0
        )
        self._window = max([1, bytes_looked_at, *map(len, self._after)])
        self._tail: list[int] = []
        for token in seen[len(seen) - min(self._window, len(seen)) :]:
            self.accept(token)

    def accept(self, token: int) -> None:
        """A token was written."""
        self._tail.append(token)
        del self._tail[: -self._window]

    def changes(self) -> Iterator[tuple[int, float]]:
        """What is to be added to the logits of which tokens now."""
        for before, biases in self._after.items():
            if not before or tuple(self._tail[-len(before) :]) == before:
                yield from biases.items()

    def bans(self, token: int) -> bool:
        """Whether the token would complete a banned text."""
        if self._banned is None:
            return False
        written = b"".join(map(self._vocabulary.token_bytes, self._tail))
        whole = (written + self._vocabulary.token_bytes(token)).decode(errors="ignore")
        known = len(written.decode(errors="ignore"))
        return any(match.end() > known for match in self._banned.finditer(whole))

    def _add(self, text: str, bias: float) -> None:
        texts = [text] if text[0].isspace() else [text, f" {text}"]
        steps = {step for form in texts for step in _steps(self._spelt(form), bias)}
        for before, token in steps:
            biases = self._after.setdefault(before, {})
            biases[token] = biases.get(token, 0.0) + bias

    def _spelt(self, text: str) -> list[int]:
        """The tokens of the text as it stands in the middle of others."""
        # Some vocabularies put a space in front of whatever they are given; not behind a newline.
        for before in ("", "\n"):
            tokens = self._vocabulary.tokenize(before + text, special=False)
            while tokens and self._text(tokens) != text:
                del tokens[0]
            if tokens:
                return tokens
        return []

    def _text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self._vocabulary.token_bytes, tokens)).decode(errors="replace")


def _steps(tokens: Sequence[int], bias: float) -> Iterator[tuple[tuple[int, ...], int]]:
    """Each token that has the bias, with those that have to stand before it."""
    first = 0 if bias > 0 else len(tokens) - 1
    for place in range(max(0, first), len(tokens)):
        yield tuple(tokens[:place]), tokens[place]


def _as_word(text: str) -> str:
    """A regular expression for the text that is not a part of a longer word."""
    front = r"(?<!\w)" if re.match(r"\w", text) else ""
    behind = r"(?!\w)" if re.search(r"\w\Z", text) else ""
    return f"{front}{re.escape(text)}{behind}"
