"""What is done with a model outside of any conversation; each call may take a while, and belongs
into a thread."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from engine.models import FoundModel
from tui.model_files import set_default
from tui.model_info import model_rows
from tui.model_removal import Removal, find_removal
from tui.runtime import Runtime


@dataclass
class Told(Message):
    """What came of it, in lines."""

    lines: tuple[str, ...]
    is_long: bool = False
    """Whether they are a page."""


@dataclass
class AskedFor(Message):
    """A person has to agree to a removal first."""

    removal: Removal


def keep_as_default(runtime: Runtime, name: str) -> Told:
    """Write into the configuration that the model is the default."""
    return Told(tuple(set_default(runtime, name)))


def tell_of(runtime: Runtime, name: str) -> Told:
    """Everything that the files of a model say."""
    found = runtime.find_model(name)
    if not isinstance(found, FoundModel):
        line = f"{found.name} is at {found.host}: `chat models info {found.name}` asks what it is"
        return Told((line,))
    rows = model_rows(runtime, found)
    return Told(tuple(f"{name}: {value}" for name, value in rows), is_long=True)


def begin_removal(runtime: Runtime, name: str) -> Told | AskedFor:
    """Take a model off the list, or have a person agree to it where files would be deleted."""
    removal = find_removal(runtime, name)
    return AskedFor(removal) if removal.question else carry_out(removal)


def carry_out(removal: Removal) -> Told:
    """Take a model off the list."""
    return Told(tuple(removal.carry_out()))
