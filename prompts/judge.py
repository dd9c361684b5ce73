"""Holds an answer against what a test expects of it, and says what is missing in words."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from prompts.bounded import run_bounded
from prompts.errors import Unfinished
from prompts.expectations import Expectations, Kept
from prompts.keeping import lost
from prompts.languages import languages_differ
from prompts.words import changed_share, similarity, words

if TYPE_CHECKING:
    from prompts.matcher import Answer, Job

_MATCHER = Path(__file__).with_name("matcher.py")

_TOO_LONG = "the regular expressions or the schema took longer than 2 s"

_SINGULAR = {
    "numbers": "number",
    "quotes": "quotation",
    "links": "link",
    "names": "name",
    "headings": "heading",
}


def failures(
    expectations: Expectations, input_text: str, answer: str, schema: str | None
) -> list[str]:
    """Every expectation that the answer does not meet, as a short line each.

    Args:
        expectations: Of the test.
        input_text: What the prompt was given to work on.
        answer: Without reasoning.
        schema: The JSON Schema, as JSON text, that the prompt asks for; None if it asks for none.
    """
    return [
        *_texts(expectations, answer),
        *_lengths(expectations, input_text, answer),
        *(line for kind in expectations.keeps for line in _losses(kind, input_text, answer)),
        *_language(expectations, input_text, answer),
        *_likeness(expectations, input_text, answer),
        *_matches(expectations, answer, schema),
    ]


def _texts(expectations: Expectations, answer: str) -> Iterator[str]:
    folded = _folded(answer)
    for text in expectations.contains:
        if _folded(text) not in folded:
            yield f"does not say {_shown(text)}"
    for text in expectations.excludes:
        if _folded(text) in folded:
            yield f"says {_shown(text)}"


def _lengths(expectations: Expectations, input_text: str, answer: str) -> Iterator[str]:
    length, before = len(words(answer)), len(words(input_text))
    least, most = expectations.min_words, expectations.max_words
    if least is not None and length < least:
        yield f"{_counted(length)}, at least {least:,}"
    if most is not None and length > most:
        yield f"{_counted(length)}, at most {most:,}"
    if expectations.min_ratio is None and expectations.max_ratio is None:
        return
    if not before:
        yield "the input has no words to measure the length by"
        return
    ratio = length / before
    if expectations.min_ratio is not None and ratio < expectations.min_ratio:
        yield f"{ratio:.0%} of the input's length, at least {expectations.min_ratio:.0%}"
    if expectations.max_ratio is not None and ratio > expectations.max_ratio:
        yield f"{ratio:.0%} of the input's length, at most {expectations.max_ratio:.0%}"


def _losses(kind: Kept, input_text: str, answer: str) -> Iterator[str]:
    for text in lost(kind, input_text, answer):
        shown = text if kind in ("numbers", "links") else _shown(text)
        yield f"lost the {_SINGULAR[kind]} {shown}"


def _language(expectations: Expectations, input_text: str, answer: str) -> Iterator[str]:
    differ = languages_differ(input_text, answer) if expectations.same_language else None
    if differ:
        yield f"in {differ[1]}, and the input is in {differ[0]}"


def _likeness(expectations: Expectations, input_text: str, answer: str) -> Iterator[str]:
    if expectations.similar_to is not None:
        alike = similarity(expectations.similar_to, answer)
        if alike < expectations.min_similarity:
            least = expectations.min_similarity
            yield f"{alike:.2f} like the expected text, at least {least:.2f}"
    least_changed, most_changed = expectations.min_changed, expectations.max_changed
    if least_changed is None and most_changed is None:
        return
    share = changed_share(input_text, answer)
    if least_changed is not None and share < least_changed:
        yield f"{share:.0%} of the words changed, at least {least_changed:.0%}"
    if most_changed is not None and share > most_changed:
        yield f"{share:.0%} of the words changed, at most {most_changed:.0%}"


def _matches(expectations: Expectations, answer: str, schema: str | None) -> Iterator[str]:
    if expectations.valid_schema:
        try:
            json.loads(answer)
        except (ValueError, RecursionError) as error:
            yield f"not JSON: {error}"
            schema = None
    else:
        schema = None
    if not expectations.regex and schema is None:
        return
    job: Job = {"text": answer, "patterns": [*expectations.regex], "schema": schema}
    try:
        found: Answer = run_bounded(_MATCHER, job)
    except Unfinished as error:
        yield _TOO_LONG if error.is_slow else f"could not be judged: {error}"
        return
    yield from (f"no match for {pattern}" for pattern in found["unmatched"])
    if found["misfit"] is not None:
        yield f"does not fit the schema: {found['misfit']}"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _shown(text: str) -> str:
    """A text in quotation marks, on one line and not too long for a table."""
    line = " ".join(text.split()) or repr(text)[1:-1]
    return f"“{line if len(line) <= 60 else f'{line[:59]}…'}”"


def _counted(count: int) -> str:
    return f"{count:,} word" if count == 1 else f"{count:,} words"
