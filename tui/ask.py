"""``chat PROMPT…``: one answer, streamed to stdout."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

from engine.errors import CannotFit, EngineError, NotHere, NotUsable, UnknownModel
from engine.protocol import Engine
from engine.types import Message
from prompts.fence import explained
from sessions import SessionLog, spoken_turns
from tui import exit_codes
from tui.answer_forms import event_lines, print_blocks, print_line_of_json, stats_lines
from tui.attach import AttachedText
from tui.completion_object import completion_object
from tui.compose import compose, compose_raw
from tui.composed import Composed
from tui.context_use import TokenCounter, sizes
from tui.conversation import Conversation
from tui.damage import damage_in_words
from tui.documents import attached_texts
from tui.errors import SHORTEN, CompactionFailed, TooLong
from tui.interrupts import signals_call
from tui.loading import chosen_load_options
from tui.options import AskOptions, OutputOptions
from tui.pages import text_page
from tui.plain import PlainAnswer
from tui.runtime import Runtime
from tui.sanitize import sanitize, sanitize_line
from tui.surroundings import surroundings
from tui.tables import print_json
from tui.which_session import open_session


def run_ask(runtime: Runtime, options: AskOptions, engine: Engine | None = None) -> int:
    """Ask one question; the exit code.

    Args:
        runtime: Where everything is.
        options: What is asked.
        engine: One that is loading already, and is closed here; None starts the session's own.
    """
    try:
        log = open_session(runtime, options)
        runtime.trace.mark("the session is open")
        if engine is None:
            # Now, so that the weights load while the rest is read and checked.
            engine = start_engine(runtime, options, log)
            runtime.trace.mark("the worker is started")
        code = _ask(runtime, options, Conversation(engine, log))
        if damage := damage_in_words(log.session):
            runtime.narrator().say(damage)
        return code
    finally:
        if engine is not None:
            engine.close()


def _ask(runtime: Runtime, options: AskOptions, conversation: Conversation) -> int:
    attached: Sequence[AttachedText] = ()
    try:
        attached = attached_texts(options.prompt, runtime.stdin)
        return _run(runtime, options, conversation, attached)
    except CannotFit as error:
        raise _explained(error, conversation, options, attached) from error


def _run(
    runtime: Runtime,
    options: AskOptions,
    conversation: Conversation,
    attached: Sequence[AttachedText],
) -> int:
    has_question = bool(options.prompt.words or options.prompt.templates or attached)
    if options.compact and not has_question and options.output.is_streamed:
        return _compact(runtime, conversation, silent=False)
    composed = _compose(runtime, options, conversation, attached)
    runtime.trace.mark("the question is put together")
    conversation.settings = composed.settings
    code = _compact(runtime, conversation, silent=True) if options.compact else exit_codes.DONE
    if code not in (exit_codes.DONE, exit_codes.FAILED):  # a signal: nothing more is wanted
        return code
    instruct(conversation, composed, runtime.config.system)
    if options.dry_run:
        return print_request(runtime, conversation, composed, as_json=options.output.json)
    return _answer(runtime, conversation, composed, options) or code


def _explained(
    error: CannotFit,
    conversation: Conversation,
    options: AskOptions,
    attached: Sequence[AttachedText],
) -> CannotFit:
    """The error with what is too long, part by part, and what can be done about it."""
    path = conversation.log.session.path()
    if isinstance(error, TooLong) or options.raw or not path or path[-1].role != "user":
        return error
    can_compact = not options.compact and len(spoken_turns(path)) > 1
    way = "--compact replaces the older turns with a summary" if can_compact else SHORTEN
    with suppress(EngineError):  # a server may not be able to count
        parts = sizes(conversation.engine, path, attached)
        if len(parts) > 1:
            return TooLong(error, way, ", ".join(f"{one.name} {one.tokens:,}" for one in parts))
    return TooLong(error, way)


def _compose(
    runtime: Runtime,
    options: AskOptions,
    conversation: Conversation,
    attached: Sequence[AttachedText],
) -> Composed:
    if options.raw:
        return compose_raw(options.prompt, options.engine, attached, runtime.config)
    around = surroundings(runtime, conversation.engine, conversation.log)
    return compose(options.prompt, options.engine, attached, around)


def start_engine(runtime: Runtime, options: AskOptions, log: SessionLog) -> Engine:
    """The engine for a session: of the model that was named, else of the one that answered last.

    Raises:
        NoModel, UnknownModel: If there is nothing to load.
        UsageProblem: If an option about loading cannot be used.
    """
    chosen = chosen_load_options(options.engine, save=options.save)
    last = next((turn.model for turn in log.session.back_from() if turn.model is not None), None)
    if options.engine.model is not None or last is None:
        return runtime.start_engine(options.engine.model, chosen)
    try:
        return runtime.start_engine(last, chosen, by_name=True)
    except (UnknownModel, NotHere, NotUsable):
        engine = runtime.start_engine(None, chosen)
        runtime.notify(
            f"{last}, which answered before, was not found by that name (use -m PATH); "
            f"continuing with {engine.model_name}"
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
    answer = PlainAnswer(text_page(runtime), narrator, silent=silent)
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


def _answer(
    runtime: Runtime, conversation: Conversation, composed: Composed, options: AskOptions
) -> int:
    output, narrator = options.output, runtime.narrator()
    answer = PlainAnswer(
        text_page(runtime, output.separator),
        narrator,
        silent=not output.is_streamed,
        alternatives=options.alternatives,
    )
    asked = conversation.ask(composed.question, alternatives=options.alternatives)
    events = runtime.trace.following(asked)
    if output.json_lines:
        events = event_lines(events, runtime.stdout)
    with signals_call(conversation.cancel) as interruption:
        try:
            answer.show(events)
        finally:
            # Whoever reads stdout may have seen enough; what there is of the answer is saved.
            asked.close()
    is_whole = _print_result(runtime, conversation, output)
    if output.stats:
        for line in stats_lines(conversation.answers):
            narrator.say(line)
    if interruption.signal:
        return interruption.exit_code
    return exit_codes.DONE if is_whole and not answer.failed else exit_codes.FAILED


def _print_result(runtime: Runtime, conversation: Conversation, output: OutputOptions) -> bool:
    """Print what can only be printed once the answers are there; whether there was something."""
    session, answers = conversation.log.session, conversation.answers
    if output.json:
        print_line_of_json(runtime.stdout, completion_object(session, answers))
    elif output.json_lines:
        turns = [turn.id for turn in answers]
        print_line_of_json(
            runtime.stdout, {"type": "answers", "session": session.id, "turns": turns}
        )
    elif output.extract:
        return print_blocks(runtime, answers, output.separator)
    return True


def print_request(
    runtime: Runtime, conversation: Conversation, composed: Composed, *, as_json: bool = False
) -> int:
    """Print what would be sent, and what it costs."""
    engine = conversation.engine
    messages = [*conversation.messages_before(), Message("user", composed.question.content)]
    counter = TokenCounter(engine, has_system=messages[0].role == "system")
    costs = [counter.add([message]) for message in messages]
    total, n_ctx = engine.count(messages), engine.describe().n_ctx
    if as_json:
        each = [asdict(one) | {"tokens": cost} for one, cost in zip(messages, costs, strict=True)]
        whole = {"model": engine.model_name, "messages": each, "tokens": total, "n_ctx": n_ctx}
        print_json(runtime, whole)
        return exit_codes.DONE
    for message in messages:
        runtime.stdout.write(f"[{message.role}]\n{sanitize(message.content)}\n\n")
    parts = [f"{one.role} {cost:,}" for one, cost in zip(messages, costs, strict=True)]
    frame = [f"chat template {counter.frame:,}"] if counter.frame else []
    about = "about " if engine.host else ""
    told = f"{about}{total:,} tokens of {n_ctx:,}: {', '.join([*parts, *frame])}"
    unsent = f"; nothing was sent to {engine.host}" if engine.host else ""
    runtime.stderr.write(f"{told}{sanitize_line(unsent)}\n")
    return exit_codes.DONE
