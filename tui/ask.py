"""``chat PROMPT…``: one answer, streamed to stdout."""

from __future__ import annotations

import json

from engine.errors import UnknownModel
from engine.protocol import Engine
from engine.types import Message
from sessions import MemorySession, SessionLog, memory_session
from tui import exit_codes
from tui.completion_object import completion_object
from tui.compose import Composed, compose, read_files, read_stdin
from tui.conversation import Conversation
from tui.errors import UsageProblem
from tui.interrupts import signals_call
from tui.narrate import Narrator
from tui.options import AskOptions
from tui.plain import PlainAnswer
from tui.runtime import Runtime
from tui.sanitize import sanitize


def run_ask(runtime: Runtime, options: AskOptions) -> int:
    """Ask one question; the exit code."""
    log = open_session(runtime, options)
    # Before anything else, so that the weights load while the rest is read and checked.
    engine = start_engine(runtime, options, log)
    try:
        stdin = read_stdin(runtime.stdin)
        attachments = [*read_files(options.prompt.files), *([stdin] if stdin else [])]
        composed = compose(
            options.prompt, options.engine, attachments, runtime.library, runtime.config
        )
        conversation = Conversation(engine, log, composed.settings)
        instruct(conversation, composed, runtime.config.system)
        if options.dry_run:
            return print_request(runtime, conversation, composed)
        return _answer(runtime, conversation, composed, as_json=options.json)
    finally:
        engine.close()


def open_session(runtime: Runtime, options: AskOptions) -> SessionLog:
    """The session that the options name: a new one, the last one, or a certain one.

    Raises:
        SessionError: If there is none of that name.
        UsageProblem: If it cannot be saved to, and should be.
    """
    unsaved = not options.save or options.dry_run
    if options.session is None and not options.go_on:
        return memory_session() if unsaved else runtime.sessions().create()
    store = runtime.sessions()
    log = store.open(store.latest() if options.session is None else store.resolve(options.session))
    if unsaved:
        return MemorySession(log.session)
    if log.session.read_only:
        raise UsageProblem(
            "that session was written by a newer version: update, or go on with --no-save"
        )
    return log


def start_engine(runtime: Runtime, options: AskOptions, log: SessionLog) -> Engine:
    """The engine for a session: of the model that was named, else of the one that answered last.

    Raises:
        NoModel, UnknownModel: If there is nothing to load.
    """
    answered = [turn.model for turn in log.session.path() if turn.model is not None]
    if options.engine.model is not None or not answered:
        return runtime.start_engine(options.engine.model)
    try:
        return runtime.start_engine(answered[-1])
    except UnknownModel:
        engine = runtime.start_engine(None)
        Narrator(runtime.stderr).say(
            f"{answered[-1]}, which answered before, is not found by that name (-m PATH); "
            f"going on with {engine.model_name}"
        )
        return engine


def instruct(conversation: Conversation, composed: Composed, default: str | None) -> None:
    """Put the question's system text and examples in force; the default in a new session."""
    system = composed.system
    if system is None and not conversation.log.session.turns:
        system = default
    if system or composed.examples:
        conversation.instruct(system or "", composed.examples, prompt=composed.question.prompt)


def _answer(
    runtime: Runtime, conversation: Conversation, composed: Composed, *, as_json: bool
) -> int:
    answer = PlainAnswer(runtime.stdout, Narrator(runtime.stderr), silent=as_json)
    events = conversation.ask(composed.question)
    with signals_call(conversation.cancel) as interruption:
        try:
            answer.show(events)
        finally:
            # Whoever reads stdout may have seen enough; what there is of the answer is saved.
            events.close()
    if as_json:
        session = conversation.log.session
        text = json.dumps(completion_object(session, session.path()[-1]), ensure_ascii=False)
        runtime.stdout.write(f"{text}\n")
    if interruption.signal:
        return interruption.exit_code
    return exit_codes.FAILED if answer.failed else exit_codes.DONE


def print_request(runtime: Runtime, conversation: Conversation, composed: Composed) -> int:
    """Print what would be sent, and what it costs."""
    messages = conversation.log.session.messages()
    messages.append(Message("user", composed.question.content))
    for message in messages:
        runtime.stdout.write(f"[{message.role}]\n{sanitize(message.content)}\n\n")
    runtime.stderr.write(f"{conversation.engine.count(messages):,} tokens\n")
    return exit_codes.DONE
