"""The commands that a person gives inside a conversation, in one registry for every front end."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from prompts.errors import PromptError
from sessions import branch_names, branch_of_head, first_words
from tui.branches import check_new_name, find_branch
from tui.composed import Surroundings
from tui.conversation import KEPT_TURNS, Conversation, ConversationEvent
from tui.errors import UsageProblem
from tui.library_prompts import load_stacked
from tui.prompt_in_use import PromptInUse


class Talk(Protocol):
    """What a command acts on; each front end is one."""

    @property
    def conversation(self) -> Conversation:
        """The one in progress."""
        ...

    def say(self, text: str) -> None:
        """Tell the person something."""
        ...

    @property
    def prompt(self) -> PromptInUse:
        """The prompts in use."""
        ...

    @property
    def around(self) -> Surroundings:
        """What a question meets now."""
        ...

    def begin_session(self) -> None:
        """Leave this session as it is, and begin another."""
        ...

    def instruct(self, system: str) -> None:
        """Put a system text in force, or that of the prompt with this name."""
        ...

    def use_model(self, name: str) -> None:
        """Go on with another model.

        Raises:
            EngineError: If there is no such model, or it cannot be used; the one in use stays.
        """
        ...

    def show(self, events: Iterable[ConversationEvent]) -> None:
        """Show what is being made, until it is done or the person stops it.

        Raises:
            CannotFit, CompactionFailed, EngineError: If it could not be made.
        """
        ...

    def regenerate(self) -> None:
        """Answer the last question again, with as many alternatives as any."""
        ...

    def edit_text(self, text: str) -> str | None:
        """Have a person edit a text; None if they left it.

        Raises:
            UsageProblem: If nobody is there to do it.
        """
        ...

    def leave(self) -> None:
        """End the conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a word may become, and why one would want it to."""

    text: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    """Without the slash."""
    argument: str
    """What may follow, for the help."""
    summary: str
    run: Callable[[Talk, str], None]
    complete: Callable[[Talk, str], Iterable[Suggestion]] | None = None
    """What the last word of an argument may become."""


def find_command(name: str) -> Command:
    """The command of that name.

    Raises:
        UsageProblem: If there is none; it names the nearest.
    """
    for command in COMMANDS:
        if command.name == name:
            return command
    nearest = difflib.get_close_matches(name, [command.name for command in COMMANDS], n=1)
    hint = f"did you mean /{nearest[0]}?" if nearest else "/help lists them"
    raise UsageProblem(f"there is no command /{name}; {hint}")


def run_line(talk: Talk, line: str) -> None:
    """Carry out a line that begins with a slash.

    Raises:
        UsageProblem: If it names no command.
    """
    name, _, argument = line.removeprefix("/").partition(" ")
    find_command(name).run(talk, argument.strip())


def _help(talk: Talk, _argument: str) -> None:
    for command in COMMANDS:
        usage = f"/{command.name} {command.argument}".rstrip()
        talk.say(f"{usage:<20} {command.summary}")


def _new(talk: Talk, _argument: str) -> None:
    talk.begin_session()
    talk.say("a new session")


def _system(talk: Talk, argument: str) -> None:
    if argument:
        talk.instruct(argument)
        talk.say("the system text is set")
    else:
        talk.say(talk.conversation.system or "there is no system text; /system TEXT sets one")


def complete_line(talk: Talk, line: str) -> Iterator[Suggestion]:
    """What the last word of a line that begins with a slash may become."""
    name, space, argument = line.removeprefix("/").partition(" ")
    if not space:
        yield from (
            Suggestion(f"/{command.name}", command.summary)
            for command in COMMANDS
            if command.name.startswith(name)
        )
        return
    command = next((each for each in COMMANDS if each.name == name), None)
    if command is not None and command.complete is not None:
        word = argument.rpartition(" ")[2]
        for suggestion in command.complete(talk, argument):
            if suggestion.text.startswith(word):
                yield suggestion


def _template_words(talk: Talk, argument: str) -> Iterator[Suggestion]:
    """Prompts by name, and after a name the variables of the prompts that were named."""
    library = talk.around.library()
    names = [word for word in argument.split(" ")[:-1] if word and "=" not in word]
    with suppress(PromptError, UsageProblem):
        prompt = load_stacked(library, names or talk.prompt.options.templates)
        for variable in prompt.variables.values():
            yield Suggestion(f"{variable.name}=", variable.description)
            for choice in variable.choices:
                yield Suggestion(f"{variable.name}={choice}", variable.description)
    for entry in library.entries():
        if entry.error is None and entry.name not in names:
            yield Suggestion(entry.name, entry.summary)
    if not names:
        yield Suggestion("off", "use none")


def _template(talk: Talk, argument: str) -> None:
    if argument:
        talk.prompt.use(argument, talk.around)
    options = talk.prompt.options
    if not options.templates:
        talk.say("no prompt is in use; /template NAME uses one of `chat prompts list`")
        return
    values = " ".join(f"{name}={value}" for name, value in options.variables)
    talk.say(f"each message goes through {'+'.join(options.templates)} {values}".rstrip())


def _model(talk: Talk, argument: str) -> None:
    if argument:
        talk.use_model(argument)
    talk.say(f"the model is {talk.conversation.engine.model_name}")


def _regenerate(talk: Talk, _argument: str) -> None:
    talk.regenerate()


def _continue(talk: Talk, _argument: str) -> None:
    talk.show(talk.conversation.continue_answer())


def _compact(talk: Talk, argument: str) -> None:
    keep = _whole_number(argument, "/compact takes the number of turns to keep")
    talk.show(talk.conversation.compact(KEPT_TURNS if keep is None else keep))


def _branch(talk: Talk, argument: str) -> None:
    log = talk.conversation.log
    if argument:
        left = branch_of_head(log.session)
        name, leaf = find_branch(log.session, argument)
        talk.conversation.marks.go_to(leaf)
        talk.say(f"this is the branch {name!r}; where you were is {left!r}")
        return
    here = branch_of_head(log.session)
    for name, leaf in branch_names(log.session).items():
        mark = "  (here)" if name == here else ""
        talk.say(f"{name}  {len(log.session.path(leaf))} turns{mark}")
    if not log.session.turns:
        talk.say("there are no turns yet")


def _rename(talk: Talk, argument: str) -> None:
    log = talk.conversation.log
    here = branch_of_head(log.session)
    if not argument:
        raise UsageProblem("/rename takes the new name of this branch")
    if here is None or log.session.head is None:
        raise UsageProblem("there is no branch here yet")
    leaf = log.session.leaf_of(log.session.head)
    check_new_name(log.session, argument, leaf)
    talk.conversation.marks.rename_branch(here, argument, leaf)
    talk.say(f"this branch is {argument!r} now")


def _title(talk: Talk, argument: str) -> None:
    if argument:
        talk.conversation.marks.set_title(argument)
    talk.say(talk.conversation.log.session.display_title)


def _undo(talk: Talk, argument: str) -> None:
    count = _whole_number(argument, "/undo takes the number of questions to take back")
    taken = talk.conversation.undo(1 if count is None else count)
    talk.say(f"taken back: {first_words(taken.content.strip() or '…')}; /redo brings it again")


def _redo(talk: Talk, _argument: str) -> None:
    talk.conversation.redo()
    talk.say("it is there again")


def _edit(talk: Talk, argument: str) -> None:
    question = talk.conversation.last_question()
    content = argument or talk.edit_text(question.content)
    if content is None or not content.strip() or content == question.content:
        talk.say("nothing was changed")
        return
    talk.conversation.reword(content)
    talk.regenerate()


def _fork(talk: Talk, argument: str) -> None:
    log = talk.conversation.log
    path = log.session.path()
    number = _whole_number(argument, "/fork takes the number of a turn")
    if not path:
        raise UsageProblem("there are no turns here")
    if number is None:
        for place, turn in enumerate(path, 1):
            talk.say(f"{place:>3}  {turn.role:<9}  {first_words(turn.content.strip() or '…')}")
        return
    if not 1 <= number <= len(path):
        raise UsageProblem(f"there are turns 1 to {len(path)} here; /fork lists them")
    talk.conversation.marks.go_to(path[number - 1].id)
    talk.say(f"going on after turn {number}; what followed stays a branch")


def _delete(talk: Talk, argument: str) -> None:
    path = talk.conversation.log.session.path()
    number = _whole_number(argument, "/delete takes the number of a turn; /fork lists them")
    if number is None or not 1 <= number <= len(path):
        raise UsageProblem(f"/delete takes a number from 1 to {len(path)}; /fork lists the turns")
    talk.conversation.marks.delete(path[number - 1].id)
    talk.say(f"turn {number} and what followed is deleted; /restore brings it again")


def _restore(talk: Talk, _argument: str) -> None:
    deleted = list(talk.conversation.log.session.deleted)
    if not deleted:
        raise UsageProblem("nothing is deleted")
    talk.conversation.marks.restore(deleted[-1])
    talk.say("it is there again, as a branch")


def _rate(talk: Talk, argument: str) -> None:
    sign, _, note = argument.partition(" ")
    values: Mapping[str, Literal[-1, 0, 1]] = {"+": 1, "-": -1, "0": 0}
    if sign not in values:
        raise UsageProblem("/rate takes +, - or 0, and a note if you like")
    session = talk.conversation.log.session
    answers = [turn for turn in session.path() if turn.role == "assistant"]
    if not answers:
        raise UsageProblem("there is no answer here yet")
    talk.conversation.marks.rate(answers[-1].id, values[sign], note.strip())
    talk.say("rated")


def _whole_number(argument: str, usage: str) -> int | None:
    if argument and not (argument.isdecimal() and len(argument) < 7):
        raise UsageProblem(usage)
    return int(argument) if argument else None


def _exit(talk: Talk, _argument: str) -> None:
    talk.leave()


COMMANDS = (
    Command("help", "", "this list", _help),
    Command("new", "", "begin a new session", _new),
    Command("system", "[TEXT]", "show the system text, or set it from here on", _system),
    Command(
        "template", "[NAME] [K=V]", "the prompt in use, or another", _template, _template_words
    ),
    Command("model", "[NAME]", "show the model, or go on with another", _model),
    Command("regen", "", "answer the last question again", _regenerate),
    Command("continue", "", "go on with the last answer where it ends", _continue),
    Command("compact", "[KEEP]", "summarise all but the last KEEP turns, to make room", _compact),
    Command("edit", "[TEXT]", "say the last question in other words", _edit),
    Command("undo", "[N]", "take back the last question, or the last N", _undo),
    Command("redo", "", "bring back what /undo took", _redo),
    Command("fork", "[N]", "list the turns, or go on after turn N", _fork),
    Command("delete", "N", "delete turn N and what followed it", _delete),
    Command("restore", "", "bring back what /delete took", _restore),
    Command("branch", "[NAME]", "list the branches, or go to one", _branch),
    Command("rename", "NAME", "give this branch a name", _rename),
    Command("title", "[TEXT]", "show the session's title, or set it", _title),
    Command("rate", "+|-|0 [NOTE]", "say what you think of the last answer", _rate),
    Command("exit", "", "leave; Ctrl+D does too", _exit),
)
