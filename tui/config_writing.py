"""Changes one key of the configuration file, and nothing else in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui.config import ConfigError, parse_toml
from tui.config_keys import KeyPath
from tui.private_file import make_private_folder, write_private


def set_in_config(file: Path, path: KeyPath, value: object) -> None:
    """Give a key a value; comments and order stay as they are.

    Args:
        file: The configuration; it is made if need be. Of a link, what it leads to changes.
        path: The names of the tables around the key, and its own.
        value: As TOML has it; None takes the key out.

    Raises:
        ConfigError: If the file is not TOML, or the value no text.
        OSError: If it cannot be read or written.
    """
    document = _document(file)
    table: Any = document
    for name in path[:-1]:
        table = table.setdefault(name, tomlkit.table())
    if value is None:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = value
    try:
        data = tomlkit.dumps(document).encode()
    except UnicodeEncodeError as error:  # the name of a file, say
        raise ConfigError(f"{value!r} is not UTF-8: give it another name") from error
    real = Path(os.path.realpath(file))
    make_private_folder(real.parent)
    write_private(real, data, force=True)


def _document(file: Path) -> tomlkit.TOMLDocument:
    """What the file says, with its comments; nothing where there is none."""
    try:
        text = file.read_text(encoding="utf-8")
        # This says what is wrong in better words than the parser that keeps comments.
        parse_toml(file, text)
        return tomlkit.parse(text)
    except FileNotFoundError:
        return tomlkit.document()
    except ConfigError as error:
        raise ConfigError(f"{error}; fix it first") from error
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}; fix it first") from error
