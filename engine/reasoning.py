"""Tells what a model thinks aloud from what it answers."""

from __future__ import annotations

from typing import Literal

OPEN, CLOSE = "<think>", "</think>"


class ReasoningSplitter:
    """Parts a stream of text at ``<think>`` and ``</think>``.

    Reasoning counts only where it stands first, or where the chat template has opened it already:
    later in an answer the markers are words like others.
    """

    def __init__(self, *, is_open: bool) -> None:
        """Wait for the beginning.

        Args:
            is_open: Whether the prompt ended in the opening marker.
        """
        self._state: Literal["start", "reasoning", "between", "answer"]
        self._state = "reasoning" if is_open else "start"
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the answer that are certain now."""
        self._held += text
        reasoning = ""
        if self._state == "start":
            self._start()
        if self._state == "reasoning":
            reasoning = self._reason()
        if self._state == "between":
            # The blank lines between the two belong to neither.
            self._held = self._held.lstrip("\n")
            self._state = "answer" if self._held else "between"
        return reasoning, self._release() if self._state == "answer" else ""

    def flush(self) -> tuple[str, str]:
        """What was held back, now that nothing more comes."""
        rest = self._release()
        return (rest, "") if self._state == "reasoning" else ("", rest)

    def _start(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(OPEN):
            self._held = begun.removeprefix(OPEN)
            self._state = "reasoning"
        elif not OPEN.startswith(begun):
            self._state = "answer"

    def _reason(self) -> str:
        reasoning, marker, rest = self._held.partition(CLOSE)
        if marker:
            self._held = rest
            self._state = "between"
            return reasoning
        keep = max(n for n in range(len(CLOSE)) if self._held.endswith(CLOSE[:n]))
        cut = len(self._held) - keep
        reasoning, self._held = self._held[:cut], self._held[cut:]
        return reasoning

    def _release(self) -> str:
        held, self._held = self._held, ""
        return held
