"""Corrections that the model itself does not find likely are shown, and not taken unseen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_chat import Chat

from drafts import sentence_pieces, split_blocks
from drafts.hunks import hunks
from engine.client import WorkerEngine
from engine.errors import EngineError, Unsupported, WorkerFailed
from engine.scripted import ScriptedEngine
from engine.types import Message, TokenScore
from tui.doubting import gains

DRAFT = 'Their is a light, she said, and it is far. "We was robbed," he sayed.\n'
REPLIES = ("There is a light she said, and it's far.", '"We were robbed," he said.')


class Reading(ScriptedEngine):
    """Finds a text the likelier the more of some words are in it."""

    def __init__(self, replies: Sequence[str] = REPLIES, **nats: float) -> None:
        super().__init__(replies)
        self._nats = nats
        self.read: list[tuple[str, str]] = []

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        assert not messages
        self.read.append((after, text))
        found = sum(self._nats.get(word, 0) for word in re.findall(r"\w+", text))
        return (TokenScore(text, found - 40, 0),)


class Silent(ScriptedEngine):
    """Scores nothing."""

    def __init__(self, error: EngineError) -> None:
        super().__init__(REPLIES)
        self._error = error

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        raise self._error


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_text(DRAFT)
    return path


def test_only_changes_that_make_the_text_likelier_are_taken_unseen(chat: Chat, draft: Path) -> None:
    chat.engine = Reading(There=9, light=2.9, said=9)
    assert chat("--edit", "draft.md", "--yes") == 0
    assert draft.read_text() == (
        'There is a light, she said, and it is far. "We was robbed," he said.\n'
    )
    assert "2 of 5 changes accepted" in chat.err


def test_quoted_words_have_to_gain_twice_as_much(chat: Chat, draft: Path) -> None:
    replies = (REPLIES[0], '"We were robbed," he said.')
    for gain, written in ((5.9, "was"), (6.1, "were")):
        draft.write_text(DRAFT)
        chat.engine = Reading(replies, were=gain, said=3.1)
        assert chat("--edit", "draft.md", "--yes") == 0
        assert draft.read_text().endswith(f'"We {written} robbed," he said.\n')


def test_a_sentence_is_read_after_what_stands_before_it(chat: Chat, draft: Path) -> None:
    chat.engine = engine = Reading()
    assert chat("--edit", "draft.md", "--yes") == 0
    first, second = DRAFT.rstrip().split(' "')
    assert engine.read[0] == ("\n", first)
    assert engine.read[1][1].startswith("There is")
    assert (first, f' "{second}') in engine.read


def test_an_engine_that_cannot_score_doubts_nothing(chat: Chat, draft: Path) -> None:
    chat.engine = Silent(Unsupported("it cannot"))
    assert chat("--edit", "draft.md", "--yes") == 0
    assert draft.read_text() == " ".join(REPLIES) + "\n"


def test_what_could_not_be_judged_is_not_taken_unseen(chat: Chat, draft: Path) -> None:
    chat.engine = Silent(WorkerFailed("it died"))
    chat("--edit", "draft.md", "--yes")
    assert draft.read_text() == DRAFT


def test_a_prompt_that_asks_for_no_gain_is_not_held_to_one(
    chat: Chat, draft: Path, home: Path
) -> None:
    own = home / "config" / "prompts" / "mine.toml"
    own.parent.mkdir(parents=True)
    own.write_text('system = "Fix it."\nunit = "sentence"\n')
    for templates in (("-t", "mine"), ("-t", "proofread", "-t", "mine")):
        draft.write_text(DRAFT)
        chat.engine = engine = Reading()
        assert chat("--edit", "draft.md", *templates, "--yes") == 0
        assert draft.read_text() == " ".join(REPLIES) + "\n"
        assert engine.read == []


def test_a_gain_is_the_difference_between_the_whole_texts(starter_engine: WorkerEngine) -> None:
    draft = "It was late. The old man walk to them boats and and sat down – “there”."
    wanted = "The old man walked to the boats and sat down – “there”."
    _, piece = sentence_pieces(split_blocks(draft, markdown=True))
    found = [
        replace(hunk, start=hunk.start + piece.start, end=hunk.end + piece.start)
        for hunk in hunks(piece.text, wanted)
    ]
    assert len(found) == 3

    def score(text: str) -> float:
        return sum(
            each.logprob for each in starter_engine.score((), f" {text}", after="It was late.")
        )

    expected = []
    for hunk in found:
        changed = f"{draft[: hunk.start]}{hunk.new}{draft[hunk.end :]}"
        expected.append(score(changed[piece.start :]) - score(piece.text))
    measured = gains(starter_engine, draft[: piece.start], piece, found)
    assert measured == pytest.approx(expected, abs=0.3)
    assert min(measured) > 1
