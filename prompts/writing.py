"""Writes prompts as TOML that people will read and go on with: texts as blocks, comments first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import tomlkit
from tomlkit.items import AoT, Item, String, StringType, Table, Trivia

from prompts.jsonschema import SCHEMA_COMMENT
from prompts.schema import Example, Variable

LONGEST_COMMENT = 200

_ESCAPED = re.compile(r'\\|"""|[\x00-\x08\x0b-\x1f\x7f]')
"""What cannot stand in a text between triple quotation marks as it is."""

_MARGIN = " \t\r\n"
"""Rendering cuts it off, so a file need not have it."""


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """What a file is to say; what is empty is left out of it."""

    title: str = ""
    tags: tuple[str, ...] = ()
    system: str = ""
    """A template, as `user` is."""
    user: str = ""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it would do nothing."""
        return not (self.system.strip() or self.user.strip() or self.params or self.examples)


def prompt_toml(prompt: NewPrompt, comments: Sequence[str] = ()) -> str:
    """The text of a prompt file.

    Args:
        prompt: What it says.
        comments: Lines to stand above it. What would end a comment is taken out of them.
    """
    document = tomlkit.document()
    if prompt.title:
        document.add("title", tomlkit.string(prompt.title))
    if prompt.tags:
        document.add("tags", tomlkit.item(list(prompt.tags)))
    for key, text in (("system", prompt.system), ("user", prompt.user)):
        if text.strip(_MARGIN):
            document.add(tomlkit.nl())
            document.add(key, _block(text))
    if prompt.variables:
        document.add("variables", _variables(prompt.variables))
    if prompt.params:
        document.add("params", _params(prompt.params))
    if prompt.examples:
        document.add("examples", _examples(prompt.examples))
    above = [f"# {comment_text(comment)}" for comment in comments]
    return SCHEMA_COMMENT + "\n".join([*above, "", document.as_string().strip("\n"), ""])


def comment_text(text: str) -> str:
    """A text as it can stand in a comment: one line of bounded length."""
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split())
    return line if len(line) <= LONGEST_COMMENT else f"{line[: LONGEST_COMMENT - 1]}…"


def toml_text(text: str) -> Item:
    """A text without its margin: on the line of its key, or as a block where it has several."""
    text = text.strip(_MARGIN)
    return _block(text) if "\n" in text else tomlkit.string(text)


def _block(text: str) -> String:
    """A text between triple quotation marks, which stand on lines of their own."""
    value = text.strip(_MARGIN) + "\n"
    # tomlkit escapes character by character, which takes a second for a long text.
    written = _ESCAPED.sub(_escape, value)
    return String(StringType.MLB, value, f"\n{written}", Trivia())


def _escape(found: re.Match[str]) -> str:
    if found[0] in ("\\", '"""'):
        return f"{found[0][:-1]}\\{found[0][-1]}"
    return f"\\u{ord(found[0]):04x}"


def _variables(variables: Mapping[str, Variable]) -> Table:
    table = tomlkit.table(is_super_table=True)
    for name, variable in variables.items():
        table.add(name, _variable(variable))
    return table


def _variable(variable: Variable) -> Table:
    table = tomlkit.table()
    if variable.type != "str":
        table.add("type", variable.type)
    for key in ("default", "required", "description", "choices", "min", "max"):
        value = getattr(variable, key)
        if value is not None and (key == "default" or value not in (False, (), "")):
            table.add(key, list(value) if isinstance(value, tuple) else value)
    return table


def _params(params: Mapping[str, object]) -> Table:
    table = tomlkit.table()
    for name, value in params.items():
        table.add(name, toml_text(value) if isinstance(value, str) else tomlkit.item(value))
    return table


def _examples(examples: Sequence[Example]) -> AoT:
    tables = tomlkit.aot()
    for example in examples:
        table = tomlkit.table()
        for key in ("instruction", "input", "output"):
            if text := getattr(example, key):
                table.add(key, toml_text(text))
        tables.append(table)
    return tables
