"""Adds examples to the text of a prompt file, and leaves every other byte of it as it is."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Item, Table

from prompts.schema import AnyExample, Dialogue
from prompts.writing import toml_text

KEY = "examples"

_MARGIN = " \t\r\n"
"""Rendering cuts it off, so a file need not have it."""


def with_examples(text: str, examples: Sequence[AnyExample]) -> str:
    """The text of a prompt file with more examples, after those that are there.

    Comments, order and layout stay: all that changes is that something is put in at one place.

    Args:
        text: TOML, or nothing.
        examples: What to add.

    Raises:
        ValueError: If it is not TOML, or its examples are not written as tables.
    """
    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ValueError(f"not TOML: {error}") from error
    if not isinstance(document.get(KEY), AoT | None):
        raise ValueError("its examples are a list in one piece: write them as [[examples]] first")
    before = _before_new_tables(text, document)
    added = "\n".join(map(_table, examples))
    if before:
        added = f"\n{added}" if before.endswith("\n") else f"\n\n{added}"
    if "\r\n" in text:
        added = added.replace("\n", "\r\n")
    return before + added + text[len(before) :]


def _before_new_tables(text: str, document: TOMLDocument) -> str:
    """What new tables come after: the last example or, without one, everything."""
    end = _end_of_last_table(text, document)
    before = text[:end].rstrip(_MARGIN)
    newline = re.match(r"[ \t]*\r?\n", text[len(before) :]) if before else None
    return before + (newline[0] if newline else "")


def _end_of_last_table(text: str, document: TOMLDocument) -> int:
    """Where the last example ends, without what follows it and is about something else."""
    tables = document.get(KEY)
    if not isinstance(tables, AoT) or not tables.body:
        return len(text)
    tail = _tail(tables)
    mark = secrets.token_hex(16)
    tables.append(tomlkit.table().add(mark, True))
    before = document.as_string().partition(f"[[{KEY}]]\n{mark}")[0]
    # Where other tables stand between the examples, tomlkit would move them.
    return len(before) - len(tail) if text.startswith(before) else len(text)


def _tail(item: Item) -> str:
    """Comments and empty lines after the last value of tables: they belong to what follows."""
    if isinstance(item, AoT):
        return _tail(item.body[-1]) if item.body else ""
    if not isinstance(item, Table):
        return ""
    tail = ""
    for key, each in reversed(item.value.body):
        if key is not None:
            return _tail(each) + tail
        tail = each.as_string() + tail
    return tail


def _table(example: AnyExample) -> str:
    """An example as a table of its own."""
    lines = [f"[[{KEY}]]"]
    if isinstance(example, Dialogue):
        return "\n".join([*lines, "messages = [", *_messages(example), "]", ""])
    for key in ("instruction", "input", "output"):
        if words := getattr(example, key):
            lines.append(f"{key} = {toml_text(words).as_string()}")
    if example.variables:
        values = (
            f"{tomlkit.key(name).as_string()} = {tomlkit.item(value).as_string()}"
            for name, value in example.variables.items()
        )
        lines.append(f"variables = {{ {', '.join(values)} }}")
    return "\n".join([*lines, ""])


def _messages(example: Dialogue) -> Iterable[str]:
    for message in example.messages:
        content = toml_text(message.content).as_string()
        yield f'  {{ role = "{message.role}", content = {content} }},'
