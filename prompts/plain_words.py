"""What parsers complain about, in words for people who write prompts and no parsers."""

from __future__ import annotations

import re

_NOT_CLOSED = "a text is not closed: its final quotation mark is missing"

_OF_TOML = (
    (r"Illegal character '\\n'", 'a text ends on its own line; """ goes over several lines'),
    (r"Found invalid character '\\n'", "a text ends on its own line; ''' goes over several lines"),
    (r"(?:Illegal|Found invalid) character (.+)", r"the character \1 cannot be here"),
    (r"Unterminated string|Expected [\"']{3,5}", _NOT_CLOSED),
    (r"Cannot overwrite a value", "this key already has a value"),
    (r"Cannot declare \((.+)\) twice", r"the table [\1] already exists"),
    (r"Duplicate inline table key (.+)", r"the key \1 already has a value"),
    (r"Cannot (?:mutate immutable|redefine) namespace \((.+)\)", r"[\1] is already complete"),
    (r"Unescaped '\\' in a string", r"write \\\\ for \\ in a text, or put it in '…'"),
    (r"Escaped .+|Invalid hex value", r"\\u needs the four hexadecimal digits of a character"),
    (r"Expected '=' after a key .+", "a key needs = and a value after it"),
    (r"Invalid value", 'a value is missing or misspelt; texts need quotation marks: "…"'),
    (r"Expected newline or end of document .+", "nothing may follow a value on the same line"),
    (r"Expected ('\]\]?') at the end .+", r"\1 is missing after the name of a table"),
    (r"Unclosed array", "a list is not closed: a comma or ] is missing"),
    (r"Unclosed inline table", "a table is not closed: a comma or } is missing"),
    (r"Invalid initial character for a key part", "a key must be here; a {…} table takes one line"),
    (r"Invalid statement", "a key or a [table] must be here; is the text above closed too early?"),
    (r"Invalid date or datetime", "this date or time does not exist"),
    (r"Exceeds the limit .+", "a number is too long"),
)

_OF_TEMPLATES = (
    (r"Unexpected end of template.* closed is '(\w+)'\.", r"{% end\1 %} is missing for {% \1 %}"),
    (r"unexpected end of template, expected 'end of print .+", "}} is missing for {{"),
    (r"unexpected end of template, .+|.*unexpected '<eof>'.*", "%} is missing for {%"),
    (r"Encountered unknown tag '(end\w+)'.*", r"{% \1 %} closes nothing that is open here"),
    (r"Encountered unknown tag '(\w+)'.*", r"templates have no {% \1 %}"),
    (r"No (filter|test) named ('\w+').*", r"templates have no \1 \2"),
    (r"access to attribute ('\w+') .+", r"templates may not use the attribute \1"),
    (r"no loader for this environment .+", "templates have no files; [include] names texts"),
)


def toml_complaint(reason: str) -> str:
    """What is wrong with a TOML text, by its parser's own words."""
    words = _said(reason, _OF_TOML)
    # A table's name comes as a tuple of Python: ('params', 'schema').
    return re.sub(r"\[(['\"].+?)\]", lambda name: f"[{'.'.join(_quoted(name[1]))}]", words)


def template_complaint(reason: str) -> str:
    """What is wrong with a template, by Jinja's own words."""
    return _said(reason, _OF_TEMPLATES).removesuffix(".")


def _quoted(names: str) -> list[str]:
    return re.findall(r"['\"](.+?)['\"]", names)


def _said(reason: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, words in known:
        if found := re.fullmatch(pattern, reason):
            return found.expand(words)
    return reason
