"""Tokenizing with the markers of a template in force and those in a person's text spelled out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

_CHUNK = 4096
_OVERLAP = 128
"""In characters; no marker is longer than the overlap."""

_BRACKETED = re.compile(r"[^\w\s].*\w.*[^\w\s]", re.DOTALL)


class Vocabulary(Protocol):
    """The part of the weights that formatting needs."""

    def tokenize(self, text: str, *, special: bool) -> list[int]: ...
    def token_text(self, token: int) -> str: ...
    def is_control(self, token: int) -> bool: ...
    def is_user_defined(self, token: int) -> bool: ...
    def special_text(self, name: str) -> str: ...
    @property
    def bos(self) -> int | None: ...


class MarkerTokenizer:
    """Knows which tokens act as markers: control tokens, and what a template uses as such."""

    def __init__(self, vocabulary: Vocabulary, source: str) -> None:
        """Hold the vocabulary.

        Args:
            vocabulary: Of the model.
            source: The template. User-defined tokens are matched in any text, so one of them is
                a marker only where it is one for the template.
        """
        self._vocabulary = vocabulary
        self._source = source
        self._acts: dict[int, bool] = {}

    def ids(self, text: str) -> list[int]:
        """Token ids with every marker in force."""
        return self._vocabulary.tokenize(text, special=True)

    def markers(self, ids: Collection[int]) -> list[int]:
        """Those of the tokens that are markers."""
        markers = set(filter(self._is_marker, set(ids)))
        return [token for token in ids if token in markers] if markers else []

    def texts(self, tokens: Iterable[int]) -> set[str]:
        """How the tokens are written."""
        return set(map(self._vocabulary.token_text, set(tokens))) - {""}

    def spelled(self, texts: Iterable[str]) -> set[str]:
        """The markers that stand in the texts.

        Chunk by chunk: llama.cpp's search for markers takes time with the square of their number.
        """
        found: set[int] = set()
        for text in texts:
            for start in range(0, len(text), _CHUNK):
                ids = self.ids(text[start : start + _CHUNK + _OVERLAP])
                found.update(self.markers(set(ids)))
        return self.texts(found)

    def apart(
        self, text: str, markers: Sequence[int], restore: Callable[[str], str], spelled: set[str]
    ) -> list[int]:
        """Token ids in which only the given markers act.

        Each run of text between two of them is tokenized in one go, as llama.cpp itself cuts its
        input: so spaces and merges at the seams come out as they do without a marker in a content.

        Args:
            text: With nothing in it that spells a marker, but for the given ones in turn.
            markers: The tokens of `text` that act.
            restore: Makes of a run what is to be tokenized.
            spelled: What restored runs may spell.

        Raises:
            ValueError: If a marker is written in another way than its token is.
        """
        ids: list[int] = []
        run_start = 0
        for token in markers:
            marker = self._vocabulary.token_text(token)
            at = text.index(marker, run_start)
            ids += self.prose(restore(text[run_start:at]), spelled)
            ids.append(token)
            run_start = at + len(marker)
            run_start += self._swallowed(token, text[run_start : run_start + _OVERLAP])
        return ids + self.prose(restore(text[run_start:]), spelled)

    def prose(self, text: str, spelled: set[str]) -> list[int]:
        """Token ids of text in which nothing acts.

        A user-defined token is matched in prose too, so that its text is cut after the first
        character.
        """
        pieces = _cut(text, [marker for marker in spelled if self._acts_in_prose(marker)])
        ids = self._vocabulary.tokenize(pieces[0], special=False) if pieces[0] else []
        known: dict[str, list[int]] = {}
        for piece in pieces[1:]:
            if piece not in known:
                known[piece] = self._continued(piece)
            ids += known[piece]
        return ids

    def _is_marker(self, token: int) -> bool:
        if token not in self._acts:
            text = self._vocabulary.token_text(token)
            self._acts[token] = (
                self._vocabulary.is_control(token)
                or text == "<unk>"
                or (
                    self._vocabulary.is_user_defined(token)
                    and _BRACKETED.fullmatch(text) is not None
                    and text in self._source
                )
            )
        return self._acts[token]

    def _acts_in_prose(self, marker: str) -> bool:
        ids = self._vocabulary.tokenize(marker, special=False)
        return marker in map(self._vocabulary.token_text, ids)

    def _swallowed(self, token: int, after: str) -> int:
        """How much of the white space after a marker llama.cpp takes for a part of it."""
        space = after[: len(after) - len(after.lstrip())]
        marker = self._vocabulary.token_text(token)
        return len(space) if space and self.ids(marker + space) == [token] else 0

    def _continued(self, text: str) -> list[int]:
        """Token ids of text that goes on from other text.

        SentencePiece vocabularies put a space before a fragment: here it is put before a line
        end, which is then dropped.
        """
        lead = self._vocabulary.tokenize("\n", special=False)
        ids = self._vocabulary.tokenize(f"\n{text}", special=False)
        if ids[: len(lead)] == lead:
            return ids[len(lead) :]
        return self._vocabulary.tokenize(text, special=False)


def _cut(text: str, markers: Sequence[str]) -> list[str]:
    """The text in pieces, none of which holds a marker."""
    if not markers:
        return [text]
    pattern = re.compile("|".join(map(re.escape, sorted(markers, key=len, reverse=True))))
    ends = [match.start() + 1 for match in pattern.finditer(text)]
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]
