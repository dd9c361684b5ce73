"""Puts the same prompts around each of several pieces of a text."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from prompts.examples import with_chosen_examples
from prompts.fence import Fenced, explained, with_fenced_examples
from prompts.render import Rendered
from tui.attach import AttachedText, attachments_in
from tui.composed import Composed, Surroundings, answer_settings, fences_around
from tui.library_prompts import (
    builtins_of,
    load_stacked,
    rendered_prompt,
    system_text_of,
    warn_of_the_model,
    with_affordable_examples,
    with_instruction,
)
from tui.options import EngineOptions, PromptOptions
from tui.part_context import PartContexts
from tui.questions import Question

_AT_ONCE = 200
"""Pieces that are rendered by one process, which has two seconds."""


class PieceQuestions:
    """A question for each piece, put together when it is asked for: those of a long draft would
    take as much room as it does, and as long as a person does not want to wait."""

    def __init__(
        self,
        options: PromptOptions,
        engine_options: EngineOptions,
        pieces: Sequence[AttachedText],
        around: Surroundings,
        contexts: PartContexts,
        *,
        are_selected: bool = False,
    ) -> None:
        """Put the first ones together.

        Args:
            options: The instruction, and the prompts with their variables.
            engine_options: What overrides the prompts' and the configuration's sampling.
            pieces: At least one.
            around: Where the questions are asked.
            contexts: What is around each piece.
            are_selected: Whether a person picked them out of more; then they are the selection too.

        Raises:
            PromptError: If a prompt is unknown, broken, or lacks a value.
            UsageProblem: If an option cannot be used.
        """
        prompt = load_stacked(around.library(), options.templates)
        prompt = with_chosen_examples(prompt, "\n\n".join(piece.text for piece in pieces))
        self._prompt = with_fenced_examples(prompt)
        self._options = options
        self._engine_options = engine_options
        self._pieces = pieces
        self._around = around
        self._contexts = contexts
        self._names = ("text", "selection") if are_selected else ("text",)
        self._builtins = builtins_of(options.words or "", pieces[:1], around)
        self._mark = secrets.token_hex(16)
        """Stands for a piece's context until it is asked about."""
        self._group = range(0)
        self._questions: list[Question] = []
        """Those of the group that was put together last."""
        self._first = self._put_together(range(min(_AT_ONCE, len(pieces))))

    def common(self) -> Composed:
        """What the questions have in common, with the first of them.

        Raises:
            PromptError: If the system text is that of a prompt that is broken, or lacks a value.
            EngineError: If tokens could not be counted.
        """
        prompt, around = self._prompt, self._around
        rendered = with_affordable_examples(prompt, self._first, around)
        warn_of_the_model(prompt, around)
        system = rendered.system
        if self._options.system is not None:
            system = system_text_of(self._options.system, self._options.variables, around)
        is_anywhere = any(map(self._contexts.has, range(len(self._pieces))))
        has_context = is_anywhere and self._has_place(self._first)
        return Composed(
            self.of(0),
            explained(system, has_context=has_context),
            rendered.example_messages,
            answer_settings(self._engine_options, rendered.params, around.config),
            fences_around(self._pieces[:1], self._engine_options),
        )

    def of(self, number: int, *, bare: bool = False) -> Question:
        """The question about a piece, with what is around it.

        Args:
            number: Of the piece.
            bare: Leave out what is around it, which a small model takes for the material.

        Raises:
            PromptError: If it took too long to put it together.
            EngineError: If tokens could not be counted.
        """
        if number not in self._group:
            first = number - number % _AT_ONCE
            self._put_together(range(first, min(first + _AT_ONCE, len(self._pieces))))
        question = self._questions[number - self._group.start]
        if self._mark not in question.content:
            return question
        return self._with_context(question, "" if bare else self._contexts.of(number))

    def _put_together(self, group: range) -> Rendered:
        """The questions about some neighbours; what they were made of."""
        pieces = self._pieces[group.start : group.stop]
        fences = fences_around(pieces, self._engine_options)
        values = [
            {
                **dict.fromkeys(self._names, fenced.content),
                "context": self._mark if self._contexts.has(number) else "",
            }
            for number, fenced in zip(group, fences, strict=True)
        ]
        builtins = {**self._builtins, **values[0]}
        variables = dict(self._options.variables)
        rendered = rendered_prompt(self._prompt, variables, builtins, self._around, values[1:])
        texts = [rendered.user, *rendered.others]
        self._group = group
        self._questions = [
            self._question(number, text, fenced, rendered)
            for number, text, fenced in zip(group, texts, fences, strict=True)
        ]
        return rendered

    def _question(self, number: int, text: str, fenced: Fenced, rendered: Rendered) -> Question:
        content = with_instruction(text, self._builtins, rendered)
        is_missing = self._has_place(rendered) and "context" not in rendered.uses
        if is_missing and self._contexts.has(number):
            content = f"{self._mark}\n\n{content}"
        attached = replace(self._pieces[number], text=fenced.text, before=fenced.before)
        return Question(
            content,
            self._prompt.name,
            rendered.variables,
            attachments=attachments_in(content, [attached]),
            reference=fenced.text,
            alone=True,
        )

    def _has_place(self, rendered: Rendered) -> bool:
        """Whether there is a place for what is around a piece."""
        return "context" in rendered.uses or self._contexts.by_default

    def _with_context(self, question: Question, context: str) -> Question:
        """The question with the context in place of its mark; where there is none, without the
        blank line after it as well."""

        def put(content: str) -> str:
            if not context:
                content = content.replace(f"{self._mark}\n\n", "")
            return content.replace(self._mark, context)

        return replace(
            question,
            content=put(question.content),
            attachments=tuple(
                replace(part, start=len(put(question.content[: part.start])))
                for part in question.attachments
            ),
        )
