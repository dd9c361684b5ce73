"""``chat --edit FILE``: the model revises, the person decides, and the file is never at risk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from drafts import (
    DecodedText,
    Draft,
    decode_text,
    read_draft,
    refuse_existing,
    refuse_unwritable,
    restore,
    unified_diff,
    write_draft,
    write_new,
)
from engine.protocol import Engine
from sessions import Change, Turn, memory_session
from tui import exit_codes
from tui.ask import instruct, print_request
from tui.attach import AttachedText
from tui.compose import compose
from tui.composed import Composed, Surroundings
from tui.conversation import Conversation
from tui.errors import UsageProblem
from tui.interrupts import signals_call
from tui.loading import chosen_load_options
from tui.narrate import Narrator
from tui.options import EditOptions
from tui.plain import PlainAnswer
from tui.review import confirm, show_diff
from tui.runtime import Runtime
from tui.saver import NotSaved
from tui.surroundings import surroundings

_PROMPT = "proofread"
_PROMPT_WITH_INSTRUCTION = "editor"


@dataclass(frozen=True, slots=True)
class _Revision:
    """What became of a request to revise."""

    code: int
    data: bytes | None = None
    """The revised draft in its own form; None if there is none that could stand for it."""
    conversation: Conversation | None = None
    """In which it was made."""


def run_edit(runtime: Runtime, options: EditOptions) -> int:
    """Revise one draft; the exit code."""
    if options.output is not None:
        refuse_existing(options.output)
    if options.draft == "-":
        return _filter(runtime, options)
    # First of all, so that the weights load while the draft is read and checked.
    engine = _start_engine(runtime, options)
    try:
        draft = read_draft(Path(options.draft))
        if _may_write(runtime, options):
            refuse_unwritable(draft.file)
        revision = _revise(runtime, options, engine, draft)
    finally:
        engine.close()
    if revision.data is not None:
        _deliver(runtime, options, draft, revision)
    return revision.code


def _filter(runtime: Runtime, options: EditOptions) -> int:
    """Revise standard input. Whatever goes wrong, it comes out as it went in: an editor puts what
    its filter printed into the file, and does not care for exit codes."""
    if runtime.stdin.isatty():
        raise UsageProblem("--edit - reads the draft from standard input: pipe it in")
    given = runtime.stdin.buffer.read()
    out = b"" if options.diff or options.output or options.dry_run else given
    try:
        engine = _start_engine(runtime, options)
        try:
            draft = decode_text(given, "standard input")
            revision = _revise(runtime, options, engine, draft)
        finally:
            engine.close()
        if revision.data is not None and options.output is not None:
            write_new(options.output, revision.data)
        elif revision.data is not None:
            out = _diff(draft, revision.data).encode() if options.diff else revision.data
    finally:
        runtime.stdout.flush()
        runtime.stdout.buffer.write(out)
        runtime.stdout.flush()
    return revision.code


def _start_engine(runtime: Runtime, options: EditOptions) -> Engine:
    chosen = chosen_load_options(options.engine, save=options.save)
    return runtime.start_engine(options.engine.model, chosen)


def _may_write(runtime: Runtime, options: EditOptions) -> bool:
    """Whether this may end in a write to the draft itself."""
    elsewhere = options.diff or options.output is not None or options.dry_run
    return not elsewhere and (options.yes or runtime.is_interactive)


def _revise(
    runtime: Runtime, options: EditOptions, engine: Engine, draft: DecodedText
) -> _Revision:
    saved = options.save and not options.dry_run
    title = f"{Path(options.draft).name} ({'+'.join(_prompts(options))})"
    log = runtime.sessions().create(title=title) if saved else memory_session()
    composed = _compose(options, draft, surroundings(runtime, engine, log))
    conversation = Conversation(engine, log, composed.settings)
    instruct(conversation, composed, runtime.config.system)
    if options.dry_run:
        return _Revision(print_request(runtime, conversation, composed))
    answer = PlainAnswer(runtime.stdout, Narrator(runtime.stderr), silent=True)
    events = conversation.ask(replace(composed.question, reference=draft.text))
    with signals_call(conversation.cancel) as interruption:
        answer.show(events)
    turn = log.session.path()[-1]
    revised = _unwrapped(turn.content, composed)
    if problem := _problem(turn, revised):
        Narrator(runtime.stderr).say(f"{problem}; the draft is as it was")
        return _Revision(interruption.exit_code if interruption.signal else exit_codes.FAILED)
    code = exit_codes.FAILED if answer.failed else exit_codes.DONE
    return _Revision(code, restore(draft, revised), conversation)


def _prompts(options: EditOptions) -> tuple[str, ...]:
    default = _PROMPT_WITH_INSTRUCTION if options.prompt.words else _PROMPT
    return options.prompt.templates or (default,)


def _compose(options: EditOptions, draft: DecodedText, around: Surroundings) -> Composed:
    prompt = replace(options.prompt, templates=_prompts(options))
    name = None if options.draft == "-" else Path(options.draft).name
    if not draft.text.strip():
        raise UsageProblem("the draft is empty: there is nothing to revise")
    return compose(prompt, options.engine, [AttachedText(name, draft.text)], around)


def _unwrapped(answer: str, composed: Composed) -> str:
    """The answer without the lines that the draft was put between, should a model repeat them."""
    for fenced in composed.fences:
        answer = fenced.unwrapped(answer)
    return answer


def _problem(turn: Turn, revised: str) -> str | None:
    """Why an answer cannot stand for the draft: only a real end of generation counts."""
    if turn.status != "complete":
        return f"the revision is not complete ({turn.status})"
    if not revised.strip():
        return "the model returned nothing"
    return None


def _deliver(runtime: Runtime, options: EditOptions, draft: Draft, revision: _Revision) -> None:
    """Bring the revision to where the options want it."""
    say = Narrator(runtime.stderr).say
    revised, conversation = revision.data, revision.conversation
    assert revised is not None, "there is something to deliver"
    assert conversation is not None, "it was made in a conversation"
    if options.output is not None:
        write_new(options.output, revised)
        say(f"{options.output} is written")
    elif options.diff:
        show_diff(runtime, _diff(draft, revised))
    elif revised == draft.data:
        say(f"nothing to change in {draft.path}")
    elif options.yes or _agreed(runtime, draft, revised, conversation):
        session = conversation.log.session.id
        write_draft(draft, revised, runtime.journal(), session=session)
        say(f"{draft.path} is written; `chat drafts undo` brings the old text back")
    elif runtime.is_interactive:
        say(f"{draft.path} is as it was")


def _agreed(runtime: Runtime, draft: Draft, revised: bytes, conversation: Conversation) -> bool:
    """Show the change and ask; without a person to ask it is a no.

    The answer is kept in the session: what a person took can become an example of the prompt.
    """
    show_diff(runtime, _diff(draft, revised))
    if not runtime.is_interactive:
        return False
    is_taken = confirm(runtime, f"Write this to {draft.path}?")
    head = conversation.log.session.head
    assert head is not None, "the answer is in the session"
    conversation.marks.review(head, [Change(is_taken)])
    for failure in conversation.failures():
        if isinstance(failure, NotSaved):
            Narrator(runtime.stderr).say(f"your answer is not in the session: {failure.reason}")
    return is_taken


def _diff(draft: DecodedText, revised: bytes) -> str:
    name = str(draft.path) if isinstance(draft, Draft) else "draft"
    return unified_diff(draft.raw_text, revised.decode(), name)
