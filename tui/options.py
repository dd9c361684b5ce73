"""What a command line asks for, as plain values: parsed by `tui.cli`, acted on elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

DiffForm: TypeAlias = Literal["unified", "words", "critic", "json"]


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Which words are sent, and with which prompt around them."""

    words: str | None = None
    """The prompt, or the instruction of an edit."""
    system: str | None = None
    """A text, or the name of a prompt whose system text it is."""
    templates: tuple[str, ...] = ()
    """The names of prompts of the library, one over another."""
    variables: tuple[tuple[str, str], ...] = ()
    files: tuple[Path, ...] = ()
    """Texts to attach; a folder is all its files like `glob`, and ``-`` standard input."""
    glob: str | None = None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which model answers, and how."""

    model: str | None = None
    offline: bool = False
    """Whether nothing may be sent to a server."""
    profile: str | None = None
    """Settings that the configuration has under this name."""
    sampling: tuple[tuple[str, str], ...] = ()
    """Names and values as they were typed."""
    load: tuple[tuple[str, str], ...] = ()
    """The same, of `tui.config_keys.LOAD_NAMES`."""
    chat_template: Path | None = None
    max_tokens: int | None = None
    seed: int | None = None
    grammar: Path | None = None
    schema: Path | None = None
    banned: tuple[str, ...] = ()
    logprobs: int | None = None
    """How many other tokens to score beside each one of the answer."""
    think: bool | None = None


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """In which form answers are printed, and what is told of them."""

    json: bool = False
    """An OpenAI chat.completion object."""
    json_lines: bool = False
    """Each event as it comes."""
    extract: bool = False
    """Only the first fenced block of each answer."""
    separator: str | None = None
    """What stands between answers, as it was typed."""
    stats: bool = False
    timings: bool = False

    @property
    def is_streamed(self) -> bool:
        """Whether the answer's own text goes to stdout while it is made."""
        return not (self.json or self.json_lines or self.extract)


@dataclass(frozen=True, slots=True)
class AskOptions:
    """``chat PROMPT…`` and ``chat --repl``."""

    prompt: PromptOptions = field(default_factory=PromptOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    go_on: bool = False
    """Continue the last conversation."""
    session: str | None = None
    """Continue the one with this id, beginning of an id, or title."""
    repl: bool = False
    output: OutputOptions = OutputOptions()
    save: bool = True
    dry_run: bool = False
    alternatives: int = 1
    raw: bool = False
    """Go on with a plain text, without a chat template."""
    plain: bool = False
    """Whether nothing may be drawn or painted over."""
    compact: bool = False
    """Put a summary in place of the session's older turns first."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of a draft is meant; all of it, where nothing is said."""

    section: str | None = None
    """A heading."""
    lines: tuple[int, int] | None = None
    """The first and the last, counted from 1."""
    match: str | None = None
    """A regular expression that paragraphs match."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Scope()


@dataclass(frozen=True, slots=True)
class EditOptions:
    """``chat --edit FILE…``."""

    drafts: tuple[str, ...]
    """Paths, or a single ``-`` for standard input."""
    glob: str | None = None
    """Which files of a folder."""
    scope: Scope = field(default_factory=Scope)
    plain: bool = False
    """Whether nothing may be drawn."""
    locks: tuple[str, ...] = ()
    """What must come back as it is, beside links and the like: quotations, numbers, names."""
    watch: bool = False
    """Whether to carry out the instructions in the drafts whenever they are saved."""
    alternatives: int = 1
    """Versions of each piece that the model writes."""
    prompt: PromptOptions = field(default_factory=PromptOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    yes: bool = False
    diff: DiffForm | None = None
    fold: bool = False
    """Whether a diff is without changes of blanks and quotation marks."""
    output: Path | None = None
    save: bool = True
    dry_run: bool = False
