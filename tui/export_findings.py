"""What each way of exporting a session needs: the form of a file, and what may be private."""

from __future__ import annotations

from pathlib import Path

from sessions import Session
from sessions.export import Format
from sessions.findings import Finding, findings_in
from tui.errors import UsageProblem

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


def format_of(output: Path | None, hint: str) -> str:
    """What is meant by the end of a file's name; without a file a transcript.

    Raises:
        UsageProblem: If it means nothing; the hint says what else does.
    """
    if output is None:
        return "markdown"
    if output.suffix not in _FORMATS_BY_SUFFIX:
        raise UsageProblem(f"{output} ends in no format's name: {hint}")
    return _FORMATS_BY_SUFFIX[output.suffix]


def findings_told(session: Session, leaf: str | None, form: Format) -> list[str]:
    """What may not be meant for others, a line each; of many the first, and how many more."""
    lines = _findings(session, leaf, form)
    more = len(lines) - _MOST_FINDINGS
    return [*lines[:_MOST_FINDINGS], *([f"and {more:,} more"] if more > 0 else [])]


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
