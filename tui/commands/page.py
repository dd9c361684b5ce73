"""The commands as a page of the documentation, so that it says what is true."""

from __future__ import annotations

from collections.abc import Iterator

from tui.commands.command import GROUPS, Command
from tui.commands.registry import COMMANDS
from tui.commands.tuning import EDITING, EDITING_MEANING
from tui.setting_values import MEANINGS

_BEGINNING = """\
# Commands

In a conversation, a line that begins with a slash is a command. `/help` lists them, `/help NAME`
shows an example, and Tab completes names, values, sessions, prompts, models and files, each with
its meaning. This page is made from the program's own list.
"""

_NOTES = """\
## Turns, versions and branches

**N is the number of a turn** on this branch, as `/fork` without anything lists them. Where a new
text begins with a number, the turn's comes first: `/edit 1 3 lamps, please`.

Nothing is ever overwritten: another answer, other words and a merged answer become *versions*
beside the old one, and what followed the old one stays a branch. `/pick` lists the
versions of the last answer, `/branches` draws all of the session with a number for the end of
each branch, and `/switch` goes there.

`/answer` keeps an answer in your own words, marked as yours in the session; `/continue` then has
the model go on from where they end. `/merge 1:1 2:3` makes an answer of paragraph 1 of version 1
and paragraph 3 of version 2.

A system text that is set after an answer counts for `/regen` and `/continue` of that answer, and
for what comes; an earlier turn is answered again as it was asked.

## Files

`@notes.md` in a question that is typed at a terminal attaches the file; `/attach` does so ahead of
it. What is attached goes along with the next question only. `/save` and `/export` make files that
you alone can read, and replace one only with `--force`. `/export` says which lines may be private:
look at them before you give the file away. `/copy` asks the terminal to set its clipboard; where
it cannot, `/save` is the way.

## What the model thinks

`/probs` shows the last answer with the words that had less than 30% between « and », each with its
probability. A model at a server has to be asked for them with the answer: `/set logprobs 5`.

`/score TEXT` takes the text as what the model should say next. Its perplexity is low where the
model could have guessed it; *unusual* are words of less than 0.1%, *worn out* four words or more in
a row that each had at least 50%.
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
        "`/set` changes these from the next answer on, and `/regen` for one answer; `default` in\n"
        "place of a value takes it back. [sampling.md](sampling.md) says more.\n"
    )
    yield "| name | meaning |\n|---|---|"
    meanings = {**MEANINGS, EDITING: f"{EDITING_MEANING}: `emacs` or `vi`"}
    yield from (f"| `{name}` | {meaning} |" for name, meaning in meanings.items())
    yield ""


if __name__ == "__main__":
    print(commands_page(), end="")
