"""Chooses which examples are shown to the model with a text, and how many."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.types import Message
from prompts.inherit import Prompt
from prompts.render import Rendered
from prompts.schema import AnyExample

MOST_WORDS = 300
"""Of the text, for comparing: more add time and nothing to the order."""

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Kana and Han characters: no space parts their words, so that each counts as one."""


def with_chosen_examples(prompt: Prompt, text: str) -> Prompt:
    """The prompt with the examples that go with a text, in the order of its files.

    Where the prompt does not select by likeness these are the first ones, the same for every text.
    """
    most = len(prompt.examples) if prompt.max_examples is None else prompt.max_examples
    if prompt.select == "first" or most >= len(prompt.examples):
        return replace(prompt, examples=prompt.examples[:most])
    places = sorted(_nearest(prompt.examples, text)[:most])
    return replace(prompt, examples=tuple(prompt.examples[place] for place in places))


def within_budget(
    rendered: Rendered, budget: int | None, count: Callable[[Sequence[Message]], int]
) -> tuple[Rendered, int]:
    """A rendered prompt with as many examples, from the first, as a budget has room for.

    Args:
        rendered: With all that were chosen.
        budget: Tokens of all examples together; None is no limit.
        count: Tokens of a conversation.

    Returns:
        What fits, and the tokens of its examples: 0 where there is no budget to count for.
    """
    if budget is None or not rendered.examples:
        return rendered, 0
    bare = count([Message("user", "")])
    kept: list[tuple[Message, ...]] = []
    tokens = 0
    for example in rendered.examples:
        cost = count([*example, Message("user", "")]) - bare
        if tokens + cost > budget:
            break
        kept.append(example)
        tokens += cost
    return replace(rendered, examples=tuple(kept)), tokens


def _nearest(examples: Sequence[AnyExample], text: str) -> list[int]:
    """The places of examples, those whose input is most like the text first.

    The measure is Okapi BM25, of SQLite's FTS5; examples without a word in common come last.
    """
    import sqlite3  # noqa: PLC0415  only prompts that select by likeness need it

    words = dict.fromkeys(_WORD.findall(_spaced(text.lower())))
    query = " OR ".join(f'"{word}"' for word in list(words)[:MOST_WORDS])
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE VIRTUAL TABLE examples USING fts5(input, tokenize = 'porter')")
        rows = [(place, _spaced(example.input)) for place, example in enumerate(examples)]
        database.executemany("INSERT INTO examples(rowid, input) VALUES (?, ?)", rows)
        found = (
            database.execute(
                "SELECT rowid FROM examples WHERE examples MATCH ? ORDER BY bm25(examples), rowid",
                (query,),
            ).fetchall()
            if query
            else []
        )
    finally:
        database.close()
    near = [place for (place,) in found]
    return [*near, *(place for place in range(len(examples)) if place not in set(near))]


def _spaced(text: str) -> str:
    return _UNSPACED.sub(r" \g<0> ", text)
