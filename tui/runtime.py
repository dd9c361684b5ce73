"""What every command is given: places, settings, streams, and how to start an engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from engine.models import resolve_model
from engine.types import LoadOptions
from tui.config import Config, load_config
from tui.narrate import Narrator
from tui.paths import find_paths, project_prompts

if TYPE_CHECKING:
    from drafts.journal import Journal
    from engine.protocol import Engine
    from prompts.library import Library
    from sessions import SessionStore

EngineStarter: TypeAlias = "Callable[[Path, LoadOptions], Engine]"


class Runtime:
    """Built once by `tui.cli.main` and passed on. What a command does not use is not loaded."""

    def __init__(self, environment: Mapping[str, str], starter: EngineStarter) -> None:
        """Find the places; nothing is read yet.

        Args:
            environment: The process's.
            starter: Makes engines.
        """
        self.environment = environment
        self.paths = find_paths(environment)
        self.stdin: TextIO = sys.stdin
        self.stdout: TextIO = sys.stdout
        self.stderr: TextIO = sys.stderr
        self._starter = starter

    @cached_property
    def config(self) -> Config:
        """The settings; keys that mean nothing are pointed out once.

        Raises:
            ConfigError: If the file cannot be used.
        """
        config = load_config(self.paths.config_file, self.environment)
        for warning in config.unknown:
            Narrator(self.stderr).say(warning)
        return config

    def start_engine(
        self, model: str | None, chosen: Mapping[str, Any] = {}, *, by_name: bool = False
    ) -> Engine:
        """An engine that begins to load the model.

        Args:
            model: A name or path; None is the configured one, or the first there is.
            chosen: Fields of `LoadOptions` that win over the configuration.
            by_name: Whether a path is no name, as when it comes out of a session: those may be
                somebody else's.

        Raises:
            NoModel, UnknownModel: If there is nothing to load.
        """
        from tui.loading import load_options

        path = resolve_model(model or self.config.model, self.paths.models, by_name=by_name)
        return self._starter(path, load_options(self.config, self.paths, chosen))

    def sessions(self) -> SessionStore:
        """The saved sessions."""
        from sessions import SessionStore

        return SessionStore(self.paths.sessions, index=self.paths.session_index)

    def library(self) -> Library:
        """The prompts of the project, the user and the package, nearest first."""
        from prompts.library import Library, Source, packaged_source

        try:
            project = project_prompts(Path.cwd())
        except FileNotFoundError:  # the working directory was deleted
            project = None
        nearest = [Source("project", project)] if project else []
        return Library([*nearest, Source("user", self.paths.prompts), packaged_source()])

    def journal(self) -> Journal:
        """The history of written drafts."""
        from drafts.journal import Journal

        return Journal(self.paths.drafts)

    @property
    def is_interactive(self) -> bool:
        """Whether a person reads and can be asked."""
        return self.stdin.isatty() and self.stdout.isatty()

    @property
    def can_draw(self) -> bool:
        """Whether there is a screen that may be painted over. Textual draws on stderr."""
        is_dumb = self.environment.get("TERM", "dumb") in ("dumb", "")
        return self.stderr.isatty() and not is_dumb and not self.environment.get("ACCESSIBLE")

    @property
    def has_colour(self) -> bool:
        """Whether stdout is a terminal that wants colours."""
        dumb = self.environment.get("TERM") == "dumb" or "NO_COLOR" in self.environment
        return self.stdout.isatty() and not dumb


def spawn_worker(path: Path, options: LoadOptions) -> Engine:
    """The engine of the real program: llama.cpp in a worker process."""
    from engine.client import WorkerEngine

    return WorkerEngine(path, options)
