"""``chat PROMPT…``: one answer, streamed to stdout."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.errors import CannotFit, UnknownModel
from engine.protocol import Engine
from engine.types import Message
from prompts.fence import explained
from sessions import MemorySession, SessionLog, memory_session, spoken_turns
from tui import exit_codes
from tui.attach import AttachedText
from tui.completion_object import completion_object
from tui.compose import compose, compose_raw
from tui.composed import Composed
from tui.conversation import Conversation
from tui.errors import CompactionFailed, TooLong, UsageProblem
from tui.interrupts import signals_call
from tui.loading import chosen_load_options
from tui.options import AskOptions
from tui.pages import Page, SpokenPage, TextPage
from tui.plain import PlainAnswer
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.surroundings import surroundings
from tui.texts import read_files, read_stdin


def run_ask(runtime: Runtime, options: AskOptions) -> int:
    """Ask one question; the exit code."""
    log = open_session(runtime, options)
    # Before anything else, so that the weights load while the rest is read and checked.
    engine = start_engine(runtime, options, log)
    try:
        conversation = Conversation(engine, log)
        stdin = read_stdin(runtime.stdin)
        attachments = [*read_files(options.prompt.files), *([stdin] if stdin else [])]
        has_question = bool(options.prompt.words or options.prompt.templates or attachments)
        if options.compact and not has_question and not options.json:
            return _compact(runtime, conversation, silent=False)
        composed = _compose(runtime, options, conversation, attachments)
        conversation.settings = composed.settings
        code = _compact(runtime, conversation, silent=True) if options.compact else exit_codes.DONE
        if code not in (exit_codes.DONE, exit_codes.FAILED):  # a signal: nothing more is wanted
            return code
        instruct(conversation, composed, runtime.config.system)
        if options.dry_run:
            return print_request(runtime, conversation, composed)
        return _answer(runtime, conversation, composed, options) or code
    except CannotFit as error:
        can_compact = not options.compact and not options.raw
        if can_compact and len(spoken_turns(log.session.path())) > 1:
            raise TooLong(error, "--compact puts a summary in place of the older turns") from error
        raise
    finally:
        engine.close()


def _compose(
    runtime: Runtime,
    options: AskOptions,
    conversation: Conversation,
    attachments: Sequence[AttachedText],
) -> Composed:
    if options.raw:
        return compose_raw(options.prompt, options.engine, attachments, runtime.config)
    around = surroundings(runtime, conversation.engine, conversation.log)
    return compose(options.prompt, options.engine, attachments, around)


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
        UsageProblem: If an option about loading cannot be used.
    """
    chosen = chosen_load_options(options.engine, save=options.save)
    answered = [turn.model for turn in log.session.path() if turn.model is not None]
    if options.engine.model is not None or not answered:
        return runtime.start_engine(options.engine.model, chosen)
    try:
        return runtime.start_engine(answered[-1], chosen, by_name=True)
    except UnknownModel:
        engine = runtime.start_engine(None, chosen)
        runtime.narrator().say(
            f"{answered[-1]}, which answered before, is not found by that name (-m PATH); "
            f"going on with {engine.model_name}"
        )
        return engine


def instruct(conversation: Conversation, composed: Composed, default: str | None) -> None:
    """Put the question's system text and examples in force; the default in a new session."""
    if composed.question.raw:
        return
    system, examples = composed.system, composed.examples
    if system is None and not conversation.log.session.turns:
        system = default
    if composed.fences:
        if system is None:
            system, examples = conversation.system, conversation.examples
        system = explained(system)
    if system or examples:
        conversation.instruct(system or "", examples, prompt=composed.question.prompt)


def _compact(runtime: Runtime, conversation: Conversation, *, silent: bool) -> int:
    """Make room in the session, and print the summary unless an answer follows; the exit code."""
    narrator = runtime.narrator()
    answer = PlainAnswer(
        runtime.stdout, narrator, silent=silent, page=_page(runtime)
    )
    with signals_call(conversation.cancel) as interruption:
        try:
            answer.show(conversation.compact())
        except CompactionFailed as error:
            if not interruption.signal:
                raise
            narrator.say(str(error))
    if interruption.signal:
        return interruption.exit_code
    return exit_codes.FAILED if answer.failed else exit_codes.DONE


def _page(runtime: Runtime) -> Page:
    """Where answers go: on a terminal that is read out they are announced."""
    is_spoken = runtime.is_plain and runtime.stdout.isatty()
    return SpokenPage(runtime.stdout) if is_spoken else TextPage(runtime.stdout)


def _answer(
    runtime: Runtime, conversation: Conversation, composed: Composed, options: AskOptions
) -> int:
    answer = PlainAnswer(
        runtime.stdout,
        runtime.narrator(),
        silent=options.json,
        alternatives=options.alternatives,
        page=_page(runtime),
    )
    events = conversation.ask(composed.question, alternatives=options.alternatives)
    with signals_call(conversation.cancel) as interruption:
        try:
            answer.show(events)
        finally:
            # Whoever reads stdout may have seen enough; what there is of the answer is saved.
            events.close()
    if options.json:
        completion = completion_object(conversation.log.session, conversation.answers)
        runtime.stdout.write(f"{json.dumps(completion, ensure_ascii=False)}\n")
    if interruption.signal:
        return interruption.exit_code
    return exit_codes.FAILED if answer.failed else exit_codes.DONE


def print_request(runtime: Runtime, conversation: Conversation, composed: Composed) -> int:
    """Print what would be sent, and what it costs."""
    messages = conversation.messages_before()
    messages.append(Message("user", composed.question.content))
    for message in messages:
        runtime.stdout.write(f"[{message.role}]\n{sanitize(message.content)}\n\n")
    runtime.stderr.write(f"{conversation.engine.count(messages):,} tokens\n")
    return exit_codes.DONE
