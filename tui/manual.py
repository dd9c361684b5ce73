"""The manual page, made of what help is made of: options, subcommands, examples, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import click

from tui import exit_codes
from tui.ask_arguments import GROUPS
from tui.config import PROFILE_VARIABLE
from tui.config_keys import KEYS
from tui.examples import COMMONEST, EXAMPLES, commands_below
from tui.subcommands import subcommands

_ENVIRONMENT: Mapping[str, str] = {
    "CHAT_HOME": "a folder that holds configuration, data and cache, all together",
    **{key.variable: key.meaning for key in KEYS if key.variable},
    PROFILE_VARIABLE: "the profile of the configuration to use",
    "NO_COLOR": "if set, nothing is coloured",
    "VISUAL, EDITOR": "the editor for prompts, settings and long texts",
}

_FILES: Mapping[str, str] = {
    "~/.config/draftsmith/config.toml": "the settings: chat config edit",
    ".chat/config.toml": "the settings of a project, in its folder or above",
    "~/.config/draftsmith/prompts, .chat/prompts": "your own prompts, and a project's",
    "~/.local/share/draftsmith": "sessions, the history of drafts, models",
}


def manual(ask: click.Command) -> str:
    """The page, in man(7)'s macros."""
    return "\n".join([*_beginning(ask), *_options(ask), *_subcommands(), *_end(), ""])


def _beginning(ask: click.Command) -> Iterator[str]:
    yield '.TH CHAT 1 "" draftsmith "User Commands"'
    yield from (".SH NAME", r"chat \- write with a language model that runs on this machine")
    yield from (".SH SYNOPSIS", r".B chat", r"[\fIOPTION\fR]... [\fIPROMPT\fR]...", ".br")
    yield from (".B chat", r"\fISUBCOMMAND\fR [\fIARGUMENT\fR]...")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(ask.help or "")
    yield ".SH EXAMPLES"
    for use, meaning in COMMONEST.items():
        yield from _entry(use, meaning)


def _options(ask: click.Command) -> Iterator[str]:
    context = click.Context(ask, info_name="chat")
    grouped = {id(option) for group in GROUPS for option in group.options}
    others = [each for each in ask.get_params(context) if id(each) not in grouped]
    yield ".SH OPTIONS"
    for heading, options in (*((group.heading, group.options) for group in GROUPS), ("", others)):
        yield f".SS {_escaped(heading or 'Others')}"
        yield from _records(options, context)


def _subcommands() -> Iterator[str]:
    yield ".SH SUBCOMMANDS"
    for words, command in commands_below(subcommands):
        context = click.Context(command, info_name=f"chat {words}")
        usage = " ".join([f"chat {words}", *command.collect_usage_pieces(context)])
        yield f".SS {_escaped(usage)}"
        yield from _paragraphs(command.help or "")
        yield from _records([each for each in command.params if each.name != "help"], context)
        yield from (".PP", f"Example: {_bold(EXAMPLES[words])}")


def _end() -> Iterator[str]:
    codes = {str(code): words for code, words in exit_codes.MEANINGS.items()}
    parts = {"ENVIRONMENT": _ENVIRONMENT, "FILES": _FILES, "EXIT STATUS": codes}
    for heading, entries in parts.items():
        yield f".SH {heading}"
        for term, meaning in entries.items():
            yield from _entry(term, meaning)


def _records(options: Sequence[click.Parameter], context: click.Context) -> Iterator[str]:
    for option in options:
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            yield from _entry(record[0], re.sub(r"\s+", " ", record[1]))


def _entry(term: str, meaning: str) -> Iterator[str]:
    yield from (".TP", _bold(term), _escaped(meaning))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs of a help text; one that begins with a backspace keeps its lines."""
    for part in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in part.splitlines()]
        if lines[0] == "\b":
            yield from (".PP", ".nf", *map(_escaped, lines[1:]), ".fi")
        else:
            yield from (".PP", _escaped(" ".join(lines)))


def _bold(text: str) -> str:
    return rf"\fB{_escaped(text)}\fR"


def _escaped(text: str) -> str:
    """A text as it is: backslashes and hyphens are roff's, and so is a dot that begins a line."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped
