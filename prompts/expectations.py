"""What a prompt's own tests say: a text to try it on, and what must be true of the answer.

Only values are here, because every prompt file is read into them; what they take to be judged is in
`prompts.judge`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    from prompts.schema import Value

Kept: TypeAlias = Literal["numbers", "quotes", "links", "names", "headings"]
"""What of the input can be asked to come back."""

KEPT: tuple[Kept, ...] = get_args(Kept)


NO_FILE_OF_A_TEST = "is a file: a test has the one that is the default"
"""Why a test gives no value of a file's variable, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must be true of an answer; what is not given is not looked at."""

    contains: tuple[str, ...] = ()
    """Texts that must all be in the answer, in whatever case."""
    excludes: tuple[str, ...] = ()
    """Texts of which none may be."""
    regex: tuple[str, ...] = ()
    """Regular expressions, each of which must be found somewhere in the answer; ``^`` and ``$`` are
    the ends of lines."""
    min_words: int | None = None
    max_words: int | None = None
    min_ratio: float | None = None
    max_ratio: float | None = None
    """Length of the answer by length of the input, in words."""
    keeps: tuple[Kept, ...] = ()
    """Those of the input must all be in the answer."""
    same_language: bool = False
    valid_schema: bool = False
    """Whether the answer must be JSON that fits the prompt's schema; any JSON if it has none."""
    similar_to: str | None = None
    """A text that the answer should be like."""
    min_similarity: float = 0.8
    """How like `similar_to`, from 0 (not a word in common) to 1 (word for word)."""
    min_changed: float | None = None
    max_changed: float | None = None
    """Share of the input's words that were changed, from 0 to 1."""


EXPECTATION_KEYS: tuple[str, ...] = tuple(one.name for one in fields(Expectations))


@dataclass(frozen=True, slots=True)
class PromptTest:
    """One try of a prompt."""

    name: str = ""
    """Empty where the file gives none: then the test is known by its place."""
    input: str = ""
    instruction: str = ""
    variables: Mapping[str, Value] = field(default_factory=dict)
    seed: int = 1
    expect: Expectations = field(default_factory=Expectations)
