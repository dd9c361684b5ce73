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
    "What is asked",
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
            help="A prompt of the library; again to put one over another.",
        ),
        _option(
            *("-p", "--param", "variables"),
            type=PAIR,
            shell_complete=completing("variables"),
            multiple=True,
            metavar="K V",
            help="A variable of the prompt.",
        ),
        _option(
            *("-f", "--file", "files"),
            type=PATH,
            multiple=True,
            metavar="PATH",
            help="Attach a text; again for more; - is standard input.",
        ),
        _option("--glob", metavar="PATTERN", help="With a folder: its files like this."),
        _flag("--raw", help="Go on with PROMPT as plain text, no chat template."),
    ),
)

_SESSION = Group(
    "In which session",
    (
        _flag("-c", "--continue", "go_on", help="Continue the last conversation."),
        _option(
            "--session",
            metavar="ID",
            shell_complete=completing("sessions"),
            help="Continue this one: id, its beginning, or title.",
        ),
        _flag("--compact", help="Summarise the older turns of that session first."),
        _flag("--no-save", help="Leave no session behind."),
        _flag("--repl", help="Talk, line by line."),
    ),
)

_MODEL = Group(
    "Which model, and how it is run",
    (
        _option(
            *("-m", "--model"),
            metavar="NAME",
            shell_complete=completing("models"),
            help="A model's name, its beginning, or a path.",
        ),
        _flag("--offline", help="Send nothing to a server, even if the model is there."),
        _option(
            "--profile",
            metavar="NAME",
            shell_complete=completing("profiles"),
            help="Settings that the configuration has together.",
        ),
        _option(
            *("-o", "--option", "options"),
            type=PAIR,
            shell_complete=completing("options"),
            multiple=True,
            metavar="K V",
            help="Of sampling: temperature, top_p, …; of loading: n_ctx, threads, …",
        ),
        _option("--chat-template", type=PATH, metavar="FILE", help="Jinja, for the model's own."),
    ),
)

_ANSWER = Group(
    "What the answer is like",
    (
        _option(
            *("-n", "--alternatives"),
            type=click.IntRange(1, 16),
            default=1,
            metavar="N",
            help="N answers; the session goes on from the first.",
        ),
        _option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="At most N tokens."),
        _option(
            "--seed",
            type=click.IntRange(0, 2**32 - 2),
            metavar="N",
            help="For the same answer again.",
        ),
        _option(
            "--think/--no-think", default=None, help="Think aloud first, or not, if the model can."
        ),
        _option("--grammar", type=PATH, metavar="FILE", help="A GBNF grammar of the answer."),
        _option("--schema", type=PATH, metavar="FILE", help="A JSON Schema of the answer."),
        _option(
            *("--ban", "banned"),
            multiple=True,
            metavar="PHRASE",
            help="Must not occur; again for more.",
        ),
    ),
)

_PRINTED = Group(
    "What is printed",
    (
        _flag("-x", "--extract", help="Only the first fenced block of the answer."),
        _option(
            "--separator",
            metavar="TEXT",
            help="The line between answers; \\0, \\n and \\t stand for what they mean in C.",
        ),
        _flag("--json", "as_json", help="Print an OpenAI chat.completion object."),
        _flag("--json-lines", help="Print each event as JSON when it comes."),
        _option(
            "--logprobs",
            type=click.IntRange(0, 20),
            metavar="K",
            help="Keep each token's log-probability and those of K others; --json prints them.",
        ),
        _flag("--plain", help="Nothing drawn or repainted, for screen readers."),
        _flag("--dry-run", help="Print what would be sent, and its tokens."),
        _flag("--stats", help="Say how many tokens were read and written, and how fast."),
        _flag("--timings", help="Say what the time went to, from the start on."),
    ),
)

_EDIT = Group(
    "A draft revised",
    (
        _option(
            "--edit",
            multiple=True,
            type=NamedPath(),
            metavar="FILE",
            help="Revise FILE as PROMPT says; again for more; - is standard input.",
        ),
        _flag("--yes", help="With --edit: write the file without asking."),
        _option(
            "--diff",
            is_flag=False,
            flag_value="unified",
            type=click.Choice(DIFF_FORMS),
            metavar="[FORM]",
            help="With --edit: print the changes, write nothing; as unified, words, critic or "
            "json.",
        ),
        _flag(
            "--fold",
            help="With --diff: leave out changes of blanks and quotation marks, and count them.",
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
            help="With --edit: quotations, numbers or names must come back as they are.",
        ),
        _flag(
            "--watch",
            help="With --edit: do what <!-- chat: … --> in FILE says whenever it is saved.",
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
