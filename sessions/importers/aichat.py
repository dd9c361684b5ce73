"""Sessions of aichat: one YAML file each, named as the session is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath

from sessions.errors import DamagedLine
from sessions.importers.chain import Origin, linear_session, name_of
from sessions.importers.openai import said_in
from sessions.importers.plainyaml import parse
from sessions.importers.values import Found, Problem, Source, joined

FORM = "aichat"

LARGEST = 16 * 1024**2
"""Bytes of a session."""

_LISTS = ("compressed_messages", "messages")
"""In the order of time: what a summary stands for, and what came since."""


def is_session(text: str) -> bool:
    """Whether a text begins as aichat's sessions do."""
    return text.startswith("model: ") and bool(
        re.search(r"^(?:compressed_)?messages:", text, re.MULTILINE)
    )


def read(source: Source) -> Iterator[Found]:
    """The session of a file."""
    data = source.beginning(LARGEST + 1)
    if len(data) > LARGEST:
        yield Problem("", f"it has more than {LARGEST // 1024**2} MiB")
        return
    try:
        value = parse(data.decode("utf-8"))
    except (DamagedLine, UnicodeDecodeError) as error:
        yield Problem("", str(error))
        return
    fields = value if isinstance(value, dict) else {}
    said = []
    for name in _LISTS:
        messages = fields.get(name)
        for number, message in enumerate(messages if isinstance(messages, list) else (), 1):
            place = joined(name if name != "messages" else "", f"message {number}")
            for found in said_in(message, name_of(fields.get("model")), place):
                if isinstance(found, Problem):
                    yield found
                else:
                    said.append(found)
    if not said:
        yield Problem("", "nothing in it can be read")
        return
    stem = PurePath(source.name).stem
    yield linear_session(Origin(FORM, stem, None, source.modified, stem), said)
