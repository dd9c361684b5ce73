"""Commands about how answers are made: the model, its sampling, whether it thinks aloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.models import find_models
from tui.commands.command import Command, Suggestion
from tui.commands.completing import names, settings, words
from tui.commands.reading import words_of
from tui.composed import answer_settings
from tui.errors import UsageProblem
from tui.setting_values import (
    MEANINGS,
    is_unset,
    pairs_of,
    range_of,
    value_of,
    with_options,
    with_values,
)
from tui.tables import file_size
from tui.talk import Talk
from tui.which_model import endpoints_of, shown_name

EDITING = "editing"
EDITING_MEANING = "the key bindings for the line you type"

_EDITING_VALUES: Mapping[str, str] = {
    "emacs": "Ctrl+A, Ctrl+E, Ctrl+W and the like",
    "vi": "Escape ends insert mode; i, a, o start it",
    "default": "the value from the configuration",
}


def _set(talk: Talk, argument: str) -> None:
    typed = words_of(argument, "set")
    if typed[:1] == [EDITING]:
        _set_editing(talk, typed[1:])
        return
    if not typed:
        for name in (*MEANINGS, EDITING):
            talk.say(_line(talk, name))
        return
    if len(typed) == 1 and typed[0] in MEANINGS:
        may_be = range_of(typed[0])
        talk.say(f"{_line(talk, typed[0])}{f' ({may_be})' if may_be else ''}")
        return
    pairs = pairs_of(typed)
    change_settings(talk, pairs)
    for name in dict.fromkeys(name for name, _ in pairs):
        talk.say(_line(talk, name))


def change_settings(talk: Talk, pairs: Sequence[tuple[str, str]]) -> None:
    """Make answers another way from here on; ``default`` takes a value away.

    Raises:
        UsageProblem: If a name is unknown or its value cannot be used.
    """
    chosen = with_values(
        talk.conversation.settings, [pair for pair in pairs if not is_unset(pair[1])]
    )
    options = with_options(talk.engine_options, pairs)
    if any(is_unset(value) for _, value in pairs):
        chosen = answer_settings(options, {}, talk.runtime.config)
    talk.engine_options, talk.conversation.settings = options, chosen


def _set_editing(talk: Talk, typed: Sequence[str]) -> None:
    """Say how lines are edited, or edit them another way from here on."""
    if len(typed) > 1 or not set(typed) <= {*_EDITING_VALUES}:
        raise UsageProblem(f"{EDITING} takes one of {', '.join(_EDITING_VALUES)}")
    if typed:
        talk.runtime.chosen_editing = None if is_unset(typed[0]) else typed[0]
    talk.say(_line(talk, EDITING))


def _line(talk: Talk, name: str) -> str:
    if name == EDITING:
        return f"{name} {talk.runtime.editing}  {EDITING_MEANING}"
    value = value_of(talk.conversation.settings, name)
    return f"{name} {value}  {MEANINGS[name]}"


def _complete_set(talk: Talk, argument: str) -> Iterator[Suggestion]:
    if argument.split(" ")[:-1] == [EDITING]:
        return words(_EDITING_VALUES)
    return settings(talk, argument, {EDITING: EDITING_MEANING})


_THINKING: Mapping[str, bool | None] = {"on": True, "off": False, "auto": None}


def _think(talk: Talk, argument: str) -> None:
    if argument and argument not in _THINKING:
        raise UsageProblem("/think takes on, off or auto")
    if argument:
        think = _THINKING[argument]
        talk.engine_options = replace(talk.engine_options, think=think)
        talk.conversation.settings = replace(talk.conversation.settings, think=think)
    told = {True: "the model thinks aloud first", False: "the model does not think aloud"}
    think = talk.conversation.settings.think
    talk.say("the model decides whether to think aloud" if think is None else told[think])


def _model(talk: Talk, argument: str) -> None:
    if argument and not talk.use_model(argument):
        talk.say(f"{shown_name(talk.conversation.engine)} is already in use")
    else:
        talk.say(f"the model is {shown_name(talk.conversation.engine)}")


def _model_names(talk: Talk, argument: str) -> Iterator[Suggestion]:
    models = find_models(talk.runtime.paths.models)
    at_servers = {name: one.host for name, one in endpoints_of(talk.runtime.config).items()}
    here = {model.name: file_size(model.size_bytes) for model in models}
    return names(argument, {**at_servers, **here})


TUNING_COMMANDS = (
    Command(
        "set",
        "[K V…]",
        "show the settings for answers, or change them from here on",
        _set,
        _complete_set,
        "Questions",
        "/set temperature 0.3 max_tokens 200",
    ),
    Command(
        "think",
        "[on|off|auto]",
        "set whether models think aloud, if they can",
        _think,
        lambda _talk, _argument: words(_THINKING.keys()),
        "Questions",
        "/think off",
    ),
    Command(
        "model",
        "[NAME]",
        "show the model, or switch to another",
        _model,
        _model_names,
        "Questions",
        "/model smollm2",
    ),
)
