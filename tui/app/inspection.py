"""What the inspector shows: read from the conversation in its thread, as frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.protocol import Engine
from prompts.errors import PromptError
from prompts.inherit import Prompt
from prompts.render import typed_values
from prompts.schema import Variable
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.commands.tuning import change_settings
from tui.context_use import ContextUse, context_use
from tui.errors import explain
from tui.library_prompts import load_stacked
from tui.setting_values import MEANINGS, value_of
from tui.tables import file_size

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class VariableField:
    """A variable of the prompts in use."""

    name: str
    meaning: str
    value: str
    """What was given; nothing where the default counts."""
    default: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """All of it at one moment."""

    prompt: str = ""
    """The title of the prompt in use, or why it cannot be."""
    variables: tuple[VariableField, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    """Names and values."""
    model: tuple[str, ...] = ()
    """Lines about it."""
    context: ContextUse | None = None
    """None where it was not counted."""


Take = Callable[[Inspection], object]
"""Takes it, in the conversation's thread."""


def inspect(take: Take, *, counts: bool) -> Errand:
    """Look at the conversation as it is now.

    Args:
        take: See `Take`.
        counts: Whether the parts of the context are counted, which takes the model's time.
    """

    def errand(talk: AppTalk) -> None:
        take(_inspection_of(talk, counts=counts))

    return errand


def change_setting(name: str, value: str, take: Take) -> Errand:
    """Make answers another way; without a value as the configuration says."""

    def errand(talk: AppTalk) -> None:
        try:
            change_settings(talk, [(name, value or "default")])
        finally:
            # Also what could not be changed is shown as it is.
            take(_inspection_of(talk, counts=False))

    return errand


def change_variable(name: str, value: str, take: Take) -> Errand:
    """Give a variable of the prompts in use another value; nothing is its default."""

    def errand(talk: AppTalk) -> None:
        try:
            options = talk.prompt.options
            given = {**dict(options.variables), name: value}
            given = {each: text for each, text in given.items() if text}
            prompt = load_stacked(talk.around.library(), options.templates)
            typed_values(prompt, {each: given[each] for each in given if each in prompt.variables})
            talk.prompt.options = replace(options, variables=tuple(given.items()))
        finally:
            take(_inspection_of(talk, counts=False))

    return errand


def _inspection_of(talk: AppTalk, *, counts: bool) -> Inspection:
    conversation = talk.conversation
    title, variables = _prompt(talk)
    can_count = counts and conversation.engine.card is not None
    path = conversation.log.session.path()
    return Inspection(
        prompt=title,
        variables=variables,
        settings=tuple((name, value_of(conversation.settings, name)) for name in MEANINGS),
        model=tuple(_model_lines(conversation.engine)),
        context=context_use(conversation.engine, path, talk.attachments) if can_count else None,
    )


def _prompt(talk: AppTalk) -> tuple[str, tuple[VariableField, ...]]:
    options = talk.prompt.options
    if not options.templates:
        return "none; choose one with /template NAME", ()
    try:
        prompt = load_stacked(talk.around.library(), options.templates)
    except PromptError as error:
        return explain(error)[0], ()
    given = dict(options.variables)
    return prompt.title, tuple(_fields(prompt, given))


def _fields(prompt: Prompt, given: Mapping[str, str]) -> Iterator[VariableField]:
    for variable in prompt.variables.values():
        default = "" if variable.default is None else _text(variable.default)
        choices = ("yes", "no") if variable.type == "bool" else variable.choices
        meaning = " ".join(filter(None, (variable.description, _bounds(variable))))
        yield VariableField(
            variable.name, meaning, given.get(variable.name, ""), default, tuple(choices)
        )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _bounds(variable: Variable) -> str:
    low, high = variable.min, variable.max
    if low is not None and high is not None:
        return f"({low:g} to {high:g})"
    if low is not None:
        return f"(from {low:g})"
    return f"(up to {high:g})" if high is not None else ""


def _model_lines(engine: Engine) -> Iterator[str]:
    card = engine.card
    if card is None:
        yield f"{engine.model_name}: not loaded yet"
        return
    yield card.name
    if card.description:
        yield card.description
    if engine.host is not None:
        yield f"at {engine.host}"
    if card.parameters:
        yield f"{card.parameters / _MILLION:,.0f} million parameters, {file_size(card.size_bytes)}"
    trained = f", trained on {card.n_ctx_train:,}" if card.n_ctx_train else ""
    yield f"a context of {card.n_ctx:,} tokens{trained}"
    if not card.has_chat_template:
        yield "no chat template"
    yield from card.notices
