"""Reads YAML that anybody may have written: plain values only, without aliases, within bounds.

An alias makes a value appear many times, so that a few lines can stand for more than the memory
holds; nothing that is read here needs one.
"""

from __future__ import annotations

import yaml

from prompts.errors import NotImported

DEEPEST = 30
MOST_VALUES = 20_000
LONGEST_NUMBER = 64

_DATES = "tag:yaml.org,2002:timestamp"
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """The safe loader with limits; dates stay texts, as they were written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATES]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        self._depth = self._values = 0
        super().__init__(text)

    def compose_node(self, parent: object, index: object) -> object:
        self._values += 1
        self._depth += 1
        if self.check_event(yaml.AliasEvent):
            raise NotImported("it has YAML aliases, which are not read")
        if self._depth > DEEPEST or self._values > MOST_VALUES:
            raise NotImported("its YAML has more or deeper values than a prompt needs")
        node = super().compose_node(parent, index)
        if node.tag in _NUMBERS and len(node.value) > LONGEST_NUMBER:
            raise NotImported("its YAML has a number that is too long")
        self._depth -= 1
        return node


def load_yaml(text: str) -> object:
    """The value of a document: texts, numbers, true and false, lists, and tables by text.

    Raises:
        NotImported: If it is not YAML, has aliases, or is larger than a prompt would be.
    """
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, TypeError) as error:
        raise NotImported(f"not YAML: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error)
    place = f" (line {mark.line + 1})" if mark is not None else ""
    return f"{' '.join(reason.split())}{place}"
