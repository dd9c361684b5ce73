"""Transcripts in Markdown: turns under headings or behind labels, as many programs copy them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.types import Role
from sessions.importers.chain import Origin, Said, linear_session, name_of
from sessions.importers.identity import moment
from sessions.importers.values import Found, Problem, Source

FORM = "markdown"

LARGEST = 16 * 1024**2
"""Bytes of a transcript."""

_BLANK = " \t\r\n"

_NAMES: dict[str, Role] = {
    **dict.fromkeys(("system", "instructions", "system prompt"), "system"),
    **dict.fromkeys(("user", "human", "you", "me", "prompt", "question", "q"), "user"),
    **dict.fromkeys(("assistant", "ai", "bot", "model", "answer", "response", "a"), "assistant"),
    **dict.fromkeys(("chatgpt", "claude", "gemini", "copilot", "gpt", "llm"), "assistant"),
}
"""What turns are labelled with, in small letters."""

_LABEL = "|".join(sorted(_NAMES, key=len, reverse=True))

_NOTE = r"(?:[ ]\([^()\n]{1,80}\))?"
"""In parentheses behind a name: a time, or how the turn ended."""

_STYLES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<level>\#{{1,6}})[ ](?P<name>{_LABEL}){_NOTE}[ ]?:?[ ]*(?P<rest>)",
        rf"(?P<level>\*\*|__)(?P<name>{_LABEL}){_NOTE}:?(?:\*\*|__):?(?:[ ](?P<rest>.*)|[ ]*)",
        rf"(?P<level>)(?P<name>{_LABEL}):(?:[ ](?P<rest>.*)|[ ]*)",
    )
)
"""Headings, bold labels, plain labels; the first label of a transcript says which it has."""

_FENCE = re.compile(r"[ ]{0,3}(?P<marks>`{3,}|~{3,})(?P<info>.*)")


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class _Label:
    style: int
    level: str
    role: Role
    rest: str
    """What stands behind it on the same line."""


def is_transcript(text: str) -> bool:
    """Whether both sides of a conversation are labelled, or one in what this program exported."""
    fields, body = _without_front_matter(text)
    roles = {each.role for each in _turns(body)}
    return {"user", "assistant"} <= roles or ("session" in fields and bool(roles))


def read(source: Source) -> Iterator[Found]:
    """The conversation of a transcript."""
    data = source.beginning(LARGEST + 1)
    if len(data) > LARGEST:
        yield Problem("", f"it has more than {LARGEST // 1024**2} MiB")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Problem(f"byte {error.start}", "it is not UTF-8")
        return
    fields, body = _without_front_matter(text)
    model = name_of(fields.get("model"))
    said = [
        Said(each.role, each.content, model=model if each.role == "assistant" else None)
        for each in _turns(body)
    ]
    if not said:
        yield Problem("", "no turn in it has a label")
        return
    created = moment(fields.get("date"))
    key = name_of(fields.get("session"))
    yield linear_session(Origin(FORM, key, created, source.modified, fields.get("title")), said)


def _turns(text: str) -> Iterator[Said]:
    """What stands under each label; what comes before the first is nobody's."""
    first: _Label | None = None
    role: Role | None = None
    lines: list[str] = []
    fence: str | None = None
    for line in _LINE.findall(text):
        if line == "\n":
            lines.append(line)
            continue
        label = _label(line) if fence is None else None
        fence = _fence_after(fence, line)
        if label is None or (first and (label.style, label.level) != (first.style, first.level)):
            lines.append(line)
            continue
        if role is not None:
            yield from _said(role, lines)
        first, role = first or label, label.role
        lines = [f"{label.rest}\n"] if label.rest else []
    if role is not None:
        yield from _said(role, lines)


def _said(role: Role, lines: list[str]) -> Iterator[Said]:
    """Without the empty lines around it."""
    full = itertools.dropwhile(lambda line: not line.strip(_BLANK), lines)
    if content := "".join(full).rstrip(_BLANK):
        yield Said(role, content)


def _label(line: str) -> _Label | None:
    for style, pattern in enumerate(_STYLES):
        if found := pattern.fullmatch(line.rstrip("\r\n")):
            role = _NAMES[found["name"].lower()]
            return _Label(style, found["level"], role, (found["rest"] or "").strip())
    return None


def _fence_after(fence: str | None, line: str) -> str | None:
    """The marks of the code block that is open after a line; labels in one are its text."""
    found = _FENCE.fullmatch(line.rstrip("\r\n"))
    if found is None:
        return fence
    if fence is None:
        return None if "`" in found["info"] and found["marks"][0] == "`" else found["marks"]
    closes = found["marks"].startswith(fence) and not found["info"].strip()
    return None if closes else fence


def _without_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The fields at the beginning, and what comes after them."""
    found = re.match(r"---[ ]*\n(.{0,20000}?\n)?---[ ]*(?:\n|$)", text, re.DOTALL)
    if found is None:
        return {}, text
    fields = {}
    for line in (found[1] or "").splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = _unquoted(value.strip())
    return fields, text[found.end() :]


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        unquoted = json.loads(value)
    except ValueError:
        return value
    return unquoted if isinstance(unquoted, str) else value
