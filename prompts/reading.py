"""Reads prompt files and files of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from prompts.errors import InvalidPrompt
from prompts.params import read_params
from prompts.places import TomlPlaces
from prompts.reading_examples import read_examples, read_tests
from prompts.schema import (
    FILE_KEYS,
    GAINS,
    KINDS,
    MOST_EXAMPLES,
    PARAM_KEYS,
    SELECTS,
    TAKEN_NAMES,
    UNITS,
    VARIABLE_KEYS,
    VARIABLE_TYPES,
    Kind,
    PromptFile,
    Select,
    Template,
    Unit,
    Value,
    Variable,
    VariableType,
    nearest_name,
)
from prompts.tables import Findings, Table
from prompts.toml_text import parse_toml

_TYPES: Mapping[str, type] = {
    **{"str": str, "int": int, "float": float, "bool": bool},
    **{"choice": str, "file": str},
}
_NOT_A_PROMPTS = {
    **dict.fromkeys(PARAM_KEYS, "settings for the answer belong under [params]"),
    "model": "a prompt cannot choose the model: use -m or the configuration",
    "endpoint": "a prompt cannot choose where it runs: use -m or the configuration",
    "path": "the only paths in a prompt are those of include and examples_from",
}


def parse_prompt(text: str, *, name: str, path: Path) -> PromptFile:
    """Read the TOML text of a prompt.

    Raises:
        InvalidPrompt: If it is not TOML, has unknown keys, or values of the wrong kind; the first
            mistake in the file.
    """
    prompt, problems = inspect_prompt(text, name=name, path=path)
    if prompt is None:
        raise problems[0]
    return prompt


def inspect_prompt(
    text: str, *, name: str, path: Path
) -> tuple[PromptFile | None, list[InvalidPrompt]]:
    """Read the TOML text of a prompt, or say all that is wrong with it, in the file's order."""
    try:
        table = parse_toml(text, path)
    except InvalidPrompt as error:
        return None, [error]
    findings = Findings(path, TomlPlaces(text))
    prompt = _prompt_file(Table(table, (), findings), name, findings)
    problems = sorted(findings.problems, key=lambda each: (each.line or 0, each.column or 0))
    return (None if problems else prompt), problems


def _prompt_file(table: Table, name: str, findings: Findings) -> PromptFile | None:
    """Every key in its own right, so that each mistake is noted."""
    read = findings.attempt
    read(lambda: table.check_keys(FILE_KEYS, _NOT_A_PROMPTS), None)
    places = cast("TomlPlaces", findings.places)
    return PromptFile(
        name=name,
        path=findings.path,
        places=places,
        title=read(lambda: table.get("title", str), None),
        summary=read(lambda: table.get("summary", str), None),
        tags=read(lambda: table.texts("tags"), None),
        kind=read(lambda: cast("Kind | None", table.word("kind", KINDS)), None),
        unit=read(lambda: cast("Unit | None", table.word("unit", UNITS)), None),
        near=read(lambda: table.number("near", *GAINS), None),
        min_gain=read(lambda: table.number("min_gain", *GAINS), None),
        models=read(lambda: table.texts("models"), None),
        extends=read(lambda: table.text_or_texts("extends") or (), ()),
        include=read(lambda: _include(table), {}),
        system=read(lambda: _template(table, "system", places), None),
        user=read(lambda: _template(table, "user", places), None),
        variables=read(lambda: _variables(table), {}),
        params=read(lambda: read_params(table), {}),
        examples_from=read(lambda: table.text_or_texts("examples_from"), None),
        max_examples=read(lambda: table.whole("max_examples", 0, MOST_EXAMPLES), None),
        max_example_tokens=read(lambda: table.whole("max_example_tokens", 0, MOST_EXAMPLES), None),
        select=read(lambda: cast("Select | None", table.word("select", SELECTS)), None),
        examples=read(lambda: read_examples(table), None),
        min_pass=read(lambda: table.number("min_pass", 0, 1), None),
        tests=read(lambda: read_tests(table), None),
    )


def _template(table: Table, key: str, places: TomlPlaces) -> Template | None:
    source = table.get(key, str)
    return None if source is None else Template(source, table.findings.path, (key,), places)


def _include(table: Table) -> dict[str, str]:
    files = table.table("include")
    if files is None:
        return {}
    included = {}
    for name in files.values:
        with files.findings.noting():
            _check_name(files, name)
            included[name] = files.text(name) or ""
    return included


def _check_name(table: Table, name: str) -> None:
    """Whether a template can use a value of this name."""
    if not (name.isascii() and name.isidentifier()):
        table.fail("must have a name of letters a to z, digits and _, with no digit first", name)
    if name in TAKEN_NAMES:
        table.fail("is a name that already has a meaning in templates", name)


def _variables(table: Table) -> dict[str, Variable]:
    tables = table.table("variables")
    if tables is None:
        return {}
    included = table.values.get("include")
    variables = {}
    for name in tables.values:
        with tables.findings.noting():
            _check_name(tables, name)
            if isinstance(included, dict) and name in included:
                tables.fail("is also the name of an included file", name)
            one = tables.table(name)
            assert one is not None
            variables[name] = _variable(name, one)
    return variables


def _variable(name: str, table: Table) -> Variable:
    table.check_keys(VARIABLE_KEYS)
    kind = cast("VariableType", table.word("type", VARIABLE_TYPES) or "str")
    for bound in ("min", "max"):
        if bound in table.values and kind not in ("int", "float"):
            table.fail("only numbers have bounds", bound)
    variable = Variable(
        name=name,
        type=kind,
        required=table.get("required", bool) or False,
        description=table.get("description", str) or "",
        choices=table.texts("choices") or (),
        min=table.number("min"),
        max=table.number("max"),
    )
    if kind == "choice" and not variable.choices:
        table.fail("a choice needs its choices, a list of texts", "choices")
    if kind != "choice" and variable.choices:
        table.fail('only a variable of type = "choice" has choices', "choices")
    if variable.min is not None and variable.max is not None and variable.min > variable.max:
        table.fail("must not be more than max", "min")
    return _with_default(variable, table)


def _with_default(variable: Variable, table: Table) -> Variable:
    if "default" not in table.values:
        return variable
    if variable.required:
        table.fail("a required variable has no default", "default")
    default: Value | None
    if variable.type == "float":
        number = table.number("default")
        default = None if number is None else float(number)
    else:
        default = table.get("default", _TYPES[variable.type])
    assert default is not None
    if problem := variable.problem(default):
        table.fail(problem, "default", nearest_name(str(default), variable.choices))
    return replace(variable, default=default)
