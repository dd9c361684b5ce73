"""Tells what a model thinks aloud from what it answers.

Families mark the two in their own ways, with control tokens or with words. `markers_of` finds the
way of a model, and `ReasoningSplitter` follows it through a stream of text and control tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

_LONGEST_HEADER = 200
"""In characters: what goes on for longer is no header, and must not be lost."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Control tokens of families that put a header before every part of an answer."""

    begin: frozenset[str]
    """A header starts."""
    end: frozenset[str]
    """The header is over and the part starts."""
    close: frozenset[str]
    """The part is over."""
    thinks: frozenset[str]
    """Parts that are reasoning: the first word of their header, or the token that ended it."""


@dataclass(frozen=True, slots=True)
class Markers:
    """How a family sets apart what it thinks aloud."""

    open: str
    close: str
    label: str = ""
    """What stands right after the opening marker and is no reasoning yet."""
    wrapper: tuple[str, str] = ("", "")
    """Words around the answer that follows reasoning."""
    channels: Channels | None = None


THINK = Markers("<think>", "</think>")
"""By far the commonest."""

_FAMILIES: tuple[tuple[tuple[str, ...], Markers], ...] = (
    (
        ("<|channel|>", "<|message|>"),
        Markers(
            "<|channel|>analysis<|message|>",
            "<|end|>",
            channels=Channels(
                frozenset({"<|start|>", "<|channel|>"}),
                frozenset({"<|message|>"}),
                frozenset({"<|end|>"}),
                frozenset({"analysis", "commentary"}),
            ),
        ),
    ),
    (
        ("<|think|>", "<|content|>", "<|begin|>"),
        Markers(
            "<|think|>",
            "<|end|>",
            channels=Channels(
                frozenset({"<|begin|>"}),
                frozenset({"<|think|>", "<|content|>"}),
                frozenset({"<|end|>"}),
                frozenset({"<|think|>"}),
            ),
        ),
    ),
    (
        ("<|open|>", "<|sep|>", "<|close|>"),
        Markers(
            "<|open|>think<|sep|>",
            "<|close|>think<|sep|>",
            channels=Channels(
                frozenset({"<|open|>", "<|close|>"}),
                frozenset({"<|sep|>"}),
                frozenset(),
                frozenset({"think"}),
            ),
        ),
    ),
    (("<|channel>", "<channel|>"), Markers("<|channel>", "<channel|>", label="thought\n")),
    (
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        Markers(
            "<|START_THINKING|>",
            "<|END_THINKING|>",
            wrapper=("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
        ),
    ),
    (("<seed:think>", "</seed:think>"), Markers("<seed:think>", "</seed:think>")),
    (("[THINK]", "[/THINK]"), Markers("[THINK]", "[/THINK]")),
    (
        ("<|inner_prefix|>", "<|inner_suffix|>"),
        Markers("<|inner_prefix|>", "<|inner_suffix|>"),
    ),
    (
        ("[BEGIN FINAL RESPONSE]",),
        Markers(
            "Here are my reasoning steps:\n",
            "[BEGIN FINAL RESPONSE]",
            wrapper=("", "[END FINAL RESPONSE]"),
        ),
    ),
    (
        ("<think>", "</think>", "<response>", "</response>"),
        Markers("<think>", "</think>", wrapper=("<response>", "</response>")),
    ),
    (("<think>",), THINK),
    (("</think>",), THINK),
)
"""Words that are found together in the templates of a family, and its markers."""


def markers_of(template: str, is_token: Callable[[str], bool]) -> Markers:
    """The markers of the model's family, or the commonest where nothing tells.

    Args:
        template: The source of the chat template.
        is_token: Whether a text is a single control token of the vocabulary.
    """
    for words, markers in _FAMILIES:
        if all(word in template for word in words):
            return markers
    for words, markers in _FAMILIES:
        if all(map(is_token, words)):
            return markers
    return THINK


class ReasoningSplitter:
    """Parts a stream at a family's markers.

    A marker that comes as a control token counts wherever it comes. One that is spelled in text
    counts only where it stands first, or where the chat template has opened it already: later in
    an answer it is words like others.
    """

    def __init__(self, markers: Markers, *, is_open: bool, has_begun: bool = False) -> None:
        """Wait for the beginning.

        Args:
            markers: Of the model's family.
            is_open: Whether the prompt ended inside reasoning.
            has_begun: Whether the prompt ended inside the answer, so that nothing stands first.
        """
        kind = _ChannelSplitter if markers.channels else _BlockSplitter
        self._splitter = kind(markers, is_open=is_open, has_begun=has_begun)

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the answer that are certain now, after more text."""
        return self._splitter.feed(text)

    def control(self, token_text: str) -> tuple[str, str]:
        """The same after a control token, which itself belongs to neither."""
        return self._splitter.control(token_text)

    def flush(self) -> tuple[str, str]:
        """What was held back, now that nothing more comes."""
        return self._splitter.flush()

    @property
    def is_reasoning(self) -> bool:
        """Whether the stream is inside reasoning now, as far as is certain."""
        return self._splitter.is_reasoning


class _BlockSplitter:
    """Reasoning between two markers, the answer after them."""

    def __init__(self, markers: Markers, *, is_open: bool, has_begun: bool) -> None:
        self._markers = markers
        self._state: Literal["start", "label", "reasoning", "between", "answer"]
        self._state = "label" if is_open else "answer" if has_begun else "start"
        self._wrapper = markers.wrapper
        self._wrapper_end = ""
        self._held = ""

    @property
    def is_reasoning(self) -> bool:
        return self._state in ("label", "reasoning")

    def feed(self, text: str) -> tuple[str, str]:
        self._held += text
        reasoning = ""
        if self._state == "start":
            self._start()
        if self._state == "label":
            self._label()
        if self._state == "reasoning":
            reasoning = self._reason()
        if self._state == "between":
            self._between()
        return reasoning, self._answer() if self._state == "answer" else ""

    def control(self, token_text: str) -> tuple[str, str]:
        thinking = self._state in ("label", "reasoning")
        if token_text != (self._markers.close if thinking else self._markers.open):
            return "", ""
        if self._state == "start" and self._held.isspace():
            self._held = ""
        rest = self.flush()
        self._state = "between" if thinking else "label"
        self._wrapper, self._wrapper_end = self._markers.wrapper, ""
        return rest

    def flush(self) -> tuple[str, str]:
        if self._state in ("label", "reasoning"):
            return self._release(), ""
        rest = self._release()
        if self._wrapper_end and rest.rstrip().endswith(self._wrapper_end):
            rest = rest.rstrip().removesuffix(self._wrapper_end)
        return "", rest

    def _start(self) -> None:
        begun = self._held.lstrip()
        if begun.startswith(self._markers.open):
            self._held = begun.removeprefix(self._markers.open)
            self._state = "label"
        elif not self._markers.open.startswith(begun):
            self._state = "answer"

    def _label(self) -> None:
        label = self._markers.label
        if len(self._held) >= len(label) or not label.startswith(self._held):
            self._held = self._held.removeprefix(label)
            self._state = "reasoning"

    def _reason(self) -> str:
        reasoning, marker, rest = self._held.partition(self._markers.close)
        if marker:
            self._held = rest
            self._state = "between"
            return reasoning
        return self._release(keep=_begun(self._held, self._markers.close))

    def _between(self) -> None:
        """The blank lines between the two belong to neither, and no more does a wrapper."""
        self._held = self._held.lstrip("\n")
        start, end = self._wrapper
        if self._held and self._held.startswith(start):
            self._held = self._held.removeprefix(start)
            if start:
                self._held = self._held.lstrip("\n")
            self._wrapper = ("", end)
            self._wrapper_end = end
        if self._held and not self._wrapper[0].startswith(self._held):
            self._state = "answer"

    def _answer(self) -> str:
        """Holds back what may be the wrapper's end, which counts only at the end of the answer."""
        end = self._wrapper_end
        text = self._held.rstrip() if end else self._held
        if end and text.endswith(end):
            return self._release(keep=len(self._held) - len(text) + len(end))
        return self._release(keep=_begun(self._held, end) if end else 0)

    def _release(self, *, keep: int = 0) -> str:
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown


class _ChannelSplitter:
    """Parts with headers of control tokens; which part it is stands in the header."""

    def __init__(self, markers: Markers, *, is_open: bool, has_begun: bool) -> None:
        assert markers.channels
        self._channels = markers.channels
        self._state: Literal["header", "reasoning", "between", "answer"]
        self._state = "reasoning" if is_open else "answer"
        self._header = ""

    @property
    def is_reasoning(self) -> bool:
        return self._state in ("reasoning", "header")

    def feed(self, text: str) -> tuple[str, str]:
        if self._state == "reasoning":
            return text, ""
        if self._state == "between":
            text = text.lstrip("\n")
            self._state = "answer" if text else "between"
        elif self._state == "header":
            return self._head(text)
        return "", text

    def control(self, token_text: str) -> tuple[str, str]:
        if token_text in self._channels.begin:
            self._state, self._header = "header", ""
        elif token_text in self._channels.end:
            name = self._header.split(maxsplit=1)[0] if self._header.strip() else ""
            thinks = not self._channels.thinks.isdisjoint((name, token_text))
            self._state = "reasoning" if thinks else "answer"
        elif token_text in self._channels.close:
            self._state = "between"
        return "", ""

    def flush(self) -> tuple[str, str]:
        return "", ""

    def _head(self, text: str) -> tuple[str, str]:
        self._header += text
        if len(self._header) <= _LONGEST_HEADER:
            return "", ""
        self._state = "answer"
        return "", self._header


def _begun(text: str, marker: str) -> int:
    """The length of the longest end of the text that the marker begins with."""
    return max(n for n in range(len(marker)) if text.endswith(marker[:n]))
