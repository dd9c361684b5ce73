"""From a command line to a question: words, attached texts and prompts of the library, joined."""

from __future__ import annotations

from collections.abc import Sequence

from tui.attach import AttachedText
from tui.composed import Composed, Surroundings, answer_settings, fences_around, plain_question
from tui.config import Config
from tui.errors import UsageProblem
from tui.library_prompts import compose_with_prompts, named_system
from tui.options import EngineOptions, PromptOptions
from tui.questions import Question
from tui.texts import check_arguments


def compose(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    around: Surroundings,
) -> Composed:
    """Put a question together.

    Args:
        options: Words, system text, prompts and their variables.
        engine_options: What overrides the prompts' and the configuration's sampling.
        attachments: Texts to work on.
        around: Where the question is asked.

    Raises:
        PromptError: If a named prompt is unknown, broken, or lacks a variable.
        UsageProblem: If an option means nothing, or there is nothing to send.
    """
    check_arguments(options.words, options.system)
    named = named_system(options.system, around)
    if options.templates or named is not None:
        return compose_with_prompts(options, engine_options, attachments, around, named)
    if options.variables:
        raise UsageProblem("-p fills in a prompt's variables: name the prompt with -t")
    settings = answer_settings(engine_options, {}, around.config)
    fences = fences_around(attachments, engine_options)
    return plain_question(options.words, attachments, fences, options.system, settings)


def compose_raw(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    config: Config,
) -> Composed:
    """A question that is a plain text to go on with: the one that was given, to the last byte.

    Raises:
        UsageProblem: If there is no text, or more than one.
    """
    check_arguments(options.words)
    texts = [options.words] if options.words else []
    texts += [attachment.text for attachment in attachments]
    if len(texts) != 1 or not texts[0]:
        raise UsageProblem("--raw continues one text: give it as words, a file, or pipe it in")
    settings = answer_settings(engine_options, {}, config)
    return Composed(Question(texts[0], raw=True), None, (), settings)
