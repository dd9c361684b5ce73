"""Puts a question together with prompts of the library: which, in what order, with what values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase

from prompts.errors import MissingVariables
from prompts.examples import with_chosen_examples, within_budget
from prompts.fence import explained, with_fenced_examples
from prompts.inherit import Prompt, stacked
from prompts.library import NAME, Library
from prompts.render import Rendered, render
from prompts.schema import BUILTINS, Template
from tui.attach import AttachedText, attachments_in
from tui.composed import Composed, Surroundings, answer_settings, fences_around, plain_question
from tui.errors import UsageProblem
from tui.options import EngineOptions, PromptOptions
from tui.questions import Question
from tui.texts import read_text


def named_system(text: str | None, around: Surroundings) -> Prompt | None:
    """The prompt whose name a system text is; None where it is a text."""
    if text is None or not NAME.fullmatch(text):
        return None
    library = around.library()
    return library.load(text) if text in library.names() else None


def compose_with_prompts(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    around: Surroundings,
    system: Prompt | None = None,
) -> Composed:
    """Put a question together with the prompts that the options name.

    Args:
        options: Words, system text, prompts and their variables.
        engine_options: What overrides the prompts' and the configuration's sampling.
        attachments: Texts to work on.
        around: Where the question is asked.
        system: A prompt of which only the system text is wanted.

    Raises:
        PromptError: If a prompt is unknown, broken, or lacks a value.
        UsageProblem: If an option cannot be used, or there is nothing to send.
    """
    if system is not None:
        with_others = bool(options.templates)
        values = dict(options.variables)
        text, others = _system_text(system, values, around, with_others=with_others)
        options = replace(options, system=text, variables=tuple(others.items()))
    if options.templates:
        return _prompted_question(options, engine_options, attachments, around)
    fences = fences_around(attachments, engine_options)
    settings = answer_settings(engine_options, {}, around.config)
    return plain_question(options.words, attachments, fences, options.system, settings)


def _prompted_question(
    options: PromptOptions,
    engine_options: EngineOptions,
    attachments: Sequence[AttachedText],
    around: Surroundings,
) -> Composed:
    prompt = load_stacked(around.library(), options.templates)
    builtins = builtins_of(options.words or "", attachments, around)
    prompt = with_chosen_examples(prompt, builtins.get("text", ""))
    # An empty text is none, and missed where the prompt needs one.
    fences = fences_around(attachments, engine_options) if "text" in builtins else ()
    if fences:
        prompt = with_fenced_examples(prompt)
        builtins["text"] = "\n\n".join(fenced.content for fenced in fences)
        attachments = [
            AttachedText(each.name, fenced.text, fenced.before)
            for each, fenced in zip(attachments, fences, strict=True)
        ]
    rendered = rendered_prompt(prompt, dict(options.variables), builtins, around)
    rendered = with_affordable_examples(prompt, rendered, around)
    warn_of_the_model(prompt, around)
    content = with_instruction(rendered.user, builtins, rendered)
    attached = attachments_in(content, attachments)
    system = rendered.system if options.system is None else options.system
    return Composed(
        Question(content, prompt.name, rendered.variables, attachments=attached),
        explained(system) if fences else system,
        rendered.example_messages,
        answer_settings(engine_options, rendered.params, around.config),
        fences,
    )


def with_instruction(content: str, builtins: Mapping[str, str], rendered: Rendered) -> str:
    """A prompt with no place for the instruction gets it in front."""
    instruction = builtins.get("instruction")
    if instruction and "instruction" not in rendered.uses:
        return f"{instruction}\n\n{content}"
    return content


def system_text_of(text: str, variables: Sequence[tuple[str, str]], around: Surroundings) -> str:
    """A system text, or that of the prompt whose name it is.

    Raises:
        PromptError: If that prompt is broken, or lacks a value.
    """
    prompt = named_system(text, around)
    if prompt is None:
        return text
    return _system_text(prompt, dict(variables), around, with_others=True)[0]


def load_stacked(library: Library, names: Sequence[str]) -> Prompt:
    """Prompts of the library as one.

    Raises:
        PromptError: If one is unknown or broken.
        UsageProblem: If none is named.
    """
    if not names:
        raise UsageProblem("name a prompt first")
    return stacked([library.load(name) for name in names])


def _system_text(
    prompt: Prompt, values: Mapping[str, str], around: Surroundings, *, with_others: bool
) -> tuple[str, dict[str, str]]:
    """The system text of a prompt, and the values that are another's."""
    own = {name: value for name, value in values.items() if name in prompt.variables}
    others = {name: value for name, value in values.items() if name not in own}
    if others and not with_others:
        own |= others  # so that it is said that the prompt does not know them
    bare = _only_system(prompt)
    if not bare.systems:
        raise UsageProblem(
            f"the prompt {prompt.name!r} has no system text; use -t for the whole prompt"
        )
    return rendered_prompt(bare, own, builtins_of("", [], around), around).system, others


def _only_system(prompt: Prompt) -> Prompt:
    return replace(prompt, user=Template("", prompt.path), examples=())


def builtins_of(
    words: str, attachments: Sequence[AttachedText], around: Surroundings
) -> dict[str, str]:
    """The built-in values that there are; words without a text are the text."""
    given = {
        "text": joined(attachments) if attachments else words,
        "instruction": words if attachments else "",
        "file": (attachments[0].name or "") if attachments else "",
        "date": date.today().isoformat(),
        "title": around.title,
        "previous": around.previous,
    }
    return {name: value for name, value in given.items() if value}


def rendered_prompt(
    prompt: Prompt,
    values: Mapping[str, str],
    builtins: Mapping[str, str],
    around: Surroundings,
    others: Sequence[Mapping[str, str]] = (),
) -> Rendered:
    """The prompt with its values put in; a person is asked for what is missing."""
    try:
        return render(prompt, values, builtins, others=others, read_file=read_text)
    except MissingVariables as error:
        if around.ask is None:
            raise
        answers = around.ask(prompt, error.names)
    values = {**values, **{k: v for k, v in answers.items() if k not in BUILTINS}}
    builtins = {**builtins, **{k: v for k, v in answers.items() if k in BUILTINS}}
    return render(prompt, values, builtins, others=others, read_file=read_text)


def with_affordable_examples(prompt: Prompt, rendered: Rendered, around: Surroundings) -> Rendered:
    """Within the prompt's budget; what is left out is said."""
    if prompt.max_example_tokens is None or around.count is None:
        return rendered
    kept, tokens = within_budget(rendered, prompt.max_example_tokens, around.count)
    if len(kept.examples) < len(rendered.examples):
        around.say(
            f"{len(kept.examples)} of {len(rendered.examples)} examples, {tokens:,} tokens: "
            f"max_example_tokens of {prompt.name} is {prompt.max_example_tokens:,}"
        )
    return kept


def warn_of_the_model(prompt: Prompt, around: Surroundings) -> None:
    model = around.model_name()
    patterns = prompt.models
    if model and patterns and not any(fnmatchcase(model.lower(), p.lower()) for p in patterns):
        around.say(f"{prompt.name} was written for {', '.join(patterns)}; {model} answers")


def joined(attachments: Sequence[AttachedText]) -> str:
    """Several texts as one, each under its name."""
    if len(attachments) == 1:
        return attachments[0].text
    return "\n\n".join(_headed(attachment) for attachment in attachments)


def _headed(attachment: AttachedText) -> str:
    text = attachment.text.rstrip("\n")
    return text if attachment.name is None else f"--- {attachment.name} ---\n{text}"
