"""What a person has done with the conversation, each as an errand for its thread."""

from __future__ import annotations

from sessions import spoken_turns
from tui.app.history import EntryHistory
from tui.app.messages import Completed, Recalled, Returned, Sent
from tui.app.talk import AppTalk
from tui.app.thread import Errand
from tui.app.unsent import Outgoing
from tui.attach import AttachedText
from tui.commands import COMMANDS, complete_line, run_line
from tui.commands.completing import file_names
from tui.errors import UsageProblem
from tui.which_model import shown_name


def begin(talk: AppTalk) -> None:
    """Show the session and the earlier entries."""
    talk.publish()
    talk.post(Recalled(EntryHistory(talk.runtime.paths.repl_history).entries()))


def send(question: Outgoing) -> Errand:
    """Carry out a command, or ask a question. What could not be asked comes back."""

    def errand(talk: AppTalk) -> None:
        words = question.words
        if talk.is_kept:
            EntryHistory(talk.runtime.paths.repl_history).add(words)
        if words.startswith("/"):
            _command(talk, question)
        else:
            _ask(talk, question)

    return errand


def _command(talk: AppTalk, command: Outgoing) -> None:
    try:
        run_line(talk, command.words)
    except UsageProblem:
        talk.post(Returned(command))
        raise


def _ask(talk: AppTalk, question: Outgoing) -> None:
    before = _last_question(talk)
    try:
        talk.ask_sent(question)
    finally:
        question.is_saved |= _last_question(talk) != before
        talk.post(Sent(question) if question.is_saved else Returned(question))


def _last_question(talk: AppTalk) -> str | None:
    spoken = spoken_turns(talk.conversation.log.session.path())
    return next((turn.id for turn in reversed(spoken) if turn.role == "user"), None)


def run_command(line: str) -> Errand:
    """Carry out a command that nobody typed."""
    return lambda talk: run_line(talk, line)


def retry(talk: AppTalk) -> None:
    """Try again what failed: an answer that broke off, or loading the model."""
    path = talk.conversation.log.session.path()
    if path and (path[-1].role == "user" or path[-1].status == "error"):
        talk.show(talk.conversation.regenerate(alternatives=talk.alternatives))
    else:
        talk.load()


def attach(text: str) -> Errand:
    """Have a text go along with the next question."""

    def errand(talk: AppTalk) -> None:
        names = {each.name for each in talk.attachments}
        number = next(n for n in range(1, len(names) + 2) if f"pasted text {n}" not in names)
        talk.attachments.append(AttachedText(f"pasted text {number}", text))

    return errand


def detach(place: int) -> Errand:
    """Leave out the attached text at a place."""

    def errand(talk: AppTalk) -> None:
        if place < len(talk.attachments):
            talk.attachments.pop(place)

    return errand


def complete(line: str) -> Errand:
    """Find what the last word of a line may become."""

    def errand(talk: AppTalk) -> None:
        found = tuple((each.text, each.meaning) for each in complete_line(talk, line))
        talk.post(Completed(line, found))

    return errand


def complete_names(line: str) -> tuple[tuple[str, str], ...]:
    """What a command's name or a file's may become. Nothing of that is the conversation's: any
    thread may ask."""
    if line.startswith("/"):
        name = line.removeprefix("/")
        return tuple(
            (f"/{command.name}", command.summary)
            for command in COMMANDS
            if command.name.startswith(name)
        )
    word = line.rpartition(" ")[2].removeprefix("@")
    return tuple((f"@{each.text}", each.meaning) for each in file_names(word))


def use_model(name: str | None) -> Errand:
    """Go on with another model; None is the first there is."""

    def errand(talk: AppTalk) -> None:
        if not talk.use_model(name or talk.runtime.find_model(None).name):
            talk.say(f"{shown_name(talk.conversation.engine)} is already in use")

    return errand
