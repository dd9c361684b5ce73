"""``chat sessions export``: a session in another form, on stdout or in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sessions import Session
from sessions.export import FORMATS, Format, printable_json
from sessions.findings import Finding, findings_in
from tui import exit_codes
from tui.branches import find_branch
from tui.errors import UsageProblem
from tui.narrate import Narrator
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


_FORMATS_BY_SUFFIX = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".md": "markdown",
    ".html": "html",
    ".txt": "text",
}

_MOST_FINDINGS = 20
"""So many are told one by one."""

_LOOKS_LIKE = {"home folder": "a path in a home folder", "key": "what looks like a key"}

_NAMES = {"system": "system text", "user": "question", "assistant": "answer"}


def export_session(runtime: Runtime, options: ExportOptions) -> int:
    """Export one session; the exit code."""
    name = options.format or _format_of(options.output)
    options = replace(options, format=name)
    form = FORMATS[name]
    _refuse_what_cannot_be(runtime, options, form)
    session = open_session(runtime, options.session).session
    leaf = _leaf(session, options, form)
    text = form.make(session, leaf)
    narrator = Narrator(runtime.stderr)
    _tell_what_is_lost(narrator, session, leaf)
    found = _findings(session, leaf, form)
    _tell_findings(narrator, found)
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


def _format_of(output: Path | None) -> str:
    """What is meant by the end of a file's name; on stdout a transcript."""
    if output is None:
        return "markdown"
    if output.suffix not in _FORMATS_BY_SUFFIX:
        raise UsageProblem(f"{output} ends in no format's name: give one with --format")
    return _FORMATS_BY_SUFFIX[output.suffix]


def _refuse_what_cannot_be(runtime: Runtime, options: ExportOptions, form: Format) -> None:
    if options.output is not None:
        refuse_taken(options.output, force=options.force)
    elif options.force:
        raise UsageProblem("--force goes with --output")
    elif runtime.stdout.isatty() and not form.is_readable:
        raise UsageProblem(f"{options.format} is for a file: name one with -o FILE")
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


def _findings(session: Session, leaf: str | None, form: Format) -> list[str]:
    """What may not be meant for others, a line each."""
    turns = form.turns(session, leaf)
    places = {
        turn.id: f"turn {number}, {_NAMES[turn.role]}" for number, turn in enumerate(turns, start=1)
    }
    found = findings_in(
        turns,
        session.ratings if form.has_asides else {},
        session.reviews if form.has_asides else {},
        with_asides=form.has_asides,
    )
    return [_line(places[each.turn], each) for each in found]


def _line(place: str, finding: Finding) -> str:
    return f"{place}: {_LOOKS_LIKE[finding.kind]}: {finding.excerpt}"


def _tell_findings(narrator: Narrator, lines: list[str]) -> None:
    for line in lines[:_MOST_FINDINGS]:
        narrator.say(line)
    if len(lines) > _MOST_FINDINGS:
        narrator.say(f"and {len(lines) - _MOST_FINDINGS:,} more")


def _print(runtime: Runtime, text: str, form: Format) -> None:
    """Harmless on a terminal, byte for byte elsewhere."""
    if runtime.stdout.isatty():
        runtime.stdout.write(printable_json(text) if form.is_json else sanitize(text))
        return
    runtime.stdout.flush()
    runtime.stdout.buffer.write(text.encode())
    runtime.stdout.flush()
