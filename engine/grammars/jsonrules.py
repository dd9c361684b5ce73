"""Rules in GBNF for what JSON is made of, whatever schema it has to fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from engine.grammars.patterns import Ranges, class_to_gbnf, without

PLAIN: Ranges = without(((0x20, 0x10FFFF),), ((0x22, 0x22), (0x5C, 0x5C), (0x7F, 0x7F)))
"""Characters that stand for themselves in a JSON string."""

FORMATS: Mapping[str, str] = {
    "date": "date",
    "time": 'time ("Z" | [+-] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
    "date-time": 'date "T" time ("Z" | [+-] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
    "uuid": 'hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}',
    "email": (
        '[a-z0-9]+ ([._-] [a-z0-9]+){0,3} "@" [a-z0-9]+ ("-" [a-z0-9]+)* ("." [a-z]{2,12}){1,3}'
    ),
    "ipv4": 'octet ("." octet){3}',
    "uri": '"http" "s"? "://" [a-z0-9]+ ([.-] [a-z0-9]+)* ("/" [A-Za-z0-9._~-]*)*',
}
"""Formats that are kept to. Others are remarks, as they are by default in JSON Schema."""

BASICS: Mapping[str, str] = {
    # Models that are free to add blank space go on adding it.
    "ws": r'(" " | "\n" [ \t]{0,20})?',
    "hex": "[0-9a-fA-F]",
    # No halves of characters: \uD800 to \uDFFF.
    "code": "[0-9abcefABCEF] hex{3} | [dD] [0-7] hex{2}",
    "plain": class_to_gbnf(PLAIN),
    "char": r'plain | "\\" (["\\/bfnrt] | "u" code)',
    "string": r'"\"" char* "\""',
    "integer": '"-"? ("0" | [1-9] [0-9]{0,14})',
    "number": 'integer ("." [0-9]{1,15})? ([eE] [+-]? [0-9]{1,2})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "any": "string | number | boolean | null | any-object | any-array",
    "any-pair": 'string ":" ws any ws',
    "any-object": '"{" ws (any-pair ("," ws any-pair)*)? "}"',
    "any-array": '"[" ws (any ws ("," ws any ws)*)? "]"',
    # Of the 29th of February every reader thinks differently but those that know the year.
    "date": (
        '[0-9]{3} [1-9] "-" (("0" [13578] | "1" [02]) "-" ("0" [1-9] | [12] [0-9] | "3" [01])'
        ' | ("0" [469] | "11") "-" ("0" [1-9] | [12] [0-9] | "30")'
        ' | "02-" ("0" [1-9] | "1" [0-9] | "2" [0-8]))'
    ),
    "time": '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})?',
    "octet": '[1-9]? [0-9] | "1" [0-9] [0-9] | "2" [0-4] [0-9] | "25" [0-5]',
}
"""Rules that any grammar may use."""


def literal(text: str) -> str:
    """A text in GBNF's quotation marks."""
    escaped = re.sub(r'["\\]', r"\\\g<0>", text)
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\x{ord(found[0]):02X}", escaped) + '"'


def other_than(names: Sequence[str], rule: Callable[[str], str]) -> str:
    """JSON strings, without escapes, that are none of these; `rule` makes rules of expressions."""
    written = [name for name in names if not re.search(r'["\\\x00-\x1f\x7f]', name)]
    return f'"\\"" {_unlike(written, rule)} "\\""'


def _unlike(endings: Sequence[str], rule: Callable[[str], str]) -> str:
    """A rule for what is none of these endings."""
    heads = sorted({ending[0] for ending in endings if ending})
    taken = tuple((ord(head), ord(head)) for head in heads)
    ways = [f"{class_to_gbnf(without(PLAIN, taken))} plain*"]
    for head in heads:
        rest = [ending[1:] for ending in endings if ending.startswith(head)]
        ways.append(f"{class_to_gbnf(((ord(head), ord(head)),))} {_unlike(rest, rule)}")
    if "" not in endings:
        ways.append('""')
    return rule(" | ".join(ways))
