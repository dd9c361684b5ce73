"""``chat prompts import``: prompts of other programs become files of the person's own library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from drafts import DraftExists
from prompts.errors import NotImported, PromptError
from prompts.importers import FORMS, Imported, Problem, read_prompts
from prompts.importers.files import read_text
from prompts.library import LONGEST_NAME, NAME, NAMING_RULE, packaged_source
from prompts.reading import parse_prompt
from tui import exit_codes
from tui.errors import UsageProblem
from tui.narrate import Narrator
from tui.private_file import create_private, make_private_folder
from tui.prompt_files import write_schema
from tui.runtime import Runtime
from tui.sanitize import sanitize
from tui.tables import print_json

NOTES_SHOWN = 40

Status: TypeAlias = Literal["written", "would be written", "there already"]


@dataclass(frozen=True, slots=True)
class PromptImportOptions:
    """The command line of an import."""

    path: Path
    name: str | None = None
    """What the one prompt is to be called; None is the name that it has."""
    dry_run: bool = False
    json: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A prompt that came in, or would."""

    name: str
    form: str
    origin: str
    path: str
    status: Status
    notes: tuple[str, ...]


@dataclass(slots=True)
class Report:
    """What came of an import."""

    arrivals: list[Arrival] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    """Their texts, where they are to be shown."""


def import_prompts(runtime: Runtime, options: PromptImportOptions) -> int:
    """Write what can be read as prompt files, and say what cannot be carried over."""
    report = Report()
    for each in _found(options):
        if isinstance(each, Problem):
            report.problems.append(each)
        else:
            _bring_in(runtime, each, report, options)
    if any(each.status == "written" for each in report.arrivals):
        write_schema(runtime.paths.prompts)
    if options.json:
        _print_json(runtime, report, options)
    elif options.dry_run:
        _print_files(runtime, report)
    else:
        _print_arrivals(runtime, report)
    _tell(Narrator(runtime.stderr), report)
    return exit_codes.FAILED if report.problems else exit_codes.DONE


def _found(options: PromptImportOptions) -> Iterator[Imported | Problem]:
    """What is in the file or folder, one at a time.

    Raises:
        UsageProblem: If the name is none, or is to be that of several prompts.
    """
    if options.name is None:
        return read_prompts(options.path)
    if not NAME.fullmatch(options.name) or len(options.name) > LONGEST_NAME:
        raise UsageProblem(f"--as {options.name!r} cannot be a prompt's name: {NAMING_RULE}")
    first = list(islice(read_prompts(options.path, options.name), 2))
    if len(first) > 1:
        raise UsageProblem(f"--as names one prompt, and {options.path.resolve().name} has several")
    return iter(first)


def _bring_in(
    runtime: Runtime, imported: Imported, report: Report, options: PromptImportOptions
) -> None:
    text = imported.toml()
    path = runtime.paths.prompts / f"{imported.name}.toml"
    try:
        parse_prompt(text, name=imported.name, path=Path(path.name))
        if any(imported.name == other.name for other in report.arrivals):
            raise _taken(imported.name)
        status = _place(path, text, dry_run=options.dry_run)
    except PromptError as error:
        report.problems.append(Problem(imported.origin, str(error)))
    except OSError as error:
        report.problems.append(Problem(imported.origin, f"{path.name}: {error.strerror or error}"))
    else:
        if options.dry_run:
            report.files.append(text)
        report.arrivals.append(
            Arrival(
                imported.name, imported.form, imported.origin, str(path), status, imported.notes
            )
        )


def _place(path: Path, text: str, *, dry_run: bool) -> Status:
    """Make the file, unless one just like it is there.

    Raises:
        NotImported: If another one of that name is there.
        OSError: If the system refuses.
    """
    if os.path.lexists(path):
        if _is(path, text):
            return "there already"
        raise _taken(path.stem)
    if dry_run:
        return "would be written"
    make_private_folder(path.parent)
    try:
        create_private(path, text.encode())
    except DraftExists as error:
        raise _taken(path.stem) from error
    return "written"


def _is(path: Path, text: str) -> bool:
    try:
        return read_text(path) == text
    except NotImported:
        return False


def _taken(name: str) -> NotImported:
    return NotImported(
        f"skipped, a prompt called {name!r} already exists: "
        "import it by itself with --as NAME to give it another name"
    )


def _print_arrivals(runtime: Runtime, report: Report) -> None:
    for each in report.arrivals:
        already = ", already exists" if each.status == "there already" else ""
        runtime.stdout.write(f"{each.name}  from {FORMS[each.form]}{already}\n")


def _print_files(runtime: Runtime, report: Report) -> None:
    several = len(report.files) > 1
    for arrival, text in zip(report.arrivals, report.files, strict=True):
        shown = sanitize(text) if runtime.stdout.isatty() else text
        runtime.stdout.write(f"# {arrival.name}.toml\n{shown}\n" if several else shown)


def _print_json(runtime: Runtime, report: Report, options: PromptImportOptions) -> None:
    print_json(
        runtime,
        {
            "dry_run": options.dry_run,
            "prompts": [asdict(each) for each in report.arrivals],
            "problems": [asdict(each) for each in report.problems],
        },
    )


def _tell(narrator: Narrator, report: Report) -> None:
    notes = [f"{each.name}: {note}" for each in report.arrivals for note in each.notes]
    for note in notes[:NOTES_SHOWN]:
        narrator.say(note)
    if len(notes) > NOTES_SHOWN:
        more = len(notes) - NOTES_SHOWN
        narrator.say(f"and {more:,} more; the first lines of each file have its own")
    for arrival in report.arrivals:
        if arrival.status != "there already" and _hides_packaged(arrival.name):
            narrator.say(f"{arrival.name}: it hides the packaged prompt of that name")
    for problem in report.problems:
        narrator.say(str(problem))


def _hides_packaged(name: str) -> bool:
    return (packaged_source().folder / f"{name}.toml").is_file()
