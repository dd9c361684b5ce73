"""Changes one key of the configuration file, and nothing else in it."""

from __future__ import annotations

import os
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from tui.config import ConfigError
from tui.private_file import make_private_folder, write_private


def set_in_config(file: Path, key: str, value: str) -> None:
    """Give a key outside of any table a value; comments and order stay as they are.

    Args:
        file: The configuration; it is made if need be. Of a link, what it leads to changes.
        key: Its name.
        value: A text.

    Raises:
        ConfigError: If the file is not TOML.
        OSError: If it cannot be read or written.
    """
    try:
        document = tomlkit.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        document = tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}; mend it first") from error
    document[key] = value
    real = Path(os.path.realpath(file))
    make_private_folder(real.parent)
    write_private(real, tomlkit.dumps(document).encode(), force=True)
