"""The commands as a page of the documentation, so that it says what is true."""

from __future__ import annotations

from collections.abc import Iterator

from tui.commands.command import GROUPS, Command
from tui.commands.registry import COMMANDS
from tui.commands.tuning import EDITING, EDITING_MEANING
from tui.setting_values import MEANINGS

_BEGINNING = """\
# Commands

In a conversation, a line that begins with a slash is a command. `/help` lists the commands,
`/help NAME` shows an example, and Tab completes names, values, sessions, prompts, models and files,
each with its meaning. This page is generated from the program's own list.
"""

_NOTES = """\
## Turns, versions and branches

**N is the number of a turn** on this branch, as listed by `/fork` on its own. If the new text
begins with a number, put the turn's number before it: `/edit 1 3 lamps, please`.

Nothing is ever overwritten: a regenerated, reworded or merged answer becomes a new *version* next
to the old one, and what followed the old one stays as a branch. `/pick` lists the versions of the
last answer, `/branches` draws the whole session with a number at the end of each branch, and
`/switch` goes there.

`/answer` saves an answer in your own words, marked as yours in the session; `/continue` then lets
the model carry on from where they end. `/merge 1:1 2:3` combines paragraph 1 of version 1 with
paragraph 3 of version 2.

A system text set after an answer applies to `/regen` and `/continue` of that answer, and to
everything after it; earlier turns are regenerated with the system text they were asked with.

## Files

`@notes.md` in a question that you type attaches the file; `/attach` does so before you ask.
Attachments are sent with the next question only. `/save` and `/export` write files that only you
can read, and replace an existing file only with `--force`. `/export` points out lines that may be
private: look at them before you share the file. `/copy` asks the terminal to set its clipboard; if
your terminal cannot, use `/save`.

## What the model thinks

`/probs` shows the last answer, with each word below 30% set between « and » and followed by its
probability. For a model on a server, request this before the answer: `/set logprobs 5`.

`/score TEXT` treats the text as what the model would say next. A low perplexity means that the
model could have guessed it. Words below 0.1% are *unusual*; four or more words in a row with at
least 50% each are *worn out*.
"""


def commands_page() -> str:
    """The page, in Markdown."""
    return "\n".join([_BEGINNING, *_tables(), _NOTES, *_settings()])


def _tables() -> Iterator[str]:
    for group in GROUPS:
        yield f"## {group}\n"
        yield "| command | what it does | for example |\n|---|---|---|"
        yield from (_row(command) for command in COMMANDS if command.group == group)
        yield ""


def _row(command: Command) -> str:
    cells = (f"`{command.usage}`", command.summary, f"`{command.example}`")
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield (
        "`/set` changes these from the next answer on, `/regen` for one answer only. The value\n"
        "`default` resets a setting. [sampling.md](sampling.md) has the details.\n"
    )
    yield "| name | meaning |\n|---|---|"
    meanings = {**MEANINGS, EDITING: f"{EDITING_MEANING}: `emacs` or `vi`"}
    yield from (f"| `{name}` | {meaning} |" for name, meaning in meanings.items())
    yield ""


if __name__ == "__main__":
    print(commands_page(), end="")
