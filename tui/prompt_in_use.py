"""Which prompts a conversation uses, from one question to the next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.types import Message
from prompts.fence import explained
from prompts.inherit import Prompt
from prompts.render import check_names
from sessions import instruction_in_force, summary_in_force
from tui.attach import AttachedText
from tui.compose import compose
from tui.composed import Composed, Surroundings
from tui.conversation import Conversation
from tui.errors import UsageProblem
from tui.library_prompts import load_stacked, system_text_of
from tui.options import EngineOptions, PromptOptions


@dataclass(frozen=True, slots=True)
class _Put:
    """A system text with examples that a prompt or a person has put in force."""

    system: str | None
    examples: tuple[Message, ...]
    turn: str | None
    """The turn that says it; None where nothing had to be said."""


@dataclass(frozen=True, slots=True)
class PromptStanding:
    """Which prompts are in use at one moment, and what they have put in force."""

    options: PromptOptions
    put: _Put | None


class PromptInUse:
    """The prompts, their values and the system text; all of the library is read anew each time, so
    that a prompt which is edited meanwhile counts from the next question on."""

    def __init__(self, options: PromptOptions) -> None:
        """Begin with what the command line says."""
        self.options = replace(options, words=None)
        self._given_system = options.system
        self._put: _Put | None = None

    def begin_session(self) -> None:
        """The system text is the command line's again; prompts stay in use."""
        self.options = replace(self.options, system=self._given_system)
        self._put = None

    @property
    def standing(self) -> PromptStanding:
        """What there is to return to."""
        return PromptStanding(self.options, self._put)

    def return_to(self, standing: PromptStanding) -> None:
        """Have everything as it was then."""
        self.options, self._put = standing.options, standing.put

    def use(self, line: str, around: Surroundings) -> None:
        """Use other prompts from here on: names, and values as ``name=value``; ``off`` uses none.

        Raises:
            PromptError: If one is unknown or broken, or does not know a value's name.
            UsageProblem: If the line has a quotation mark that is not closed.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise UsageProblem(f"/template {line}: {error}") from error
        pairs = tuple((name, value) for name, sign, value in map(_parted, words) if sign)
        names = tuple(word for word in words if "=" not in word)
        if names == ("off",):
            self.options = replace(self.options, templates=(), variables=())
            return
        names = names or self.options.templates
        prompt = load_stacked(around.library(), names)
        check_names(prompt, [name for name, _ in pairs])
        self.options = replace(self.options, templates=names, variables=pairs)

    def set_system(self, text: str, conversation: Conversation, around: Surroundings) -> None:
        """Put a system text in force, or that of a prompt with this name.

        Raises:
            PromptError: If that prompt is broken.
        """
        resolved = system_text_of(text, self.options.variables, around)
        self.options = replace(self.options, system=text)
        examples = self._put.examples if self._put is not None else ()
        conversation.instruct(resolved, examples)
        self._put = _Put(resolved, examples, _turn_in_force(conversation))

    def compose(
        self,
        words: str,
        engine_options: EngineOptions,
        attachments: Sequence[AttachedText],
        around: Surroundings,
    ) -> Composed:
        """See `tui.compose.compose`. What a person is asked for is remembered."""
        options = replace(self.options, words=words)
        return compose(options, engine_options, attachments, self._remembering(around))

    def put_in_force(
        self, conversation: Conversation, composed: Composed, default: str | None
    ) -> None:
        """Put a question's system text and examples in force, where they are not the last ones, or
        the person has gone to a branch that is without them."""
        if self._is_in_force(conversation, composed):
            _explain_fence(conversation, composed)
            return
        system = composed.system
        if system is None and (self._put or not conversation.log.session.turns):
            system = default or ""
        if self._put or system or composed.examples:
            conversation.instruct(system or "", composed.examples, prompt=composed.question.prompt)
        turn = _turn_in_force(conversation) if system or composed.examples else None
        self._put = _Put(composed.system, composed.examples, turn)
        _explain_fence(conversation, composed)

    def _is_in_force(self, conversation: Conversation, composed: Composed) -> bool:
        """Whether it was put in force before, on this branch; what a person made of it since then
        stays."""
        put = self._put
        if put is None or (put.system, put.examples) != (composed.system, composed.examples):
            return False
        path = conversation.log.session.path()
        # Compaction has put a copy in its place, which may be what a person made of it.
        is_here = summary_in_force(path) or any(turn.id == put.turn for turn in path)
        return put.turn is None or bool(is_here)

    def _remembering(self, around: Surroundings) -> Surroundings:
        ask = around.ask
        if ask is None:
            return around

        def ask_once(prompt: Prompt, names: Sequence[str]) -> Mapping[str, str]:
            answers = ask(prompt, names)
            own = tuple(pair for pair in answers.items() if pair[0] in prompt.variables)
            self.options = replace(self.options, variables=(*self.options.variables, *own))
            return answers

        return replace(around, ask=ask_once)


def _turn_in_force(conversation: Conversation) -> str | None:
    in_force = instruction_in_force(conversation.log.session.path())
    return in_force.id if in_force is not None else None


def _explain_fence(conversation: Conversation, composed: Composed) -> None:
    """Once it is explained it stays so: another system text would have all be read again."""
    if composed.fences:
        conversation.instruct(explained(conversation.system), conversation.examples)


def _parted(word: str) -> tuple[str, str, str]:
    return word.partition("=")
