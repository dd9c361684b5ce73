"""From the values that click parsed to the frozen options of `tui.options`."""

from __future__ import annotations

import os
from typing import Any

from tui.loading import is_load_option
from tui.options import AskOptions, EditOptions, EngineOptions, OutputOptions, PromptOptions, Scope


def ask_options(values: dict[str, Any]) -> AskOptions:
    """What ``chat PROMPT…`` and ``chat --repl`` are asked for.

    Raises:
        UsageProblem: If an ``-o`` name is mistyped.
    """
    return AskOptions(
        prompt=_prompt_options(values),
        engine=_engine_options(values),
        go_on=values["go_on"],
        session=values["session"],
        repl=values["repl"],
        output=_output_options(values),
        save=not values["no_save"],
        dry_run=values["dry_run"],
        alternatives=values["alternatives"],
        raw=values["raw"],
        plain=values["plain"],
        compact=values["compact"],
    )


def edit_options(values: dict[str, Any]) -> EditOptions:
    """What ``chat --edit`` is asked for.

    Raises:
        UsageProblem: If an ``-o`` name is mistyped.
    """
    return EditOptions(
        drafts=values["edit"],
        glob=values["glob"],
        scope=Scope(values["section"], values["lines"], values["match"]),
        plain=values["plain"],
        locks=values["locks"],
        watch=values["watch"],
        alternatives=values["alternatives"],
        prompt=_prompt_options(values),
        engine=_engine_options(values),
        yes=values["yes"],
        diff=values["diff"],
        fold=values["fold"],
        output=values["output"],
        save=not values["no_save"],
        dry_run=values["dry_run"],
    )


def _prompt_options(values: dict[str, Any]) -> PromptOptions:
    return PromptOptions(
        words=_text(" ".join(values["words"])) or None,
        system=None if values["system"] is None else _text(values["system"]),
        templates=values["templates"],
        variables=tuple((name, _text(value)) for name, value in values["variables"]),
        files=values["files"],
        glob=values["glob"],
    )


def _output_options(values: dict[str, Any]) -> OutputOptions:
    return OutputOptions(
        json=values["as_json"],
        json_lines=values["json_lines"],
        extract=values["extract"],
        separator=values["separator"],
        stats=values["stats"],
        timings=values["timings"],
    )


def _engine_options(values: dict[str, Any]) -> EngineOptions:
    pairs = values["options"]
    load = tuple(pair for pair in pairs if is_load_option(pair[0]))
    return EngineOptions(
        model=values["model"],
        offline=values["offline"],
        profile=values["profile"],
        sampling=tuple(pair for pair in pairs if pair not in load),
        load=load,
        chat_template=values["chat_template"],
        max_tokens=values["max_tokens"],
        seed=values["seed"],
        grammar=values["grammar"],
        schema=values["schema"],
        banned=tuple(map(_text, values["banned"])),
        logprobs=values["logprobs"],
        think=values["think"],
    )


def _text(argument: str) -> str:
    """An argument as UTF-8, which terminals send whatever the locale is said to be; one that is
    something else stays as it came."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument
