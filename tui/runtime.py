"""What every command is given: places, settings, streams, and how to start an engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias
from weakref import WeakKeyDictionary

from engine.load_options import LoadOptions
from tui.config import Config, ConfigError, ConfigSources, load_config
from tui.narrate import Narrator
from tui.paths import find_paths, project_config, project_prompts
from tui.trace import Trace

if TYPE_CHECKING:
    from drafts.journal import Journal
    from engine.protocol import Engine
    from engine.remote.endpoint import Endpoint
    from prompts.library import Library
    from sessions import SessionStore
    from tui.options import EngineOptions
    from tui.which_model import ModelMeant

EngineStarter: TypeAlias = "Callable[[Path, LoadOptions], Engine]"


class Runtime:
    """Built once by `tui.cli.main` and passed on. What a command does not use is not loaded."""

    def __init__(
        self, environment: Mapping[str, str], starter: EngineStarter, trace: Trace | None = None
    ) -> None:
        """Find the places; nothing is read yet.

        Args:
            environment: The process's.
            starter: Makes engines.
            trace: Of what was done already.
        """
        self.trace = trace or Trace()
        self.environment = environment
        self.paths = find_paths(environment)
        self.stdin: TextIO = sys.stdin
        self.stdout: TextIO = sys.stdout
        self.stderr: TextIO = sys.stderr
        self.asked_for_plain = False
        """Whether the command line says that nothing may be drawn."""
        self.chosen_editing: str | None = None
        """How lines are edited from here on, in place of the value from the configuration."""
        self.profile: str | None = None
        """That the command line names."""
        self.notify: Callable[[str], None] = self._notify
        """Tells a person, before they write, what becomes of it."""
        self._starter = starter
        self._started: WeakKeyDictionary[Engine, object] = WeakKeyDictionary()
        """What each engine was started with."""
        self._is_offline = self._is_dry = False

    def choose(self, options: EngineOptions, *, is_dry: bool) -> None:
        """Take what the command line says of settings, before they are used.

        Args:
            options: The profile, and whether nothing may be sent.
            is_dry: Whether nothing is asked of any model.
        """
        self.profile, self._is_offline = options.profile, options.offline
        self._is_dry = is_dry

    @cached_property
    def config(self) -> Config:
        """The settings; keys that mean nothing are pointed out once.

        Raises:
            ConfigError: If a file cannot be used, or there is no such profile.
        """
        folder = self.working_folder
        project = project_config(folder) if folder else None
        sources = ConfigSources(self.paths.config_file, project, self.profile)
        config = load_config(sources, self.environment)
        for warning in config.warnings:
            self.narrator().say(warning)
        return replace(config, offline=True) if self._is_offline else config

    def read_config_again(self) -> None:
        """Take the settings as they are in the files now.

        Raises:
            ConfigError: As for `config`; what was read before counts on.
        """
        before = self.__dict__.pop("config", None)
        try:
            _ = self.config
        except ConfigError:
            self.__dict__["config"] = before
            raise

    def find_model(self, name: str | None, *, by_name: bool = False) -> ModelMeant:
        """What a name means: see `tui.which_model.find_model`."""
        from tui.which_model import find_model

        return find_model(name, self.config, self.paths.models, by_name=by_name)

    def model_to_load(self, name: str | None, *, by_name: bool = False) -> ModelMeant:
        """What a name means, after a person has seen what changed in its chat template.

        Raises:
            TemplateChanged: If it did, and nobody agreed to it; and as `find_model` does.
        """
        from engine.models import FoundModel
        from tui.model_trust import check_trust
        from tui.which_model import find_model_of_session

        if by_name and name is not None:
            found = find_model_of_session(name, self.config, self.paths)
        else:
            found = self.find_model(name)
        if isinstance(found, FoundModel):
            check_trust(self, found)
        return found

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
            EndpointFailed, Offline: If it is at a server that cannot be, or must not be, asked.
            NoModel, NotHere, UnknownModel: If there is nothing to load.
            TemplateChanged: As for `model_to_load`.
            UsageProblem: If weights at a server should be loaded in some way.
        """
        from engine.models import FoundModel
        from tui.loading import load_options, refuse_loading
        from tui.model_trust import note_checksums

        found = self.model_to_load(model, by_name=by_name)
        if not isinstance(found, FoundModel):
            refuse_loading(chosen, found)
            if not self._is_dry:
                self.notify(found.warning)
            engine = reach_server(found, self.environment, sends=not self._is_dry)
        else:
            options = load_options(self.config, self.paths, chosen)
            engine = self._starter(found.path, replace(options, name=found.name))
            note_checksums(self, found)
        self._started[engine] = self._start_of(found, chosen)
        return engine

    def is_running(self, engine: Engine, model: str, chosen: Mapping[str, Any] = {}) -> bool:
        """Whether an engine is what `start_engine` would give, but for its chat template.

        Raises:
            ConfigError, EngineError: If the name means nothing that could be started.
        """
        return self._started.get(engine) == self._start_of(self.find_model(model), chosen)

    def _start_of(self, found: ModelMeant, chosen: Mapping[str, Any]) -> object:
        """What is the same for two engines that are alike: a file that was replaced is another."""
        from engine.models import FoundModel
        from tui.loading import load_options

        if not isinstance(found, FoundModel):
            return found
        kept = [part.stat() for part in found.parts if part.exists()]
        files = [(each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns) for each in kept]
        options = replace(load_options(self.config, self.paths, chosen), chat_template=None)
        return found.path.resolve(), files, options

    def _notify(self, text: str) -> None:
        self.narrator().notice(text)

    def sessions(self) -> SessionStore:
        """The saved sessions."""
        from sessions import SessionStore

        return SessionStore(self.paths.sessions, index=self.paths.session_index)

    def library(self) -> Library:
        """The prompts of the project, the user and the package, nearest first."""
        from prompts.library import Library, Source, packaged_source

        folder = self.working_folder
        project = project_prompts(folder) if folder else None
        nearest = [Source("project", project)] if project else []
        return Library([*nearest, Source("user", self.paths.prompts), packaged_source()])

    def journal(self) -> Journal:
        """The history of written drafts."""
        from drafts.journal import Journal

        return Journal(self.paths.drafts)

    @property
    def working_folder(self) -> Path | None:
        """None where it was deleted, or cannot be read."""
        try:
            return Path.cwd()
        except OSError:
            return None

    @property
    def editing(self) -> str:
        """How the REPL's line is edited: ``emacs`` or ``vi``."""
        return self.chosen_editing or self.config.editing

    def narrator(self) -> Narrator:
        """Says on stderr what a wait is for."""
        return Narrator(self.stderr, repaints=not self.is_plain)

    @property
    def is_plain(self) -> bool:
        """Whether nothing may be drawn or painted over: for a screen reader, a dumb terminal."""
        is_dumb = self.environment.get("TERM", "dumb") in ("dumb", "")
        return self.asked_for_plain or is_dumb or bool(self.environment.get("ACCESSIBLE"))

    @property
    def is_interactive(self) -> bool:
        """Whether a person reads and can be asked."""
        return self.stdin.isatty() and self.stdout.isatty()

    @property
    def can_draw(self) -> bool:
        """Whether there is a screen that may be painted over. Textual draws on stderr."""
        return self.stderr.isatty() and not self.is_plain

    @property
    def has_colour(self) -> bool:
        """Whether stdout is a terminal that wants colours."""
        is_wanted = not self.is_plain and "NO_COLOR" not in self.environment
        return self.stdout.isatty() and is_wanted


def spawn_worker(path: Path, options: LoadOptions) -> Engine:
    """The engine of the real program: llama.cpp in a worker process."""
    from engine.client import WorkerEngine

    return WorkerEngine(path, options)


def reach_server(endpoint: Endpoint, environment: Mapping[str, str], *, sends: bool) -> Engine:
    """The engine of a model at a server."""
    from engine.remote.client import RemoteEngine

    return RemoteEngine(endpoint, environment, sends=sends)
