"""Sessions made at random that have everything a session can have, for tests that damage them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Literal

from engine.sampling_params import Sampling
from engine.types import Message, Timings, Usage
from sessions import (
    Attachment,
    Build,
    Change,
    Limits,
    OperatingSystem,
    SessionFile,
    SessionStore,
    TokenLogprob,
    Turn,
    new_turn_id,
)
from sessions.files import sha256_of

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)

WORDS = (
    "",
    "Hi",
    "naïve — 灯台 🗼",
    "two\nlines\r\n\u2028",
    '"}\n{"crc":"00000000","r":{}}',
    "\ud83d",
)
TEXTS = ("A letter.\n", "naïve 🗼", "", "\udc00 alone")
NAMES = ("letter.md", None, 'a "b".txt')
RATINGS: tuple[Literal[-1, 0, 1], ...] = (-1, 0, 1)


class NoWaiting(OperatingSystem):
    """The real calls, but for those that wait for the disk."""

    def fsync(self, fd: int) -> None:
        """Nothing cuts the power in a test."""


def said(content: str, parent: str | None = None) -> Turn:
    """A question."""
    return Turn(new_turn_id(), parent, "user", content, NOON)


def attached(turn: Turn, *texts: str, name: str | None = "letter.md") -> Turn:
    """The turn with texts at the end of its content."""
    content, attachments = turn.content, []
    for text in texts:
        attachments.append(Attachment(name, sha256_of(text), len(content), len(text)))
        content += text
    return replace(turn, content=content, attachments=tuple(attachments))


def random_session(store: SessionStore, chance: random.Random, records: int) -> SessionFile:
    """A session of so many records of every kind, and one question at least."""
    log = store.create(title=chance.choice(["", "Tales"]))
    log.append(said("Question"))
    for _ in range(records):
        chance.choice(_ACTIONS)(log, chance)
    return log


def random_turn(log: SessionFile, chance: random.Random) -> Turn:
    """A turn of any role that follows any turn, or none."""
    parents = [log.session.head, *log.session.turns, None]
    turn = said(chance.choice(WORDS), chance.choice([log.session.head, *parents]))
    kind = chance.randrange(6)
    if kind == 0:
        texts = chance.choices(TEXTS, k=chance.randrange(1, 3))
        turn = attached(turn, *texts, name=chance.choice(NAMES))
        return replace(turn, content=turn.content + chance.choice(WORDS))
    if kind == 1:
        return replace(turn, role="system", examples=(Message("user", "teh"),), prompt="tighten")
    if kind == 2:
        summarised = tuple(chance.choices(list(log.session.turns), k=2))
        return replace(turn, role="system", summarises=summarised)
    return answered(turn, chance) if kind < 5 else turn


def answered(turn: Turn, chance: random.Random) -> Turn:
    """The turn as an answer, with what only answers have."""
    return replace(
        turn,
        role="assistant",
        status=chance.choice(["complete", "length", "stop", "cancelled", "error"]),
        model=chance.choice([None, "SmolLM2"]),
        build=chance.choice([None, Build("ab12", None, "0.3.36")]),
        sampling=chance.choice([None, Sampling(seed=7)]),
        limits=chance.choice([None, Limits(64, stop=("\n",), think=False)]),
        usage=chance.choice([None, Usage(31, 4)]),
        timings=chance.choice([None, Timings(0.25, 1.5)]),
        logprobs=chance.choice([(), (TokenLogprob("Hi", -0.125),)]),
        extra=chance.choice([{}, {"weather": "fog"}]),
    )


def _append(log: SessionFile, chance: random.Random) -> None:
    log.append(random_turn(log, chance))


def _answer(log: SessionFile, chance: random.Random) -> None:
    turn = answered(said("Once upon a time", log.session.head), chance)
    log.checkpoint(replace(turn, content="Once"))
    if chance.random() < 0.8:
        log.append(turn)


def _branch(log: SessionFile, chance: random.Random) -> None:
    first = random_turn(log, chance)
    log.append_branch([first, said("Copy", first.id)], name_of_head="before")


def _name(log: SessionFile, chance: random.Random) -> None:
    turn = _any_turn(log, chance)
    if chance.random() < 0.5:
        log.name_branch(chance.choice("ab"), turn)
    else:
        log.rename_branch(chance.choice("ab"), chance.choice("bc"), turn)


def _move(log: SessionFile, chance: random.Random) -> None:
    log.set_head(_any_turn(log, chance))


def _undo(log: SessionFile, chance: random.Random) -> None:
    log.undo(chance.choice([None, _any_turn(log, chance)]))


def _redo(log: SessionFile, _chance: random.Random) -> None:
    log.redo()


def _delete(log: SessionFile, chance: random.Random) -> None:
    log.delete(_any_turn(log, chance))


def _restore(log: SessionFile, chance: random.Random) -> None:
    log.restore(_any_turn(log, chance))


def _rate(log: SessionFile, chance: random.Random) -> None:
    log.rate(_any_turn(log, chance), chance.choice(RATINGS), chance.choice(["", "dry"]))


def _review(log: SessionFile, chance: random.Random) -> None:
    changes = (
        Change(chance.random() < 0.7, _span(chance), _span(chance), chance.choice([None, *WORDS]))
        for _ in range(chance.randrange(4))
    )
    log.review(_any_turn(log, chance), list(changes))


def _span(chance: random.Random) -> tuple[int, int] | None:
    start = chance.randrange(6)
    return chance.choice([None, (start, start + chance.randrange(6))])


def _title(log: SessionFile, chance: random.Random) -> None:
    log.set_title(chance.choice(["Tales", "", "Sagas"]), by_model=chance.random() < 0.5)


def _any_turn(log: SessionFile, chance: random.Random) -> str:
    return chance.choice(list(log.session.turns))


_ACTIONS: list[Callable[[SessionFile, random.Random], None]] = [
    *[_append] * 6,
    *[_answer] * 3,
    *(_branch, _name, _move, _undo, _undo, _redo, _delete, _restore, _rate, _review, _title),
]
