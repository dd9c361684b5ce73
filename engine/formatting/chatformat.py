"""From messages to the tokens of a prompt, by a model's own chat template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.errors import TemplateFailed
from engine.formatting.prompt import Prompt
from engine.formatting.prose import MarkerTokenizer, Vocabulary
from engine.formatting.reasoning import markers_of
from engine.formatting.repairs import Accepted, accept, filled, nonce
from engine.formatting.templates import Call, ChatTemplate, Refused
from engine.types import Message

_NO_SWITCH = "the model's template has no switch for thinking: it is used unchanged"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A prompt, ready for a model."""

    tokens: list[int]
    notices: tuple[str, ...] = ()
    """What a person should know of how it came about, a line each."""
    reasoning_open: bool = False
    """Whether the prompt ends inside reasoning."""


def plain(text: str, vocabulary: Vocabulary) -> Formatted:
    """The prompt for completing a text, without any template; markers in it are prose."""
    bos = [] if vocabulary.bos is None else [vocabulary.bos]
    return Formatted([*bos, *vocabulary.tokenize(text, special=False)])


class ChatFormat:
    """A model's chat template together with its vocabulary."""

    def __init__(self, template: str, vocabulary: Vocabulary) -> None:
        """Compile the template.

        Args:
            template: Jinja source, as in ``tokenizer.chat_template``.
            vocabulary: The tokenizer of the same model.

        Raises:
            TemplateFailed: If it is not valid Jinja.
        """
        self._vocabulary = vocabulary
        specials = {f"{name}_token": vocabulary.special_text(name) for name in ("bos", "eos")}
        self._template = ChatTemplate(template, specials)
        self._tokenizer = MarkerTokenizer(vocabulary, template)
        self._call = Call(datetime.min)
        self.markers = markers_of(template, self._is_control)
        """How the model's family sets reasoning apart, for a `ReasoningSplitter`."""

    def format(
        self, messages: Sequence[Message], *, prefill: str = "", think: bool | None = None
    ) -> Formatted:
        """The prompt's tokens, ending where the assistant's answer begins or goes on.

        Args:
            messages: The conversation.
            prefill: What the assistant has said of the answer already. Reasoning that the template
                opens is closed before it.
            think: What to set the template's switch to, where it has one.

        Raises:
            TemplateFailed: If the template raises, takes longer than a second or leaves out a
                message, and no repair helps.
        """
        call = replace(self._call, now=datetime.now(), think=think)
        try:
            accepted = accept(self._template, tuple(messages), call)
            prompt = Prompt(
                self._template,
                self._tokenizer,
                accepted,
                *self._parted(accepted),
                self._ending(accepted) if prefill else "",
                prefill,
            )
            tokens, notices = prompt.tokenized()
            if think is not None and not self._switches(accepted):
                notices = (_NO_SWITCH, *notices)
        except Refused as error:
            raise TemplateFailed(str(error)) from error
        self._call = accepted.call
        return Formatted(
            self._with_bos(tokens, accepted.skeleton),
            (*accepted.notices, *notices),
            not prefill and self._is_open(_tail(accepted)),
        )

    def _parted(self, accepted: Accepted) -> tuple[list[str], list[str]]:
        """What the messages say, and before that the empty reasoning that some of them begin with.

        Templates take reasoning out of answers, which they see by its markers. Only there those
        act, and what stood between them is gone already.
        """
        opening, closing = self.markers.open, self.markers.close
        contents = [message.content for message in accepted.messages]
        prefixes = [""] * len(contents)
        probing = list(accepted.nonces)
        probes = {}
        for i, message in enumerate(accepted.messages):
            begins = message.content.lstrip().startswith(opening)
            if message.role == "assistant" and begins and closing in message.content:
                probes[i] = nonce()
                probing[i] = f"{opening}{probes[i]}{closing}{accepted.nonces[i]}"
        shown = self._rendered(filled(accepted.messages, probing), accepted.call) if probes else ""
        for i, word in probes.items():
            if accepted.nonces[i] in shown and word not in shown:
                prefixes[i] = opening + closing
                contents[i] = contents[i].partition(closing)[2]
        return contents, prefixes

    def _ending(self, accepted: Accepted) -> str:
        """What the template puts between its rendering and an answer that has begun.

        That is seen from an answer as the last message. Where a prompt for a new answer goes
        another way, by opening reasoning, the block is closed, and the way is left after it.
        """
        prompt, tail, word = accepted.skeleton, _tail(accepted), nonce()
        turns = filled(accepted.messages, accepted.nonces)
        call = replace(accepted.call, generation=False)
        shown = self._rendered((*turns, Message("assistant", word)), call)
        before, found, _ = shown.partition(word)
        if found and before.startswith(prompt):
            ending = before.removeprefix(prompt)
            return ending + self._closing(tail + ending)
        closing = self._closing(tail)
        stem = prompt.removesuffix(tail) + tail.rpartition(self.markers.open)[0]
        if found and self.markers.open in tail and before.startswith(stem):
            return closing + before.removeprefix(stem).rpartition(self.markers.close)[2]
        return closing

    def _closing(self, tail: str) -> str:
        """What closes reasoning that the end of a rendering leaves open, if it does."""
        if not self._is_open(tail):
            return ""
        on_a_line = tail.endswith("\n") and not tail.endswith(self.markers.open)
        return f"\n{self.markers.close}\n\n" if on_a_line else self.markers.close

    def _is_open(self, tail: str) -> bool:
        return tail.rfind(self.markers.open) > tail.rfind(self.markers.close)

    def _switches(self, accepted: Accepted) -> bool:
        """Whether the template's switch, if it has one, makes a difference to these messages."""
        turns = filled(accepted.messages, accepted.nonces)
        other = replace(accepted.call, think=not accepted.call.think)
        switch = self._template.switch is not None
        return switch and self._rendered(turns, other) != accepted.skeleton

    def _rendered(self, messages: Sequence[Message], call: Call) -> str:
        """The rendering, or nothing where the template refuses the messages."""
        try:
            return self._template.render(messages, call)
        except Refused:
            return ""

    def _is_control(self, text: str) -> bool:
        ids = self._vocabulary.tokenize(text, special=True)
        return len(ids) == 1 and self._vocabulary.is_control(ids[0])

    def _with_bos(self, ids: list[int], rendering: str) -> list[int]:
        """The tokens with the beginning of the sequence, where the model wants one, once."""
        bos, text = self._vocabulary.bos, self._vocabulary.special_text("bos")
        if bos is None or ids[:1] == [bos] or (text and rendering.lstrip().startswith(text)):
            return ids
        return [bos, *ids]


def _tail(accepted: Accepted) -> str:
    """The end of the rendering, after the last content."""
    words = [word for word in accepted.nonces if word.strip()]
    end = max((accepted.skeleton.rfind(word) + len(word) for word in words), default=0)
    return accepted.skeleton[end:]
