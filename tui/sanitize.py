"""Makes text harmless to a terminal: what could act there becomes a visible mark.

Model output, drafts, titles, file names and error texts all come from outside. A terminal obeys
control characters (C0, DEL, C1), and a reader is deceived by bidirectional controls and by tag
characters, which are invisible.
"""

from __future__ import annotations

_C0 = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
"""Each becomes its picture: ESC is ␛."""

_DEL = {0x7F: "␡"}

_HIDDEN = [
    *range(0x80, 0xA0),  # C1: 0x9B alone starts an escape sequence
    0x061C,  # Arabic letter mark
    0x200E,  # left-to-right mark
    0x200F,  # right-to-left mark
    0x2028,  # line separator
    0x2029,  # paragraph separator
    *range(0x202A, 0x202F),  # embeddings and overrides
    *range(0x2066, 0x206A),  # isolates
    *range(0xE0000, 0xE0080),  # tags
    *range(0xD800, 0xE000),  # lone surrogates, which no terminal encoding has
]

_TABLE = _C0 | _DEL | {code: f"<U+{code:04X}>" for code in _HIDDEN}

_LINE_TABLE = _TABLE | {ord("\n"): "␊", ord("\t"): "␉"}


_UNSEEN = [
    0x00AD,  # soft hyphen
    0x180E,  # Mongolian vowel separator
    0x200B,  # zero-width space
    *range(0x2060, 0x2065),  # word joiner, invisible operators
    0xFEFF,  # byte order mark
]
"""They do nothing to a terminal. The joiners of emoji and of some scripts are not among them."""

_CHANGED_TABLE = _TABLE | {code: f"<U+{code:04X}>" for code in _UNSEEN}


def sanitize(text: str) -> str:
    """The text with a mark for each character that is not plain text, a newline or a tab."""
    return text.translate(_TABLE)


def sanitize_changed(text: str) -> str:
    """The same of words that are put in or taken out: nobody can decide about what is not seen."""
    return text.translate(_CHANGED_TABLE)


def sanitize_line(text: str) -> str:
    """The same, with newlines and tabs marked too: for titles, names and errors."""
    return text.translate(_LINE_TABLE)
