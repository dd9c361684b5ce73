"""The options of ``chat`` itself, in the groups that help and the manual show them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from tui.arguments import PAIR, PATH, LineRange, NamedPath, completing

DIFF_FORMS = ("unified", "words", "critic", "json")


@dataclass(frozen=True, slots=True)
class Group:
    """Options that belong together."""

    heading: str
    options: tuple[click.Option, ...]


def _option(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, **attributes)


def _flag(*names: str, **attributes: Any) -> click.Option:
    return click.Option(names, is_flag=True, **attributes)


WORDS = click.Argument(["words"], nargs=-1, metavar="[PROMPT]...")

_ASKED = Group(
    "The question",
    (
        _option(
            *("-s", "--system"),
            metavar="TEXT",
            shell_complete=completing("prompts"),
            help="The system text, or a prompt's name.",
        ),
        _option(
            *("-t", "--template", "templates"),
            multiple=True,
            shell_complete=completing("prompts"),
            metavar="NAME",
            help="A prompt from the library; repeat to combine several.",
        ),
        _option(
            *("-p", "--param", "variables"),
            type=PAIR,
            shell_complete=completing("variables"),
            multiple=True,
            metavar="K V",
            help="Set a variable of the prompt.",
        ),
        _option(
            *("-f", "--file", "files"),
            type=PATH,
            multiple=True,
            metavar="PATH",
            help="Attach a file; repeat for more; - is standard input.",
        ),
        _option("--glob", metavar="PATTERN", help="With a folder: attach the files that match."),
        _flag("--raw", help="Continue PROMPT as plain text, without a chat template."),
    ),
)

_SESSION = Group(
    "The session",
    (
        _flag("-c", "--continue", "go_on", help="Continue the last conversation."),
        _option(
            "--session",
            metavar="ID",
            shell_complete=completing("sessions"),
            help="Continue this session, by its id, the start of it, or title.",
        ),
        _flag("--compact", help="Summarise the older turns of that session first."),
        _flag("--no-save", help="Do not save the session."),
        _flag("--repl", help="Chat line by line."),
    ),
)

_MODEL = Group(
    "The model, and how it runs",
    (
        _option(
            *("-m", "--model"),
            metavar="NAME",
            shell_complete=completing("models"),
            help="The model, by name, the start of it, or path.",
        ),
        _flag("--offline", help="Send nothing to any server, even if the model is on one."),
        _option(
            "--profile",
            metavar="NAME",
            shell_complete=completing("profiles"),
            help="Use a named group of settings from the configuration.",
        ),
        _option(
            *("-o", "--option", "options"),
            type=PAIR,
            shell_complete=completing("options"),
            multiple=True,
            metavar="K V",
            help="Set a sampling option (temperature, top_p, …); or how to load (n_ctx, …).",
        ),
        _option(
            "--chat-template",
            type=PATH,
            metavar="FILE",
            help="A Jinja file to replace the model's own.",
        ),
    ),
)

_ANSWER = Group(
    "The answer",
    (
        _option(
            *("-n", "--alternatives"),
            type=click.IntRange(1, 16),
            default=1,
            metavar="N",
            help="Write N answers; the session continues from the first.",
        ),
        _option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="At most N tokens."),
        _option(
            "--seed",
            type=click.IntRange(0, 2**32 - 2),
            metavar="N",
            help="Make the answer reproducible.",
        ),
        _option(
            "--think/--no-think",
            default=None,
            help="Let the model think aloud first, or not, if it can.",
        ),
        _option(
            "--grammar",
            type=PATH,
            metavar="FILE",
            help="A GBNF grammar that the answer must follow.",
        ),
        _option(
            "--schema", type=PATH, metavar="FILE", help="A JSON Schema that the answer must fit."
        ),
        _option(
            *("--ban", "banned"),
            multiple=True,
            metavar="PHRASE",
            help="A phrase that must not occur; repeat for more.",
        ),
    ),
)

_PRINTED = Group(
    "Output",
    (
        _flag("-x", "--extract", help="Print only the first code block of the answer."),
        _option(
            "--separator",
            metavar="TEXT",
            help="The line between answers; \\0, \\n and \\t mean what they do in C.",
        ),
        _flag("--json", "as_json", help="Print an OpenAI chat.completion object."),
        _flag("--json-lines", help="Print each event as JSON as it happens."),
        _option(
            "--logprobs",
            type=click.IntRange(0, 20),
            metavar="K",
            help="Keep each token's log-probability and those of K others; --json prints them.",
        ),
        _flag("--plain", help="Draw and repaint nothing, for screen readers."),
        _flag("--dry-run", help="Print what would be sent and its token count; send nothing."),
        _flag("--stats", help="Report how many tokens were read and written, and how fast."),
        _flag("--timings", help="Report where the time went, from the start of the program."),
    ),
)

_EDIT = Group(
    "Revising a draft",
    (
        _option(
            "--edit",
            multiple=True,
            type=NamedPath(),
            metavar="FILE",
            help="Revise FILE as PROMPT says; repeat for more; - is standard input.",
        ),
        _flag("--yes", help="With --edit: write the file without asking."),
        _option(
            "--diff",
            is_flag=False,
            flag_value="unified",
            type=click.Choice(DIFF_FORMS),
            metavar="[FORM]",
            help="With --edit: print the changes and write nothing; as unified, words, critic or "
            "json.",
        ),
        _flag(
            "--fold",
            help="With --diff: hide changes to whitespace and quotation marks, and count them.",
        ),
        _option(
            "--output",
            type=PATH,
            metavar="FILE",
            help="With --edit: write to a new file instead.",
        ),
        _option("--section", metavar="HEADING", help="With --edit: only this section."),
        _option(
            "--lines",
            type=LineRange(),
            metavar="A:B",
            help="With --edit: only the paragraphs in these lines.",
        ),
        _option("--match", metavar="REGEX", help="With --edit: only the paragraphs that match."),
        _option(
            *("--lock", "locks"),
            multiple=True,
            type=click.Choice(["quotations", "numbers", "names"]),
            metavar="KIND",
            help="With --edit: keep quotations, numbers or names unchanged.",
        ),
        _flag(
            "--watch",
            help="With --edit: carry out <!-- chat: … --> notes in FILE whenever it is saved.",
        ),
    ),
)

GROUPS = (_ASKED, _SESSION, _MODEL, _ANSWER, _PRINTED, _EDIT)


def with_diff_form(words: Sequence[str]) -> list[str]:
    """The command line with the form that a bare ``--diff`` stands for: what follows it may be the
    instruction."""
    following = [*words[1:], ""]
    return [
        "--diff=unified" if word == "--diff" and after not in DIFF_FORMS else word
        for word, after in zip(words, following, strict=False)
    ]
