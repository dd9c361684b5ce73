"""What a model overlooked and nearly corrected is found, if it makes the text far likelier."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from scripted_chat import Chat

from engine.errors import Unsupported
from engine.scripted import Reply, ScriptedEngine
from engine.types import Message, TokenScore

DRAFT = "She walked too the mill and and saw the fire, and it were bright.\n"


class Pondering(ScriptedEngine):
    """Copies the draft but for what it is told, and nearly wrote other things; finds a text the
    likelier the more of some phrases are in it."""

    def __init__(
        self, answer: str, near: Sequence[str], nats: Mapping[str, float], *, then: str = ""
    ) -> None:
        super().__init__([answer, Reply(then, "error", "it broke")] if then else [answer])
        self._near = near
        self._nats = nats
        self.pondered: list[tuple[str, str, float]] = []

    def variants(
        self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
    ) -> tuple[str, ...]:
        self.pondered.append((messages[-1].content, text, within))
        pairs = (each.split(" → ") for each in self._near)
        return tuple(DRAFT.strip().replace(old, new) for old, new in pairs)

    def score(
        self, messages: Sequence[Message], text: str, *, after: str = ""
    ) -> tuple[TokenScore, ...]:
        found = sum(nats for words, nats in self._nats.items() if re.search(rf"\b{words}\b", text))
        return (TokenScore(text, found - 90, 0),)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_text(DRAFT)
    return path


def revised(chat: Chat, draft: Path, engine: Pondering) -> str:
    draft.write_text(DRAFT)
    chat.engine = engine
    assert chat("--edit", "draft.md", "--yes") == 0
    return draft.read_text()


def test_a_word_that_makes_the_text_far_likelier_is_put_right(chat: Chat, draft: Path) -> None:
    engine = Pondering(
        DRAFT,
        ["too the → to the", "and and → and", "the fire → a fire", "it were → it was"],
        {"walked to": 7.6, "mill and saw": 12, "a fire": 7.4, "it was": -3},
    )
    assert revised(chat, draft, engine) == (
        "She walked to the mill and saw the fire, and it were bright.\n"
    )
    (question, text, within) = engine.pondered[0]
    assert DRAFT.strip() in question
    assert (text, within) == (DRAFT.strip(), 3.0)


def test_more_than_a_word_is_not_put_in_unasked(chat: Chat, draft: Path) -> None:
    near = ["saw the fire → looked at a blaze", "bright. → bright;"]
    assert revised(chat, draft, Pondering(DRAFT, near, {"blaze": 50, "bright": 0})) == DRAFT


def test_what_the_model_proposed_itself_stands_unless_another_word_is_far_likelier(
    chat: Chat, draft: Path
) -> None:
    answer = DRAFT.replace("too the", "into the")
    for own, written in ((18, "into the"), (16, "to the"), (1, "to the")):
        nats = {"walked into": own, "walked to": 20}
        engine = Pondering(answer, ["too the → to the"], nats)
        assert revised(chat, draft, engine) == DRAFT.replace("too the", written)


def test_nothing_more_is_offered_where_an_engine_cannot_ponder(chat: Chat, draft: Path) -> None:
    class Plain(Pondering):
        def variants(
            self, messages: Sequence[Message], text: str, *, within: float, most: int = 16
        ) -> tuple[str, ...]:
            raise Unsupported("it cannot")

    engine = Plain(DRAFT.replace("too", "to"), [], {"walked to": 9})
    assert revised(chat, draft, engine) == DRAFT.replace("too", "to")


def test_the_review_shows_both_kinds_in_their_order(chat: Chat, draft: Path) -> None:
    answer = DRAFT.replace("it were", "it was")
    chat.engine = Pondering(answer, ["too the → to the"], {"walked to": 9, "it was": 9})
    assert chat("--edit", "draft.md", "--diff", "json") == 0
    assert re.findall(r'"new": "(.*)"', chat.out) == ["to", "was"]


def test_what_was_found_before_a_stop_is_not_looked_for_again(chat: Chat, draft: Path) -> None:
    second = "It are far away from here.\n"
    draft.write_text(DRAFT + "\n" + second)
    nats = {"walked to": 9, "fire and": -3}
    answer = DRAFT.replace("fire, and", "fire and")
    engine = Pondering(answer, ["too the → to the"], nats, then="It")
    chat.engine = engine
    assert chat("--edit", "draft.md", "--yes") == 1
    assert len(engine.pondered) == 1
    chat.engine = engine = Pondering("It is far away from here.", [], {"It is": 9})
    assert chat("--edit", "draft.md", "--yes") == 0
    assert "1 of 2 parts are already revised" in chat.err
    assert [text for _, text, _ in engine.pondered] == [second.strip()]
    assert draft.read_text() == (
        DRAFT.replace("too the", "to the") + "\n" + second.replace("are", "is")
    )
