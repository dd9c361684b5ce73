"""``chat --repl``: read, answer, read again, in one session until the person changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from prompts.inherit import Prompt
from tui import exit_codes
from tui.ask import start_engine
from tui.attach import AttachedText
from tui.commands import run_line
from tui.commands.saved import where_it_stands
from tui.composed import Surroundings, answer_settings
from tui.conversation import Conversation, ConversationEvent
from tui.documents import read_files
from tui.errors import UsageProblem, explain
from tui.options import AskOptions
from tui.own_editor import edit_text
from tui.plain import PlainAnswer
from tui.repl.clipboard import copy_to_clipboard
from tui.repl.entries import Entry, entry_of
from tui.repl.fronts import Front, front_for
from tui.repl.shell import run_shell, shell_output
from tui.review import confirm
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.saver import ELSEWHERE
from tui.talk import Talk
from tui.texts import typed_text
from tui.which_model import shown_name
from tui.which_session import open_session


def run_repl(runtime: Runtime, options: AskOptions) -> int:
    """Talk until the person leaves; the exit code."""
    log = open_session(runtime, options)
    settings = answer_settings(options.engine, {}, runtime.config)
    conversation = Conversation(start_engine(runtime, options, log), log, settings)
    repl = Repl(runtime, options, conversation, front_for(runtime))
    try:
        return repl.run()
    finally:
        repl.conversation.engine.close()


_LEAVING = "Ctrl+D quits"


class Repl(Talk):
    """The loop, and the `Talk` that commands act on."""

    def __init__(
        self,
        runtime: Runtime,
        options: AskOptions,
        conversation: Conversation,
        front: Front,
    ) -> None:
        super().__init__(runtime, options, conversation)
        self._front = front
        self._narrator = runtime.narrator()
        self._kept_keys = ExitStack()
        self._leaving = False
        self._code = exit_codes.DONE

    def run(self) -> int:
        """Read and answer until the end of input or /exit."""
        self.attachments = read_files(self._options.prompt.files, self._options.prompt.glob)
        if self.runtime.is_interactive:
            name = shown_name(self.conversation.engine)
            self.say((", " if self.runtime.is_plain else " · ").join((name, "/help", _LEAVING)))
            if self.conversation.log.session.turns:
                self.say("\n".join(where_it_stands(self)))
        self._tell_damage()
        if self._options.prompt.words:
            self._handle(self._options.prompt.words)
        while not self._leaving:
            try:
                line = self._read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
            if line.strip():
                self._handle(line)
        return self._code

    @property
    def around(self) -> Surroundings:
        """See `Talk`."""
        found = super().around
        if (ask := found.ask) is None:
            return found

        def ask_seen(prompt: Prompt, names: Sequence[str]) -> Mapping[str, str]:
            self._kept_keys.close()
            return ask(prompt, names)

        return replace(found, ask=ask_seen)

    def say(self, text: str) -> None:
        """See `Talk`."""
        self.runtime.stdout.write(f"{sanitize(text)}\n")

    def warn(self, text: str) -> None:
        """See `Talk`."""
        self._narrator.say(text)

    def _answer(self, alternatives: int = 1) -> PlainAnswer:
        return PlainAnswer(
            self._front.page(), self._narrator, alternatives=alternatives, if_unsaved=ELSEWHERE
        )

    def _show(self, events: Iterable[ConversationEvent], alternatives: int) -> None:
        answer = self._answer(alternatives)
        self._kept_keys.close()  # an answer keeps them in its own way
        with self._front.answering(self.conversation.cancel) as interruption:
            try:
                answer.show(events)
            finally:
                if interruption.ends_the_program:
                    self._leaving = True
                    self._code = interruption.exit_code
        if answer.failed:
            self._note_failure()

    def edit_text(self, text: str) -> str | None:
        """See `Talk`."""
        if not self.runtime.is_interactive:
            raise UsageProblem("give the new text too: there is no terminal for an editor")
        self._kept_keys.close()
        edited = edit_text(text)
        # Editors end a file with a newline that nobody typed.
        return None if edited is None else edited.removesuffix("\n")

    def copy(self, text: str) -> None:
        """See `Talk`."""
        copy_to_clipboard(text, self.runtime)

    def leave(self) -> None:
        """See `Talk`."""
        self._leaving = True

    def _read(self) -> str:
        """The next line. While a person thinks, the model finds a title for the session."""
        log = self.conversation.log
        if self.runtime.is_interactive:
            self._titles.start(self.conversation.engine, log.session)
        try:
            return self._front.read(self)
        finally:
            with self._front.keys_kept():
                self._entitle()

    def _handle(self, line: str) -> None:
        """Carry out a command or answer a question; an error is said, and the loop goes on."""
        try:
            self._carry_out(entry_of(typed_text(line), by_person=self.runtime.is_interactive))
        except KeyboardInterrupt:
            self._narrator.say("stopped; the answer so far is kept")
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  `explain` raises what it has no words for
            text, _ = explain(error)
            self.warn(text)
            self._note_failure()
        self._tell_damage()

    def _carry_out(self, entry: Entry) -> None:
        if entry.kind == "shell":
            self._tell_code(run_shell(entry.text, self.runtime.environment))
        elif entry.kind == "attached shell":
            self._attach_output(entry.text)
        elif entry.kind == "command":
            with self._kept_keys:
                self._kept_keys.enter_context(self._front.keys_kept())
                run_line(self, entry.text)
            marked = self._answer()
            marked.show(self.conversation.failures())
            if marked.failed:
                self._note_failure()
        elif self.runtime.is_interactive and entry.kind == "question":
            self.ask_mentioning(entry.text)
        else:
            self.ask(entry.text)

    def _attach_output(self, command: str) -> None:
        output, code = shell_output(command, self.runtime.environment, self._pass_on)
        self._pass_on("" if output.endswith("\n") or not output else "\n")
        self._tell_code(code)
        size = f"{len(output.splitlines()):,} lines, {len(output):,} characters"
        if not output.strip():
            self.say("it printed nothing to attach")
        elif confirm(self.runtime, f"Attach this to the next question ({size})?"):
            self.attachments.append(AttachedText(" ".join(command.split()), output))

    def _pass_on(self, output: str) -> None:
        self.runtime.stdout.write(sanitize(output))
        self.runtime.stdout.flush()

    def _tell_code(self, code: int) -> None:
        if code:
            self.say(f"exit code {code}")

    def _note_failure(self) -> None:
        """A person has seen it; a script sees the exit code."""
        if not self.runtime.is_interactive and not self._leaving:
            self._code = exit_codes.FAILED
