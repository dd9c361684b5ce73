"""Every place on disk that the program uses. Nothing is created until something is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

from tui.config import ConfigError

_PROJECT = ".chat"


@dataclass(frozen=True, slots=True)
class Paths:
    """The three folders, and what lies where in them."""

    config: Path
    """What people write: the configuration and their prompts."""
    data: Path
    """What must not be lost: sessions, drafts' history, models."""
    cache: Path
    """What saves time, and can be deleted."""
    runtime: Path
    """Sockets of models that stay in memory."""

    @property
    def config_file(self) -> Path:
        """The configuration, in TOML."""
        return self.config / "config.toml"

    @property
    def prompts(self) -> Path:
        """The user's own prompt library."""
        return self.config / "prompts"

    @property
    def sessions(self) -> Path:
        """One file per session."""
        return self.data / "sessions"

    @property
    def drafts(self) -> Path:
        """The journal that undo reads, and the old bytes."""
        return self.data / "drafts"

    @property
    def unfinished(self) -> Path:
        """Notes of revisions that were stopped."""
        return self.data / "drafts" / "unfinished"

    @property
    def models(self) -> Path:
        """GGUF files."""
        return self.data / "models"

    @property
    def trust(self) -> Path:
        """What models were like when they were first used."""
        return self.data / "trust"

    @property
    def model_summaries(self) -> Path:
        """What the headers of models say."""
        return self.cache / "models.json"

    @property
    def gpu_layers(self) -> Path:
        """How many layers of which model fit the graphics card."""
        return self.cache / "gpu-layers.json"

    @property
    def snapshots(self) -> Path:
        """What models have read already."""
        return self.cache / "snapshots"

    @property
    def session_index(self) -> Path:
        """What lists and searches know of sessions."""
        return self.cache / "sessions.sqlite"

    @property
    def unsent(self) -> Path:
        """Words that were typed in the app and not sent, a file for each session."""
        return self.data / "unsent"

    @property
    def faults(self) -> Path:
        """What is known of defects of the program that it survived."""
        return self.cache / "faults.log"

    @property
    def repl_history(self) -> Path:
        """Lines typed in the REPL."""
        return self.data / "repl-history"


def find_paths(environment: Mapping[str, str]) -> Paths:
    """The platform's folders, or all under ``CHAT_HOME``.

    Raises:
        ConfigError: If neither is known, as where a service has no home folder.
    """
    home = environment.get("CHAT_HOME")
    if home:
        root = Path(os.path.expanduser(home)).absolute()
        return Paths(root / "config", root / "data", root / "cache", root / "run")
    places = PlatformDirs("draftsmith", appauthor=False)
    with suppress(RuntimeError):  # of later versions; earlier ones leave a ~ at the beginning
        paths = Paths(
            places.user_config_path,
            places.user_data_path,
            places.user_cache_path,
            _runtime(environment),
        )
        if paths.data.is_absolute():
            return paths
    raise ConfigError("there is no home folder: set HOME, or CHAT_HOME=/path/to/folder")


def _runtime(environment: Mapping[str, str]) -> Path:
    """The session's own folder for sockets, or one of this person's where there is no session."""
    session = environment.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(session):
        return Path(session) / "draftsmith"
    return Path(environment.get("TMPDIR") or "/tmp") / f"draftsmith-{os.geteuid()}"


def project_prompts(start: Path) -> Path | None:
    """The prompt library of the project around a folder."""
    return _in_project(start, "prompts", stat.S_ISDIR)


def project_config(start: Path) -> Path | None:
    """The configuration of the project around a folder."""
    return _in_project(start, "config.toml", stat.S_ISREG)


def shown_path(path: Path) -> str:
    """A path as people write it: what is below the home folder begins with ``~``."""
    home = Path(os.path.expanduser("~"))
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _in_project(start: Path, name: str, is_kind: Callable[[int], bool]) -> Path | None:
    """The nearest ``.chat/NAME`` upwards.

    The search ends at the root of a repository and at the home folder, and passes over what
    belongs to somebody else: anybody can make a folder in ``/tmp``.
    """
    home = os.path.expanduser("~")
    for folder in (start, *start.parents):
        found = folder / _PROJECT / name
        with suppress(OSError):
            status = found.stat()
            if is_kind(status.st_mode) and status.st_uid == os.geteuid():
                return found
        if os.path.lexists(folder / ".git") or str(folder) == home:
            return None
    return None
