"""Finds out what form a file has, by what is in it and never by its name alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from sessions.errors import UnknownForm
from sessions.importers import aichat, chatgpt, llm, openai, ours, transcript
from sessions.importers.jsontext import Document, begins_like_json, documents
from sessions.importers.values import Found, Source

Read: TypeAlias = Callable[[Source], Iterator[Found]]

_READERS: Mapping[str, Read] = {
    ours.FORM: ours.read,
    openai.FORM: openai.read,
    chatgpt.FORM: chatgpt.read,
    llm.FORM: llm.read,
    aichat.FORM: aichat.read,
    transcript.FORM: transcript.read,
}

FORMS = tuple(_READERS)
"""The names of the forms."""

_BEGINNING = 64 * 1024

_LONG_BEGINNING = 1024**2
"""The first question and its answer may be long."""

_LOOKED_AT = 10
"""Values of a JSON file that may tell its form: the first ones may be broken."""


def read_sessions(source: Source, form: str | None = None) -> Iterator[Found]:
    """The sessions in a source, one at a time, and what of it is left out.

    Args:
        source: A file or a stream.
        form: One of `FORMS`; None finds out.

    Raises:
        UnknownForm: If it has none of them.
        OSError: If it cannot be read.
    """
    return _READERS[form or form_of(source)](source)


def form_of(source: Source) -> str:
    """The name of the form that a source has.

    Raises:
        UnknownForm: If it has none.
        OSError: If it cannot be read.
    """
    beginning = source.beginning(_BEGINNING)
    form = _form_of_beginning(beginning)
    if form is None and begins_like_json(beginning):
        form = _form_of_json(source.data() or b"")
    elif form is None:
        form = _form_of_text(source.beginning(_LONG_BEGINNING))
    if form is None:
        raise UnknownForm(FORMS)
    return form


def _form_of_beginning(beginning: bytes) -> str | None:
    if ours.is_session_file(beginning):
        return ours.FORM
    if llm.is_database(beginning):
        return llm.FORM
    return None


def _form_of_text(beginning: bytes) -> str | None:
    text = beginning.decode("utf-8", "replace").removeprefix("\ufeff")
    if aichat.is_session(text):
        return aichat.FORM
    return transcript.FORM if transcript.is_transcript(text) else None


def _form_of_json(data: bytes) -> str | None:
    for found in itertools.islice(documents(data, ""), _LOOKED_AT):
        if isinstance(found, Document):
            if ours.is_exported(found.value):
                return ours.FORM
            if chatgpt.is_conversation(found.value):
                return chatgpt.FORM
            if openai.is_conversation(found.value):
                return openai.FORM
    return None
