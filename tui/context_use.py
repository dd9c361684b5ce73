"""Where the context goes: how many tokens each part of a conversation takes, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.protocol import Engine
from engine.types import Message
from sessions import Turn, instruction_in_force, spoken_turns, standing_messages
from tui.attach import AttachedText, text_of


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what the model gets."""

    name: str
    tokens: int
    is_within: bool = False
    """Whether it is counted in the part before it as well."""


@dataclass(frozen=True, slots=True)
class ContextUse:
    """All parts, and the room there is for them."""

    parts: tuple[Part, ...]
    n_ctx: int

    @property
    def used(self) -> int:
        """Tokens of all parts together."""
        return sum(part.tokens for part in self.parts if not part.is_within)

    @property
    def free(self) -> int:
        """What is left for the next question and its answer."""
        return max(0, self.n_ctx - self.used)


def sizes(
    engine: Engine, path: Sequence[Turn], attached: Sequence[AttachedText]
) -> tuple[Part, ...]:
    """What a question that was just asked is made of, the largest part first.

    Args:
        engine: Counts.
        path: The branch, which ends in the question.
        attached: The texts that are within the question.

    Raises:
        EngineError: If they cannot be counted.
    """
    parts = {
        part.name: part.tokens for part in context_use(engine, path).parts if not part.is_within
    }
    counter = TokenCounter(engine)
    texts = [(each.name or "piped text", counter.alone([each.text])) for each in attached]
    if texts and "last question" in parts:
        rest = parts.pop("last question") - sum(tokens for _, tokens in texts)
        parts["the question about them"] = max(0, rest)
    every = [Part(name, tokens) for name, tokens in (*texts, *parts.items()) if tokens]
    return tuple(sorted(every, key=lambda part: -part.tokens))


def context_use(
    engine: Engine, path: Sequence[Turn], waiting: Sequence[AttachedText] = ()
) -> ContextUse:
    """Count the parts of a branch, with the texts that wait to go along.

    Each part is what it adds to those before it, so that they add up to what the model gets.

    Raises:
        EngineError: If they cannot be counted.
    """
    n_ctx = engine.describe().n_ctx
    said = spoken_turns(path)
    last = next((i for i in reversed(range(len(said))) if said[i].role == "user"), len(said))
    instruction = instruction_in_force(path)
    own_system, _ = _parted(standing_messages([instruction] if instruction else []))
    system, examples = _parted(standing_messages(path))
    counter = TokenCounter(engine, has_system=bool(system))
    parts = [
        Part("chat template", counter.frame),
        Part("system text", counter.add(own_system)),
        Part("summary", counter.set(system)),
        Part("examples", counter.add(examples)),
        Part("earlier turns", counter.add(_messages(said[:last]))),
        Part("attached texts in it", counter.alone(_attached(said[:last])), is_within=True),
        Part("last question", counter.add(_messages(said[last : last + 1]))),
        Part("attached texts in it", counter.alone(_attached(said[last:])), is_within=True),
        Part("its answer", counter.add(_messages(said[last + 1 :]))),
        Part("texts to attach", counter.alone([each.text for each in waiting])),
    ]
    return ContextUse(tuple(part for part in parts if part.tokens), n_ctx)


class TokenCounter:
    """Counts what messages add to those that came before; templates need a question at the end."""

    def __init__(self, engine: Engine, *, has_system: bool = False) -> None:
        """Nothing is counted but what stands around all of it.

        Args:
            engine: Counts.
            has_system: Whether a system text comes first. Templates have one of their own for
                conversations without, which it replaces: those tokens are not there then.
        """
        self._engine = engine
        self._messages: list[Message] = []
        self._question = engine.count([Message("user", "")])
        self.frame = self._around_system() if has_system else self._question
        """Tokens around the next question, and around the system text."""
        self._total = self.frame

    def _around_system(self) -> int:
        """Around a system text of a letter: an empty one is none for many templates."""
        letter = "a"
        messages = [Message("system", letter), Message("user", "")]
        return max(0, self._engine.count(messages) - self.alone([letter]))

    def add(self, messages: Sequence[Message]) -> int:
        """Tokens that messages add."""
        return self.set([*self._messages, *messages]) if messages else 0

    def set(self, messages: Sequence[Message]) -> int:
        """Tokens that these have more than those before."""
        if list(messages) == self._messages:
            return 0
        self._messages = list(messages)
        before, self._total = self._total, self._count()
        return max(0, self._total - before)

    def alone(self, texts: Sequence[str]) -> int:
        """Tokens of texts without anything around them."""
        counts = (self._engine.count([Message("user", text)]) for text in texts)
        return sum(count - self._question for count in counts)

    def _count(self) -> int:
        ends_in_question = bool(self._messages) and self._messages[-1].role == "user"
        question = [] if ends_in_question else [Message("user", "")]
        return self._engine.count([*self._messages, *question])


def _parted(standing: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    system = [message for message in standing if message.role == "system"][:1]
    return system, list(standing[len(system) :])


def _messages(turns: Sequence[Turn]) -> list[Message]:
    return [Message(turn.role, turn.content) for turn in turns]


def _attached(turns: Sequence[Turn]) -> list[str]:
    return [text_of(turn, part) for turn in turns for part in turn.attachments]
