"""What can be chosen for a draft: its sections and the prompts that revise. For threads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from drafts import read_draft
from drafts.blocks import split_blocks
from drafts.errors import DraftError
from drafts.scopes import outline
from tui.edit_parts import is_markdown
from tui.errors import explain
from tui.runtime import Runtime

_TAGS = frozenset({"revise", "shorten", "transform"})


@dataclass
class Outlined(Message):
    """The sections of a draft, or why it cannot be read."""

    path: str
    sections: tuple[tuple[str, str], ...] = ()
    """How each is shown, and what means it: its heading with those above it."""
    problem: str = ""


@dataclass
class PromptsFound(Message):
    """The prompts that revise, each with its meaning."""

    prompts: tuple[tuple[str, str], ...]


def outline_of(path: str) -> Outlined:
    """The sections of a draft."""
    try:
        text = read_draft(Path(path).expanduser()).text
    except (DraftError, OSError) as error:
        return Outlined(path, problem=explain(error)[0])
    blocks = outline(split_blocks(text, markdown=is_markdown(path)))
    shown = (
        (f"{'  ' * (len(block.path) - 1)}{block.path[-1]}", " > ".join(block.path))
        for block in blocks
    )
    return Outlined(path, tuple(shown))


def revising_prompts(runtime: Runtime) -> PromptsFound:
    """The prompts of the library that are for revising; those that cannot be used are left out."""
    entries = (each for each in runtime.library().entries() if not each.error)
    return PromptsFound(
        tuple((each.name, each.summary) for each in entries if _TAGS & set(each.tags))
    )
