"""Puts the same prompts around each of several pieces of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prompts.examples import with_chosen_examples
from prompts.fence import Fenced, explained, with_fenced_examples
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
from tui.questions import Question

_AT_ONCE = 200
"""Pieces that are rendered by one process, which has two seconds."""


@dataclass(frozen=True, slots=True)
class AskedPiece:
    """The question about one of several pieces of a text, and the lines around the piece in it."""

    question: Question
    fence: Fenced


def compose_pieces(
    options: PromptOptions,
    engine_options: EngineOptions,
    pieces: Sequence[AttachedText],
    around: Surroundings,
    *,
    are_selected: bool = False,
) -> tuple[Composed, list[AskedPiece]]:
    """Put a question of its own around each piece.

    Args:
        options: The instruction, and the prompts with their variables.
        engine_options: What overrides the prompts' and the configuration's sampling.
        pieces: At least one.
        around: Where the questions are asked.
        are_selected: Whether a person picked them out of more; then they are the selection too.

    Returns:
        What the questions have in common, with the first of them, and all of them.

    Raises:
        PromptError: If a prompt is unknown, broken, or lacks a value.
        UsageProblem: If an option cannot be used.
    """
    prompt = load_stacked(around.library(), options.templates)
    prompt = with_chosen_examples(prompt, "\n\n".join(piece.text for piece in pieces))
    prompt = with_fenced_examples(prompt)
    builtins = builtins_of(options.words or "", pieces[:1], around)
    asked: list[AskedPiece] = []
    for first in range(0, len(pieces), _AT_ONCE):
        group = pieces[first : first + _AT_ONCE]
        fences = fences_around(group, engine_options)
        names = ("text", "selection") if are_selected else ("text",)
        first_values, *others = [dict.fromkeys(names, fenced.content) for fenced in fences]
        builtins |= first_values
        rendered = rendered_prompt(prompt, dict(options.variables), builtins, around, others)
        for piece, fenced, text in zip(
            group, fences, [rendered.user, *rendered.others], strict=True
        ):
            content = with_instruction(text, builtins, rendered)
            attached = [replace(piece, text=fenced.text, before=fenced.before)]
            question = Question(
                content,
                prompt.name,
                rendered.variables,
                attachments=attachments_in(content, attached),
                reference=fenced.text,
                alone=True,
            )
            asked.append(AskedPiece(question, fenced))
    rendered = with_affordable_examples(prompt, rendered, around)
    warn_of_the_model(prompt, around)
    system = rendered.system
    if options.system is not None:
        system = system_text_of(options.system, options.variables, around)
    composed = Composed(
        asked[0].question,
        explained(system),
        rendered.example_messages,
        answer_settings(engine_options, rendered.params, around.config),
        (asked[0].fence,),
    )
    return composed, asked
