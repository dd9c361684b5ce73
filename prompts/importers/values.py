"""What comes out of an import: prompts, and what could not become one."""

from __future__ import annotations

from dataclasses import dataclass

from prompts.writing import NewPrompt, prompt_toml

FORMS = {
    "fabric": "a Fabric pattern",
    "llm": "an llm template",
    "aichat": "an aichat role",
    "chatgpt": "ChatGPT's custom instructions",
    "text": "a plain text",
}
"""The forms that can be read, and what people call them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A prompt that was read from a file of another program."""

    name: str
    """As it will be called here."""
    form: str
    """One of `FORMS`."""
    origin: str
    """The name of its file or folder, never the whole path."""
    prompt: NewPrompt
    notes: tuple[str, ...] = ()
    """What of it could not be carried over, and what must be known of the rest."""

    def toml(self) -> str:
        """The text of its file."""
        came_from = f"Imported from {FORMS[self.form]}: {self.origin}"
        return prompt_toml(self.prompt, [came_from, *self.notes])


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that did not become a prompt."""

    place: str
    """The name of its file or folder."""
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"
