"""``chat sessions import``: conversations of other programs become sessions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sessions.adopt import Adopted, adopt
from sessions.errors import SessionError, UnknownForm, reason_of
from sessions.importers import (
    FORMS,
    Problem,
    Source,
    form_of,
    piped_source,
    read_sessions,
    source_of,
)
from sessions.store import SessionStore
from tui import exit_codes
from tui.narrate import Narrator
from tui.runtime import Runtime
from tui.tables import print_json

PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The command line of an import."""

    files: tuple[str, ...]
    """``-`` is standard input."""
    form: str | None = None
    """What all of them are; None finds out."""
    dry_run: bool = False
    json: bool = False


@dataclass(slots=True)
class FileReport:
    """What came of one file."""

    name: str
    form: str | None = None
    adopted: list[Adopted] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_unknown: bool = False
    """Whether it has none of the known forms."""

    @property
    def new(self) -> list[Adopted]:
        """Sessions that the store did not have."""
        return [each for each in self.adopted if each.added and not each.was_there]

    @property
    def grown(self) -> list[Adopted]:
        """Sessions of the store that turns were added to."""
        return [each for each in self.adopted if each.added and each.was_there]

    @property
    def same(self) -> list[Adopted]:
        """Sessions that the store had all of."""
        return [each for each in self.adopted if not each.added]


def import_sessions(runtime: Runtime, options: ImportOptions) -> int:
    """Bring in what can be read of each file, and say what cannot."""
    store = runtime.sessions()
    narrator = Narrator(runtime.stderr)
    reports = []
    for name in options.files:
        report = _import_file(runtime, store, name, options)
        reports.append(report)
        narrator.say(f"{report.name}: {_summary(report, options.dry_run)}")
    _tell_problems(narrator, reports)
    if options.json:
        print_json(
            runtime, {"dry_run": options.dry_run, "files": [_as_json(each) for each in reports]}
        )
    if any(report.is_unknown for report in reports):
        return exit_codes.USAGE
    return exit_codes.FAILED if any(report.problems for report in reports) else exit_codes.DONE


def _import_file(
    runtime: Runtime, store: SessionStore, name: str, options: ImportOptions
) -> FileReport:
    report = FileReport("standard input" if name == "-" else os.path.basename(name) or name)
    try:
        source = _source(runtime, name)
        report.form = options.form or form_of(source)
        _import_source(store, source, report, dry_run=options.dry_run)
    except UnknownForm as error:
        report.is_unknown = True
        report.problems.append(Problem("", str(error)))
    except OSError as error:
        report.problems.append(Problem("", reason_of(error)))
    return report


def _source(runtime: Runtime, name: str) -> Source:
    if name == "-":
        return piped_source("standard input", runtime.stdin.buffer)
    return source_of(Path(name))


def _import_source(
    store: SessionStore, source: Source, report: FileReport, *, dry_run: bool
) -> None:
    for found in read_sessions(source, report.form):
        if isinstance(found, Problem):
            report.problems.append(found)
            continue
        try:
            report.adopted.append(adopt(store, found, dry_run=dry_run))
        except SessionError as error:
            report.problems.append(Problem(f"session {found.id}", str(error)))


def _summary(report: FileReport, dry_run: bool) -> str:
    """What a person reads of one file."""
    if report.is_unknown:
        return f"its format is none of those that can be imported ({', '.join(FORMS)})"
    new, grown, same = report.new, report.grown, report.same
    parts = []
    if new or not (grown or same):
        parts.append(f"{_count(len(new), 'session')}, {_count(_added(new), 'turn')}")
    if grown:
        parts.append(
            f"{_count(_added(grown), 'turn')} more in {_count(len(grown), 'session')} of before"
        )
    if same:
        parts.append(f"{_count(len(same), 'session')} already here")
    if report.problems:
        parts.append(f"{_count(len(report.problems), 'part')} could not be read")
    return ("would import: " if dry_run else "") + "; ".join(parts)


def _tell_problems(narrator: Narrator, reports: Sequence[FileReport]) -> None:
    lines = [
        f"{report.name}: {problem}"
        for report in reports
        if not report.is_unknown
        for problem in report.problems
    ]
    for line in lines[:PROBLEMS_SHOWN]:
        narrator.say(line)
    if len(lines) > PROBLEMS_SHOWN:
        narrator.say(f"and {len(lines) - PROBLEMS_SHOWN:,} more like these; --json lists them all")


def _as_json(report: FileReport) -> dict[str, object]:
    return {
        "file": report.name,
        "form": report.form,
        "sessions": [
            {"session": each.session_id, "added": each.added, "was_there": each.was_there}
            for each in report.adopted
        ],
        "turns": _added(report.adopted),
        "problems": [str(problem) for problem in report.problems],
    }


def _added(adopted: Sequence[Adopted]) -> int:
    return sum(each.added for each in adopted)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" + ("" if number == 1 else "s")
