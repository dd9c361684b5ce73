"""``chat sessions export``: a session in another form, on stdout or in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sessions import Session
from sessions.export import FORMATS, Format, printable_json
from tui import exit_codes
from tui.branches import find_branch
from tui.errors import UsageProblem
from tui.export_findings import findings_told, format_of
from tui.narrate import Narrator
from tui.output import write_bytes
from tui.private_file import refuse_taken, write_private
from tui.review import confirm
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.session_views import open_session


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a person wants exported, and to where."""

    session: str | None
    """An id, a title, or the beginning of one; None is the last session."""
    format: str | None
    """None is what the output's name ends in."""
    branch: str | None
    output: Path | None
    """None is stdout."""
    force: bool
    yes: bool
    """Whether what was found in it may be given away."""


def export_session(runtime: Runtime, options: ExportOptions) -> int:
    """Export one session; the exit code."""
    name = options.format or format_of(options.output, "give one with --format")
    options = replace(options, format=name)
    form = FORMATS[name]
    _refuse_what_cannot_be(runtime, options, form)
    session = open_session(runtime, options.session).session
    leaf = _leaf(session, options, form)
    text = form.make(session, leaf)
    narrator = Narrator(runtime.stderr)
    _tell_what_is_lost(narrator, session, leaf)
    found = findings_told(session, leaf, form)
    for line in found:
        narrator.say(line)
    asks = found and runtime.is_interactive and not options.yes
    if asks and not confirm(runtime, "Export it with these?"):
        narrator.say("nothing was written")
        return exit_codes.FAILED
    if options.output is None:
        _print(runtime, text, form)
    else:
        write_private(options.output, text.encode(), force=options.force)
        narrator.say(f"{options.output} is written")
    return exit_codes.DONE


def _refuse_what_cannot_be(runtime: Runtime, options: ExportOptions, form: Format) -> None:
    if options.output is not None:
        refuse_taken(options.output, force=options.force)
    elif options.force:
        raise UsageProblem("--force goes with --output")
    elif runtime.stdout.isatty() and not form.is_readable:
        raise UsageProblem(f"{options.format} needs a file: name one with -o FILE")
    if options.branch is not None and form.scope == "everything":
        raise UsageProblem(f"--branch does not go with {options.format}: it has all branches")


def _leaf(session: Session, options: ExportOptions, form: Format) -> str | None:
    """The end of the branch that is wanted; None leaves that to the form."""
    return None if options.branch is None else find_branch(session, options.branch)[1]


def _tell_what_is_lost(narrator: Narrator, session: Session, leaf: str | None) -> None:
    if session.damaged_lines:
        narrator.say(f"{session.damaged_lines} damaged lines are left out")
    if session.has_gap(leaf):
        narrator.say("turns before the first one are lost")


def _print(runtime: Runtime, text: str, form: Format) -> None:
    """Harmless on a terminal, byte for byte elsewhere."""
    if runtime.stdout.isatty():
        runtime.stdout.write(printable_json(text) if form.is_json else sanitize(text))
        return
    write_bytes(runtime.stdout, text.encode())
