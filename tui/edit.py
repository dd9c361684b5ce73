"""``chat --edit FILE``: the model revises, the person decides, and the file is never at risk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drafts import (
    DecodedText,
    Draft,
    decode_text,
    read_draft,
    refuse_unwritable,
    restore,
    unified_diff,
    write_draft,
    write_new,
)
from engine.protocol import Engine
from sessions import Turn, memory_session
from tui import exit_codes
from tui.ask import instruct, print_request
from tui.compose import Attachment, Composed, compose
from tui.conversation import Conversation
from tui.errors import UsageProblem
from tui.interrupts import signals_call
from tui.narrate import Narrator
from tui.options import EditOptions
from tui.plain import PlainAnswer
from tui.review import confirm, show_diff
from tui.runtime import Runtime

_PROMPT = "proofread"
_PROMPT_WITH_INSTRUCTION = "editor"


def run_edit(runtime: Runtime, options: EditOptions) -> int:
    """Revise one draft; the exit code."""
    # First of all, so that the weights load while the draft is read and checked.
    engine = runtime.start_engine(options.engine.model)
    try:
        if options.draft == "-":
            return _filter(runtime, options, engine)
        return _revise(runtime, options, engine, read_draft(Path(options.draft)))
    finally:
        engine.close()


def _filter(runtime: Runtime, options: EditOptions, engine: Engine) -> int:
    """Revise standard input. Whatever goes wrong, it comes out as it went in: an editor puts what
    its filter printed into the file, and does not care for exit codes."""
    if runtime.stdin.isatty():
        raise UsageProblem("--edit - reads the draft from standard input: pipe it in")
    data = runtime.stdin.buffer.read()
    code = None
    try:
        code = _revise(runtime, options, engine, decode_text(data, "standard input"))
    finally:
        if code != exit_codes.DONE:
            _write_bytes(runtime, data)
    return code


def _revise(runtime: Runtime, options: EditOptions, engine: Engine, draft: DecodedText) -> int:
    composed = _compose(runtime, options, draft)
    if isinstance(draft, Draft) and (options.yes or runtime.is_interactive):
        refuse_unwritable(draft.file)
    conversation = Conversation(
        engine,
        runtime.sessions().create() if options.save else memory_session(),
        composed.settings,
    )
    instruct(conversation, composed, runtime.config.system)
    if options.dry_run:
        return print_request(runtime, conversation, composed)
    answer = PlainAnswer(runtime.stdout, Narrator(runtime.stderr), silent=True)
    with signals_call(conversation.cancel) as interruption:
        answer.show(conversation.ask(composed.question))
    session = conversation.log.session
    turn = session.path()[-1]
    if problem := _problem(turn):
        Narrator(runtime.stderr).say(f"{problem}; the draft is as it was")
        return interruption.exit_code if interruption.signal else exit_codes.FAILED
    _deliver(runtime, options, draft, restore(draft, turn.content), session.id)
    return exit_codes.FAILED if answer.failed else exit_codes.DONE


def undo_last_write(runtime: Runtime, file: Path | None) -> None:
    """Bring back what a file held before the last write to it, or to any."""
    entry = runtime.journal().undo(file)
    Narrator(runtime.stderr).say(f"{entry.path} is as it was before")


def _compose(runtime: Runtime, options: EditOptions, draft: DecodedText) -> Composed:
    default = _PROMPT_WITH_INSTRUCTION if options.prompt.words else _PROMPT
    prompt = replace(options.prompt, template=options.prompt.template or default)
    name = None if options.draft == "-" else Path(options.draft).name
    if not draft.text.strip():
        raise UsageProblem("the draft is empty: there is nothing to revise")
    return compose(
        prompt, options.engine, [Attachment(name, draft.text)], runtime.library, runtime.config
    )


def _problem(turn: Turn) -> str | None:
    """Why an answer cannot stand for the draft: only a real end of generation counts."""
    if turn.status != "complete":
        return f"the revision is not complete ({turn.status})"
    if not turn.content.strip():
        return "the model returned nothing"
    return None


def _deliver(
    runtime: Runtime, options: EditOptions, draft: DecodedText, revised: bytes, session: str
) -> None:
    """Bring the revision to where the options want it."""
    say = Narrator(runtime.stderr).say
    if options.output is not None:
        write_new(options.output, revised)
        say(f"{options.output} is written")
    elif options.diff:
        show_diff(runtime, _diff(draft, revised))
    elif not isinstance(draft, Draft):
        _write_bytes(runtime, revised)
    elif revised == draft.data:
        say(f"nothing to change in {draft.path}")
    elif options.yes or _agreed(runtime, draft, revised):
        write_draft(draft, revised, runtime.journal(), session=session)
        say(f"{draft.path} is written; `chat drafts undo` brings the old text back")


def _agreed(runtime: Runtime, draft: Draft, revised: bytes) -> bool:
    """Show the change and ask; without a person to ask it is a no."""
    show_diff(runtime, _diff(draft, revised))
    return runtime.is_interactive and confirm(runtime, f"Write this to {draft.path}?")


def _diff(draft: DecodedText, revised: bytes) -> str:
    name = str(draft.path) if isinstance(draft, Draft) else "draft"
    return unified_diff(draft.raw_text, revised.decode(), name)


def _write_bytes(runtime: Runtime, data: bytes) -> None:
    runtime.stdout.buffer.write(data)
    runtime.stdout.flush()
