"""Prompts as plain TOML files: what they may say, and where they are found."""

from prompts.errors import (
    ExtendsCycle,
    InvalidPrompt,
    InvalidVariable,
    MissingVariables,
    PromptError,
    RenderFailed,
    UnknownPrompt,
    UnreadablePrompt,
)
from prompts.expectations import EXPECTATION_KEYS, KEPT, Expectations, Kept, PromptTest
from prompts.inherit import Prompt, stacked
from prompts.library import Entry, Library, Source, packaged_source
from prompts.schema import BUILTINS, Dialogue, Example, Template, Value, Variable

__all__ = [
    "BUILTINS",
    "EXPECTATION_KEYS",
    "KEPT",
    "Dialogue",
    "Entry",
    "Example",
    "Expectations",
    "ExtendsCycle",
    "InvalidPrompt",
    "InvalidVariable",
    "Kept",
    "Library",
    "MissingVariables",
    "Prompt",
    "PromptError",
    "PromptTest",
    "RenderFailed",
    "Source",
    "Template",
    "UnknownPrompt",
    "UnreadablePrompt",
    "Value",
    "Variable",
    "packaged_source",
    "stacked",
]
