"""``chat prompts new`` and ``edit``: a person's own editor, and nothing saved broken unasked."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from prompts.check import check_text
from prompts.errors import PromptError
from prompts.files import read_text
from prompts.jsonschema import SCHEMA_COMMENT, SCHEMA_FILE, schema
from prompts.library import NAME, NAMING_RULE, packaged_source
from tui.errors import UsageProblem
from tui.file_editor import EditedFile, edit_and_save
from tui.narrate import Narrator
from tui.private_file import write_private
from tui.prompt_check import library_with
from tui.prompt_views import prompt_file
from tui.runtime import Runtime
from tui.tables import print_line

SKELETON = f'''{SCHEMA_COMMENT}title = ""
summary = ""
tags = []
kind = "chat"  # or "edit", "generate"

system = """
"""

user = """
{{{{ text }}}}
"""

# [variables.words]
# type = "int"
# default = 40
# description = "How long"

# [params]
# temperature = 0.7

# [[examples]]
# input = "A text"
# output = "What should become of it"

# [[tests]]
# input = "Another text"
# expect = {{ max_words = 40 }}
'''


def new_prompt(runtime: Runtime, *, name: str, original: str | None, edit: bool) -> None:
    """Make a prompt in the user's folder, from a skeleton or another prompt's file.

    Raises:
        UsageProblem: If the name cannot be one, or is taken.
        UnknownPrompt: If there is no prompt to copy.
    """
    path = new_file(runtime, name)
    text = SKELETON if original is None else copy_of(runtime, original)
    if edit and runtime.is_interactive:
        _edit_and_save(runtime, path, text, is_new=True, is_wanted=True)
    else:
        _save(runtime, path, text, force=False)
        for problem in problems_of(runtime, path, text):  # of a copy without its files, say
            Narrator(runtime.stderr).say(str(problem))
    if path.exists() and (nearer := prompt_file(runtime, name)) != path:
        Narrator(runtime.stderr).say(f"here {name} is {nearer}, which takes precedence over yours")


def new_file(runtime: Runtime, name: str) -> Path:
    """Where a new prompt of the person's own goes.

    Raises:
        UsageProblem: If the name cannot be one, or is taken.
    """
    if not NAME.fullmatch(name):
        raise UsageProblem(f"{name!r} cannot be a prompt's name: {NAMING_RULE}")
    path = runtime.paths.prompts / f"{name}.toml"
    if path.exists():
        raise UsageProblem(f"{path} already exists: `chat prompts edit {name}` changes it")
    return path


def edit_prompt(runtime: Runtime, *, name: str) -> None:
    """Change a prompt: the person's or the project's own file, or a copy of a packaged one.

    Raises:
        UnknownPrompt: If there is none of that name.
        UsageProblem: If there is no terminal for an editor.
    """
    if not runtime.is_interactive:
        path = prompt_file(runtime, name)
        raise UsageProblem(f"there is no terminal for an editor here; the file is {path}")
    path = prompt_file(runtime, name)
    if path.parent != packaged_source().folder:
        _edit_and_save(runtime, path, read_text(path, path.parent) or "", is_new=False)
        return
    own = runtime.paths.prompts / path.name
    Narrator(runtime.stderr).say(f"{name} comes with the program: this is your own copy of it")
    _edit_and_save(runtime, own, copy_of(runtime, name), is_new=True)


def copy_of(runtime: Runtime, name: str) -> str:
    """The text of a prompt's file, for another one.

    Raises:
        PromptError: If there is none, or it cannot be read.
    """
    path = prompt_file(runtime, name)
    text = read_text(path, path.parent) or ""
    lines = text.splitlines(keepends=True)
    if lines and lines[0].startswith("#:schema"):
        lines = lines[1:]
    return SCHEMA_COMMENT + "".join(lines)


def _edit_and_save(
    runtime: Runtime, path: Path, text: str, *, is_new: bool, is_wanted: bool = False
) -> None:
    """See `edit_and_save`."""
    file = EditedFile(
        path=path,
        text=text,
        is_new=is_new,
        is_wanted=is_wanted,
        problems=lambda edited: [str(problem) for problem in problems_of(runtime, path, edited)],
        read=lambda: read_text(path, path.parent) or "",
        save=lambda edited: _save(runtime, path, edited, force=not is_new),
    )
    edit_and_save(runtime, file)


def problems_of(runtime: Runtime, path: Path, text: str) -> tuple[PromptError, ...]:
    """What is wrong with the text of a file."""
    library = library_with(runtime.library(), path.parent)
    return check_text(text, path.stem, path, library).problems


def _save(runtime: Runtime, path: Path, text: str, *, force: bool) -> None:
    save_prompt(path, text, force=force)
    print_line(runtime, str(path))


def save_prompt(path: Path, text: str, *, force: bool) -> None:
    """Write a prompt's file, whole or not at all.

    Args:
        path: In the person's folder, or the project's.
        text: What it will hold.
        force: Whether it may take the place of what is there.

    Raises:
        UsageProblem: If the file is there and may not be replaced, or is the program's own.
        OSError: If the system refuses.
    """
    if path.resolve().parent == packaged_source().folder.resolve():
        raise UsageProblem(f"{path} comes with the program and cannot be changed")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode if path.exists() else 0o600
    # A link within the folder stays one; there are no others that could be read.
    target = path.resolve() if path.is_symlink() else path
    write_private(target, text.encode(), force=force)
    path.chmod(stat.S_IMODE(mode))  # what a project's people share stays readable to them
    write_schema(path.parent)


def write_schema(folder: Path) -> None:
    """Put the JSON Schema beside prompts, which name it in their first lines."""
    words = json.dumps(schema(), indent=2)
    write_private(folder / SCHEMA_FILE, f"{words}\n".encode(), force=True)
