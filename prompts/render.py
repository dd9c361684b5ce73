"""Turns a prompt and values into the messages that a model sees."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.types import Message
from prompts.bounded import run_bounded
from prompts.errors import InvalidVariable, MissingVariables, RenderFailed, Unfinished
from prompts.inherit import Prompt
from prompts.plain_words import template_complaint
from prompts.schema import BUILTINS, Dialogue, Example, Template, Value, Variable, nearest_name

if TYPE_CHECKING:
    from prompts.sandbox import Answer, Job, Problem

_SANDBOX = Path(__file__).with_name("sandbox.py")

_MARGIN = " \t\r\n"
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def refuse_files(path: Path) -> str:
    """What there is to read files with where nobody can name one.

    Raises:
        InvalidVariable: Always.
    """
    raise InvalidVariable(path.name, "cannot be read here")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt with its values put in."""

    system: str
    """Empty where the prompt has none."""
    examples: tuple[tuple[Message, ...], ...]
    """Of each, user and assistant in turn."""
    user: str
    others: tuple[str, ...]
    """The user texts of further texts, in their order."""
    params: Mapping[str, object]
    variables: Mapping[str, Value]
    """Every variable that has a value, in its own type; of a file its name."""
    uses: frozenset[str]
    """The names of values, built-in ones included, that stand in its texts."""

    @property
    def example_messages(self) -> tuple[Message, ...]:
        """All examples as one conversation."""
        return tuple(message for example in self.examples for message in example)


def render(
    prompt: Prompt,
    values: Mapping[str, str],
    builtins: Mapping[str, str],
    *,
    others: Sequence[Mapping[str, str]] = (),
    read_file: Callable[[Path], str] = refuse_files,
) -> Rendered:
    """Put values into a prompt's texts; what is put in is never read as a template.

    Args:
        prompt: As the library loaded it.
        values: Variables by name, as they were typed.
        builtins: Those of `schema.BUILTINS` that there are. One that is left out is false in a
            template's tests, and missing where it is printed. Any other value goes in as it is.
        others: For each further text that the prompt is put around, its own built-in values; the
            rest are those of the first.
        read_file: The text of a file that a person named as the value of a variable.

    Raises:
        InvalidVariable: If a value is unknown, of the wrong type, or out of bounds.
        MissingVariables: If the prompt needs values that were not given.
        RenderFailed: If a template is wrong, or took longer than two seconds.
    """
    variables = typed_values(prompt, values)
    texts = _texts_of(prompt, variables, given=values.keys(), read_file=read_file)
    # Where nothing is around a text, nothing is printed of it.
    job = _job(prompt, {"context": "", **prompt.included, **texts, **builtins}, others)
    answer = _run(prompt, job)
    if answer["problem"]:
        raise _failure(prompt, job, answer["problem"])
    given = {*variables, *builtins}
    required = {v.name for v in prompt.variables.values() if v.required and v.name not in given}
    absent = required.union(answer["missing"])
    if absent:
        raise MissingVariables(prompt.name, [name for name in job["known"] if name in absent])
    return _rendered(prompt, variables, answer)


def _job(prompt: Prompt, values: dict[str, Value], others: Sequence[Mapping[str, str]]) -> Job:
    """What the sandbox is to render: system texts, the user text, the examples' inputs, and the
    user text around each of the others. `_rendered` counts on that order."""
    systems = {f"system {number}": each.source for number, each in enumerate(prompt.systems)}
    examples = [example for example in prompt.examples if isinstance(example, Example)]
    return {
        "templates": {**systems, "user": prompt.user.source},
        "known": [*prompt.variables, *prompt.included, *BUILTINS],
        "values": values,
        "renders": [
            *((name, {}) for name in systems),
            ("user", {}),
            *(("user", _values_of(prompt, example)) for example in examples),
            *(("user", own) for own in others),
        ],
    }


def _rendered(prompt: Prompt, variables: Mapping[str, Value], answer: Answer) -> Rendered:
    texts = iter([text.strip(_MARGIN) for text in answer["texts"]])
    systems = [next(texts) for _ in prompt.systems]
    user = next(texts)
    examples = [
        example.messages if isinstance(example, Dialogue) else _exchange(example, next(texts))
        for example in prompt.examples
    ]
    return Rendered(
        system="\n\n".join(filter(None, systems)),
        examples=tuple(examples),
        user=user,
        others=tuple(texts),
        params=prompt.params,
        variables=variables,
        uses=frozenset(answer["used"]),
    )


def check_names(prompt: Prompt, names: Iterable[str]) -> None:
    """Make sure that the prompt has variables of these names.

    Raises:
        InvalidVariable: If it has not.
    """
    for name in names:
        if name not in prompt.variables:
            nearest = nearest_name(name, prompt.variables)
            raise InvalidVariable(name, f"is not a variable of the prompt {prompt.name!r}", nearest)


def typed_values(prompt: Prompt, values: Mapping[str, str]) -> dict[str, Value]:
    """The defaults, and over them what was given, each in its type.

    Raises:
        InvalidVariable: If one is unknown, of the wrong type, or out of bounds.
    """
    check_names(prompt, values)
    variables = {v.name: v.default for v in prompt.variables.values() if v.default is not None}
    return variables | {name: _typed(prompt.variables[name], text) for name, text in values.items()}


def _texts_of(
    prompt: Prompt,
    variables: dict[str, Value],
    *,
    given: Collection[str],
    read_file: Callable[[Path], str],
) -> dict[str, Value]:
    """What templates see: of files their text. In `variables` only a file's name is left."""
    seen = dict(variables)
    for name, variable in prompt.variables.items():
        if variable.type != "file" or name not in variables:
            continue
        named = str(variables[name])
        seen[name] = read_file(Path(named)) if name in given else variable.default_text
        variables[name] = Path(named).name
    return seen


def _values_of(prompt: Prompt, example: Example) -> dict[str, Value]:
    """What an example's input is rendered with, in place of the text's own values.

    A built-in value that the example says nothing of is not there for it: neither the text's title
    nor what was said before belongs to another text.
    """
    own = {name: str(value) for name, value in example.variables.items()}
    typed = typed_values(prompt, own)
    absent = {name: "" for name in BUILTINS if name != "date"}
    values = {name: typed[name] for name in own}
    return {**absent, **values, "text": example.input, "instruction": example.instruction}


def _exchange(example: Example, text: str) -> tuple[Message, ...]:
    return Message("user", text), Message("assistant", example.output.strip(_MARGIN))


def _typed(variable: Variable, text: str) -> Value:
    try:
        value = _convert(variable, text)
    except ValueError as error:
        wanted = {"int": "a whole number", "float": "a number"}.get(variable.type, "true or false")
        raise InvalidVariable(variable.name, f"must be {wanted}, not {text!r}") from error
    if problem := variable.problem(value):
        raise InvalidVariable(variable.name, problem, nearest_name(text, variable.choices))
    return value


def _convert(variable: Variable, text: str) -> Value:
    if variable.type == "int":
        return int(text)
    if variable.type == "float":
        return float(text)
    if variable.type != "bool":
        return text
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _run(prompt: Prompt, job: Job) -> Answer:
    """Have the sandbox do the job."""
    try:
        answer: Answer = run_bounded(_SANDBOX, job)
    except Unfinished as error:
        slow = "the template took longer than 2 s"
        reason = slow if error.is_slow else f"rendering stopped: {error}"
        raise RenderFailed(prompt.path, None, reason) from error
    return answer


def _failure(prompt: Prompt, job: Job, problem: Problem) -> RenderFailed:
    template = _template_called(prompt, problem["template"])
    line = None if problem["line"] is None else template.line + problem["line"] - 1
    nearest = nearest_name(problem["unknown"], job["known"]) if problem["unknown"] else None
    return RenderFailed(template.path, line, template_complaint(problem["reason"]), nearest)


def _template_called(prompt: Prompt, name: str) -> Template:
    word, _, number = name.partition(" ")
    return prompt.systems[int(number)] if word == "system" and number else prompt.user
