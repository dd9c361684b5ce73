"""Every place on disk that the program uses. Nothing is created until something is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import PlatformDirs

_PROJECT_PROMPTS = Path(".chat") / "prompts"


@dataclass(frozen=True, slots=True)
class Paths:
    """The three folders, and what lies where in them."""

    config: Path
    """What people write: the configuration and their prompts."""
    data: Path
    """What must not be lost: sessions, drafts' history, models."""
    cache: Path
    """What saves time, and can be deleted."""

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
    """The platform's folders, or all under ``CHAT_HOME``."""
    home = environment.get("CHAT_HOME")
    if home:
        root = Path(os.path.expanduser(home)).absolute()
        return Paths(root / "config", root / "data", root / "cache")
    places = PlatformDirs("draftsmith", appauthor=False)
    return Paths(places.user_config_path, places.user_data_path, places.user_cache_path)


def project_prompts(start: Path) -> Path | None:
    """The prompt library of the project around a folder: the nearest ``.chat/prompts`` upwards.

    The search ends at the root of a repository and at the home folder, and passes over what
    belongs to somebody else: anybody can make a folder in ``/tmp``.
    """
    for folder in (start, *start.parents):
        library = folder / _PROJECT_PROMPTS
        if library.is_dir() and library.stat().st_uid == os.geteuid():
            return library
        if (folder / ".git").exists() or folder == Path.home():
            return None
    return None
