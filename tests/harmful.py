"""Text that would act on a terminal that got it as it is, and how one sees that it did."""

from __future__ import annotations

import re

ATTACKS = {
    "a title": "\x1b]0;harmA\x07",
    "a link": "\x1b]8;;http://harmB\x1b\\",
    "the clipboard": "\x1b]52;c;aGFybUM=\x07",
    "a device": "\x1bPharmD\x1b\\",
    "a colour": "\x1b[31337m",
    "a C1 sequence": "\x9b31337m",
    "a C1 title": "\x9d0;harmE\x9c",
    "another set of characters": "\x0e",
    "right to left": "\u202eharmF\u2066",
    "tags": "\U000e0041\U000e0042",
    "backspaces": "harmG\x08\x08\x7f",
}

HOSTILE = "".join(ATTACKS.values())

FILE_NAME = HOSTILE.replace("/", "")
"""The same where no slash may be."""

ACTS = re.compile(
    "\x1b[]PX^_]|\x1b\\[31337|[\x07\x08\x0e\x0f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    "|[\U000e0000-\U000e007f]"
)
"""Strings that only an attack writes: the program's own are cursor, colour and mode sequences."""

_POINTER = re.compile("\x1b\\]22;[a-z-]*\x07")
"""The shape of the mouse's pointer, which Textual sets."""


def acting(written: str) -> list[str]:
    """What acts of everything that a program wrote, with what is around it."""
    output = _POINTER.sub("", written)
    return [output[max(0, m.start() - 20) : m.end() + 20] for m in ACTS.finditer(output)]


def toml_string(text: str) -> str:
    """A text as a TOML file has it, where control characters must be escaped."""
    escaped = "".join(
        each if each.isalnum() or each == " " else f"\\U{ord(each):08x}" for each in text
    )
    return f'"{escaped}"'
