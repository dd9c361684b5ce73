"""``chat config edit``: the configuration in the person's own editor, explained key by key."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tui.config import ConfigError, checked_settings
from tui.config_keys import KEYS, KeyPath
from tui.config_views import toml_value
from tui.errors import UsageProblem
from tui.file_editor import EditedFile, edit_and_save
from tui.private_file import write_private
from tui.runtime import Runtime
from tui.tables import print_line

_BEGINNING = """\
# The settings of chat. Lines that begin with # have no effect: to use a setting, remove the # and
# change the value. A project's .chat/config.toml takes precedence over this file, the environment
# over both, and the command line over everything. `chat config show --origin` shows the result.
#
# A project's file can only set {in_project}.
"""

_END = """\
# A named group of settings: `chat --profile fast` applies them over all others.
# [profiles.fast]
# max_tokens = 200
# sampling.temperature = 0.2
"""


def edit_config(runtime: Runtime) -> None:
    """Change the file in an editor; without a terminal, only make it, and say where it is.

    Raises:
        UsageProblem: If there is no terminal and nothing to make, no editor, or the file was
            changed meanwhile.
    """
    path = runtime.paths.config_file
    is_new = not path.exists()
    if not runtime.is_interactive:
        if not is_new:
            raise UsageProblem(f"there is no terminal for an editor here; the file is {path}")
        _save(runtime, path, default_config())
        return
    text = default_config() if is_new else _read(path)
    edit_and_save(
        runtime,
        EditedFile(
            path=path,
            text=text,
            is_new=is_new,
            is_wanted=is_new,
            problems=partial(_problems, path),
            read=partial(_read, path),
            save=partial(_save, runtime, path),
        ),
    )


def default_config() -> str:
    """The whole file, with every key explained and none in force."""
    tables = (
        f"[{key.path[0]}]" if len(key.path) > 1 else key.name for key in KEYS if key.in_project
    )
    beginning = _BEGINNING.format(in_project=", ".join(dict.fromkeys(tables)))
    return "\n".join([beginning, *_keys(), _END])


def _keys() -> Iterator[str]:
    table: KeyPath = ()
    for key in KEYS:
        if key.path[:-1] != table:
            table = key.path[:-1]
            yield _heading(table)
        variable = f"; {key.variable} wins over it" if key.variable else ""
        yield f"# {key.meaning}{variable}"
        value = key.example if key.default is None else key.default
        name = "NAME" if key.path[-1] == "*" else key.path[-1]
        yield f"# {name} = {toml_value(value)}\n"


def _heading(table: KeyPath) -> str:
    """A table whose names are the person's own is an example too."""
    if "*" in table:
        return f"# [{'.'.join('NAME' if part == '*' else part for part in table)}]"
    return f"[{'.'.join(table)}]"


def _problems(path: Path, text: str) -> list[str]:
    try:
        _, warnings = checked_settings(path, text)
    except ConfigError as error:
        return [str(error)]
    return warnings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except ValueError as error:
        raise UsageProblem(f"{path} is not UTF-8 text") from error


def _save(runtime: Runtime, path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = path.stat().st_mode if path.exists() else 0o600
    # People keep their configuration elsewhere and link to it: the link stays.
    target = path.resolve() if path.is_symlink() else path
    write_private(target, text.encode(), force=True)
    path.chmod(stat.S_IMODE(mode))
    print_line(runtime, str(path))
