"""Commands about what the next question goes with: system text, prompts, files, the context."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from prompts.errors import PromptError
from tui.commands.command import Command, Suggestion
from tui.commands.completing import file_names, path_of
from tui.commands.reading import is_number, whole_number, words_of
from tui.context_use import context_use
from tui.conversation import KEPT_TURNS
from tui.documents import read_files
from tui.errors import UsageProblem
from tui.library_prompts import load_stacked
from tui.talk import Talk


def _system(talk: Talk, argument: str) -> None:
    if argument:
        talk.instruct(argument)
        talk.say("the system text is set")
    else:
        talk.say(talk.conversation.system or "there is no system text; /system TEXT sets one")


def _system_names(talk: Talk, argument: str) -> Iterator[Suggestion]:
    if " " in argument:
        return
    for entry in talk.around.library().entries():
        if entry.error is None:
            yield Suggestion(entry.name, entry.summary)


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


def _attach(talk: Talk, argument: str) -> None:
    paths = [path_of(word) for word in words_of(argument, "attach")]
    talk.attachments += read_files(paths)
    if not talk.attachments:
        talk.say("nothing is attached; /attach PATH adds a file to the next question")
    for place, attached in enumerate(talk.attachments, 1):
        talk.say(f"{place:>3}  {attached.name or 'piped text'}  {len(attached.text):,} characters")


def _paths(_talk: Talk, argument: str) -> Iterator[Suggestion]:
    return file_names(argument.rpartition(" ")[2])


def _detach(talk: Talk, argument: str) -> None:
    if not talk.attachments:
        raise UsageProblem("nothing is attached")
    if not argument:
        talk.attachments.clear()
        talk.say("nothing is attached now")
        return
    for place, attached in enumerate(talk.attachments, 1):
        if argument == attached.name or (is_number(argument) and int(argument) == place):
            talk.attachments.pop(place - 1)
            talk.say(f"{attached.name or 'the piped text'} is no longer attached")
            return
    raise UsageProblem(f"{argument} is not attached; /attach lists what is")


def _attached_names(talk: Talk, _argument: str) -> Iterator[Suggestion]:
    for attached in talk.attachments:
        yield Suggestion(attached.name or "", f"{len(attached.text):,} characters")


def _tokens(talk: Talk, _argument: str) -> None:
    path = talk.conversation.log.session.path()
    use = context_use(talk.conversation.engine, path, talk.attachments)
    for part in use.parts:
        indent = "  " if part.is_within else ""
        talk.say(f"{part.tokens:>9,}  {indent}{part.name}")
    talk.say(f"{use.free:>9,}  free of {use.n_ctx:,}")
    if talk.conversation.engine.host:
        talk.say("these are estimates: counting would mean sending the texts")


def _compact(talk: Talk, argument: str) -> None:
    keep = whole_number(argument, "/compact takes the number of turns to keep")
    talk.show(talk.conversation.compact(KEPT_TURNS if keep is None else keep))


ASKING_COMMANDS = (
    Command(
        "system",
        "[TEXT]",
        "show the system text, or change it from here on",
        _system,
        _system_names,
        "Questions",
        "/system Answer in one sentence.",
    ),
    Command(
        "template",
        "[NAME] [K=V]",
        "show the prompt in use, or use another",
        _template,
        _template_words,
        "Questions",
        "/template tighten percent=30",
    ),
    Command(
        "attach",
        "[PATH…]",
        "add files to the next question, or list them; @PATH in a question does too",
        _attach,
        _paths,
        "Questions",
        "/attach notes.md",
    ),
    Command(
        "detach",
        "[NAME|N]",
        "remove an attached file, or all of them",
        _detach,
        _attached_names,
        "Questions",
        "/detach notes.md",
    ),
    Command(
        "tokens",
        "",
        "show what uses the context",
        _tokens,
        None,
        "Questions",
        "/tokens",
    ),
    Command(
        "compact",
        "[KEEP]",
        "summarise all but the last KEEP turns, to make room",
        _compact,
        None,
        "Questions",
        "/compact 4",
    ),
)
