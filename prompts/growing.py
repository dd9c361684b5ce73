"""Grows a prompt: answers that a person liked, and changes that they took, become its examples.

What a person thought is given as plain values. Each becomes a candidate, or it is said why not: an
example that the prompt has already, one that is too long, or one that leaves no room for the text.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias

from engine.types import Message
from prompts.errors import InvalidVariable, MissingVariables
from prompts.inherit import Prompt
from prompts.recovery import LONGEST_UNKNOWN, Recovered, Recovery
from prompts.render import Rendered, render
from prompts.schema import BUILTINS, AnyExample, Dialogue, Example, Value

WHOLE_BUDGET = 1400
"""Tokens of a prompt with its examples, where it does not say how many these may have: what a small
context has room for beside the text."""

SHARE_OF_ONE = 3
"""A part of all examples' tokens that one may have: a single one teaches less than several."""

_LONGEST_TOKEN = 20
"""Characters: there are longer ones, but no text of them."""

ALIKE = 0.9
"""How much of their words two inputs have in common that teach the same."""

Cause: TypeAlias = Literal[
    "there already", "much like another", "too long", "no room", "not shown", "not to be told"
]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an answer is kept."""

    session: str
    """The id."""
    title: str
    """Of the session."""
    turn: str
    """The id of the answer."""
    time: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that a person found good, or a text with those changes of it that they took."""

    question: str
    """As the model got it."""
    text: str | None
    """What stood for ``{{ text }}`` in it, where the session knows."""
    variables: Mapping[str, Value]
    """What the prompt was rendered with."""
    output: str
    """What was found good."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class Candidate:
    """What could become an example."""

    example: Example
    tokens: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What cannot become an example."""

    cause: Cause
    detail: str
    """Why, in a few words."""
    origin: Origin
    tokens: int | None = None
    """Where they are the reason."""


class Growth:
    """A prompt, and the room there is for more examples."""

    def __init__(self, prompt: Prompt, count: Callable[[Sequence[Message]], int]) -> None:
        """Nothing is rendered or counted yet.

        Args:
            prompt: With all that it inherits.
            count: Tokens of a conversation.
        """
        self._prompt = prompt
        self._count = count
        self._recovery = Recovery(prompt)
        self._costs: list[int] | None = None
        """Tokens of each example."""
        self._bare = 0
        """Tokens of the prompt without examples and text."""
        self._question = 0
        """Tokens of a question without a word."""
        self._seen: list[tuple[_Key, list[str]]] = []

    @property
    def budget(self) -> int:
        """Tokens that the examples may have together."""
        own = self._prompt.max_example_tokens
        return max(0, WHOLE_BUDGET - self._bare) if own is None else own

    @property
    def used(self) -> int:
        """Tokens of the examples that are shown with a text."""
        return self._shown(self._costs or [])

    def offer(self, judged: Judged) -> Candidate | LeftOut:
        """What becomes of an answer. What was offered once is not offered again.

        Raises:
            PromptError: If the prompt itself cannot be rendered.
        """
        values = self._values(judged)
        try:
            if self._costs is None:
                self._measure(values)
            made = self._example(judged, values)
        except (InvalidVariable, MissingVariables) as error:
            made = f"the prompt has changed since: {error}"
        if isinstance(made, str):
            return LeftOut("not to be told", made, judged.origin)
        if self._is_there(made):
            return LeftOut("there already", "", judged.origin)
        tokens = self._cost_of(made, values)
        problem = self._no_room(tokens)
        if problem is not None:
            return LeftOut(*problem, judged.origin, tokens)
        if self._has_one_like(made):
            return LeftOut("much like another", "", judged.origin)
        assert tokens is not None, "there is room for it"
        self._see(made)
        return Candidate(made, tokens, judged.origin)

    def add(self, candidate: Candidate) -> None:
        """A candidate has become the last of the examples."""
        assert self._costs is not None, "it was offered"
        self._costs.append(candidate.tokens)

    def with_it(self, candidate: Candidate) -> int:
        """Tokens of the examples that are shown, the candidate among them."""
        return self._shown([*(self._costs or []), candidate.tokens])

    def _measure(self, values: Mapping[str, str]) -> None:
        rendered = self._rendered(self._prompt.examples, values)
        system = [Message("system", rendered.system)] if rendered.system else []
        self._bare = self._count([*system, Message("user", rendered.user)])
        self._question = self._count([Message("user", "")])
        self._costs = [self._cost(example) for example in rendered.examples]
        for example in self._prompt.examples:
            self._see(example)

    def _rendered(self, examples: tuple[AnyExample, ...], values: Mapping[str, str]) -> Rendered:
        stand_ins = dict.fromkeys(BUILTINS, "x")
        return render(replace(self._prompt, examples=examples), values, stand_ins)

    def _cost_of(self, example: Example, values: Mapping[str, str]) -> int | None:
        """Tokens of an example as the model gets it; None of one too long to be counted even."""
        if len(example.input) + len(example.output) > _LONGEST_TOKEN * self.budget:
            return None
        user = self._recovery.example(values, example.input, example.instruction)
        if user is None:
            return self._cost(self._rendered((example,), values).examples[0])
        return self._cost((Message("user", user), Message("assistant", example.output)))

    def _cost(self, example: Sequence[Message]) -> int:
        question = Message("user", "")
        return self._count([*example, question]) - self._question

    def _shown(self, costs: Sequence[int]) -> int:
        most = self._prompt.max_examples
        if most is None:
            return sum(costs)
        if self._prompt.select == "first":
            return sum(costs[:most])
        return sum(sorted(costs, reverse=True)[:most])

    def _no_room(self, tokens: int | None) -> tuple[Cause, str] | None:
        assert self._costs is not None, "they were counted"
        most = self._prompt.max_examples
        if self._prompt.select == "first" and most is not None and len(self._costs) >= most:
            return "not shown", f"the prompt shows its first {most}: raise max_examples"
        longest = self.budget // SHARE_OF_ONE
        if tokens is None or tokens > longest:
            return "too long", f"too long: one example may have {longest:,} tokens"
        left = self.budget - self.used
        if self._shown([*self._costs, tokens]) > self.budget:
            return "no room", f"no room: {max(0, left):,} tokens are left of {self.budget:,}"
        return None

    def _values(self, judged: Judged) -> dict[str, str]:
        """The variables that the prompt still has, as they would be typed."""
        known = self._prompt.variables
        return {
            name: str(value)
            for name, value in judged.variables.items()
            if name in known and known[name].type != "file"
        }

    def _example(self, judged: Judged, values: Mapping[str, str]) -> Example | str:
        """The example that an answer makes, or why it makes none."""
        names = [name for name in judged.variables if name in self._prompt.variables]
        files = [name for name in names if self._prompt.variables[name].type == "file"]
        uses = self._recovery.uses(values)
        if any(self._prompt.variables[name].default != judged.variables[name] for name in files):
            return "it used a file, whose text is not kept"
        made_of = self._made_of(judged, values, uses)
        if isinstance(made_of, str):
            return made_of
        texts = [_plain(text) for text in (made_of.text, judged.output, made_of.instruction)]
        if not texts[0] or not texts[1]:
            return "an example needs both a text and its result"
        if any("\ud800" <= character <= "\udfff" for text in texts for character in text):
            return "it contains broken characters, which a prompt file cannot hold"
        own = {name: judged.variables[name] for name in names if name in uses and name not in files}
        return Example(texts[0], texts[1], texts[2], own)

    def _made_of(
        self, judged: Judged, values: Mapping[str, str], uses: frozenset[str]
    ) -> Recovered | str:
        found = self._recovery.of(judged.question, values, judged.text)
        if found is not None:
            return found
        if judged.text is None and len(judged.question) > LONGEST_UNKNOWN:
            return "too long to compare"
        if "instruction" in uses:
            return "the prompt has changed since, so its instruction cannot be reconstructed"
        if self._recovery.had_instruction_in_front(judged.question, values, judged.text):
            return "it followed an instruction, but the prompt has no place for one"
        if judged.text is None:
            return "the prompt has changed since, so the text cannot be reconstructed"
        return Recovered(judged.text, "")

    def _see(self, example: AnyExample) -> None:
        self._seen.append((self._key(example), example.input.split()))

    def _is_there(self, example: Example) -> bool:
        """Whether an example repeats one that is there or was offered."""
        return (self._key(example), example.input.split()) in self._seen

    def _has_one_like(self, example: Example) -> bool:
        key, words = self._key(example), example.input.split()
        return any(key == each_key and _are_alike(words, each) for each_key, each in self._seen)

    def _key(self, example: AnyExample) -> _Key:
        """What makes the same text another task."""
        if isinstance(example, Dialogue):
            return "", ()
        variables = self._prompt.variables
        defaults = {name: each.default for name, each in variables.items() if each.type != "file"}
        values = {**defaults, **example.variables}
        used = sorted((name, str(value)) for name, value in values.items() if value is not None)
        return " ".join(example.instruction.split()), tuple(used)


_Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]


def _plain(text: str) -> str:
    """A text as a file holds it: with one kind of newline, and no empty edges."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(" \t\n")


def _are_alike(one: list[str], other: list[str]) -> bool:
    """Whether two texts have most of their words in common."""
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    quick = (matcher.real_quick_ratio, matcher.quick_ratio)
    return all(ratio() >= ALIKE for ratio in quick) and matcher.ratio() >= ALIKE
