"""``chat --edit FILE…``: the model revises, the person decides, and the files are never at risk."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from drafts import (
    Consent,
    decode_text,
    read_draft,
    refuse_existing,
    write_new,
)
from drafts.errors import DraftError
from drafts.hunks import Hunk
from drafts.splice import spliced
from engine.protocol import Engine
from tui import exit_codes
from tui.ask import print_request
from tui.draft_consent import consent_to_write
from tui.edit_output import changes_text, say_summary, show_changes
from tui.edit_watch import watch
from tui.edit_work import Work, draft_paths, prepare
from tui.edit_write import DraftWriter, Target
from tui.errors import UsageProblem
from tui.interrupts import signals_call, signals_leave
from tui.loading import chosen_load_options
from tui.narrate import Narrator
from tui.options import EditOptions
from tui.reviewing.batch import revise_all
from tui.reviewing.lines import SMALL
from tui.reviewing.state import Review
from tui.reviewing.terminal import review_on_terminal
from tui.runtime import Runtime
from tui.tables import print_bytes


def run_edit(runtime: Runtime, options: EditOptions) -> int:
    """Revise drafts; the exit code."""
    if options.output is not None:
        refuse_existing(options.output)
    if "-" in options.drafts:
        # Also before there is anything to stop: who is killed hands nothing back.
        with signals_leave() as interruption:
            try:
                return _filter(runtime, options)
            except KeyboardInterrupt:
                return interruption.exit_code
    # First of all, so that the weights load while the drafts are read and checked.
    engine = _start_engine(runtime, options)
    try:
        if options.watch:
            return watch(runtime, options, engine, draft_paths(options))
        drafts = [read_draft(path) for path in draft_paths(options)]
        if options.output is not None and len(drafts) > 1:
            raise UsageProblem("--output works with a single file")
        may_write = _may_write(runtime, options)
        targets = [
            Target(draft, consent_to_write(runtime, draft.file) if may_write else Consent())
            for draft in drafts
        ]
        named = [(str(draft.path), draft) for draft in drafts]
        work = prepare(runtime, options, engine, named)
        if options.dry_run:
            return print_request(runtime, work.conversation, work.sample)
        return _carry_out(runtime, options, work, targets)
    finally:
        engine.close()


def _start_engine(runtime: Runtime, options: EditOptions) -> Engine:
    chosen = chosen_load_options(options.engine, save=options.save)
    return runtime.start_engine(options.engine.model, chosen)


def _may_write(runtime: Runtime, options: EditOptions) -> bool:
    """Whether this may end in a write to the drafts themselves."""
    elsewhere = options.diff or options.output is not None or options.dry_run
    return not elsewhere and (options.yes or runtime.is_interactive)


def _carry_out(
    runtime: Runtime, options: EditOptions, work: Work, targets: Sequence[Target]
) -> int:
    """Revise, have the person decide where there is one to ask, and bring what was taken home."""
    started = monotonic()
    work.begin()
    asks = _may_write(runtime, options) and not options.yes
    if asks:
        review, code = review_on_terminal(runtime, work)
    else:
        review, code = revise_all(runtime, work)
    if review is None:
        left = "the draft is unchanged" if len(targets) == 1 else "the drafts are unchanged"
        Narrator(runtime.stderr).say(f"{left}{_kept(work)}")
        return code
    # What was decided is brought to its end: a signal that comes now ends the program after that.
    with signals_call(lambda: None) as interruption:
        if asks:
            work.record(review)
        try:
            if not _deliver_all(runtime, options, targets, work, review):
                code = exit_codes.REFUSED
        except DraftError:
            if kept := _kept(work):
                Narrator(runtime.stderr).say(kept.removeprefix("; "))
            raise
        if _may_write(runtime, options) or not work.decisions:
            work.end(review)  # looked at alone, what a person had decided is still to be done
        say_summary(runtime, work, review, seconds=monotonic() - started)
    return interruption.exit_code if interruption.signal else code


def _kept(work: Work) -> str:
    """What is kept of what was decided, as the end of a line."""
    if work.decisions.problem:
        return f"; your decisions could not be saved: {work.decisions.problem}"
    if work.decisions:
        return "; your decisions are kept: the same command resumes it"
    return ""


def _deliver_all(
    runtime: Runtime, options: EditOptions, targets: Sequence[Target], work: Work, review: Review
) -> bool:
    """Bring what was taken of every draft home; whether all of it went there."""
    is_whole = True
    for number, target in enumerate(targets):
        if not review.of_file(number):
            path, is_left = target.draft.path, number in review.left
            left = f"a part of {path} is left as it is, and nothing else is to be changed in it"
            Narrator(runtime.stderr).say(left if is_left else f"nothing to change in {path}")
        elif not _deliver(runtime, options, target, work.accepted(review, number), work):
            is_whole = False
    return is_whole


def _deliver(
    runtime: Runtime, options: EditOptions, target: Target, accepted: Sequence[Hunk], work: Work
) -> bool:
    """Bring what was taken to where the options want it; whether all of it went there."""
    draft = target.draft
    if _may_write(runtime, options):
        say = Narrator(runtime.stderr).say
        return DraftWriter(runtime, session=work.session, say=say).write(target, accepted)
    if options.output is not None:
        write_new(options.output, spliced(draft, accepted))
        Narrator(runtime.stderr).say(f"{options.output} is written")
    else:
        shown = _unfolded(runtime, options, accepted)
        show_changes(runtime, draft, str(draft.path), shown, options.diff or "unified")
    return True


def _unfolded(runtime: Runtime, options: EditOptions, accepted: Sequence[Hunk]) -> Sequence[Hunk]:
    """The changes that a diff shows; of the others it is said how many there are."""
    shown = [hunk for hunk in accepted if not (options.fold and hunk.foldable)]
    if folded := len(accepted) - len(shown):
        Narrator(runtime.stderr).say(f"left out: {folded:,} {SMALL}")
    return shown


def _filter(runtime: Runtime, options: EditOptions) -> int:
    """Revise standard input. Whatever goes wrong, it comes out as it went in: an editor puts what
    its filter printed into the file, and does not care for exit codes."""
    if len(options.drafts) > 1:
        raise UsageProblem("--edit - cannot be combined with other files")
    if runtime.stdin.isatty():
        raise UsageProblem("--edit - reads the draft from standard input: pipe it in")
    if options.watch:
        raise UsageProblem("--watch needs a file, not standard input")
    given = runtime.stdin.buffer.read()
    out = b"" if options.diff or options.output or options.dry_run else given
    try:
        engine = _start_engine(runtime, options)
        try:
            draft = decode_text(given, "standard input")
            work = prepare(runtime, options, engine, [("-", draft)])
            if options.dry_run:
                return print_request(runtime, work.conversation, work.sample)
            review, code = revise_all(runtime, work)
        finally:
            engine.close()
        if review is not None:
            accepted = work.accepted(review, 0)
            if options.output is not None:
                write_new(options.output, spliced(draft, accepted))
            elif options.diff:
                shown = _unfolded(runtime, options, accepted)
                out = changes_text(draft, "draft", shown, options.diff).encode()
            else:
                out = spliced(draft, accepted)
    finally:
        print_bytes(runtime, out)
    return code
