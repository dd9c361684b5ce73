"""Any order of appending, marking, crashing and opening again, beside a model in plain memory."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from session_samples import NoWaiting, attached, said

from sessions import Change, Session, SessionFile, SessionStore, Turn
from sessions.codec import encode
from sessions.writers import this_writer

TEXTS = st.sampled_from(["", "Hi", "naïve 🗼\n", "\ud83d"])
TITLES = st.sampled_from(["", "Tales", "Sagas"])
NAMES = st.sampled_from(["a", "b"])
TURNS = st.integers(0, 1000)
"""Whichever turn has that place, counted round and round."""


@dataclass
class Model:
    """What a session should be, as simply as it can be said."""

    turns: dict[str, Turn] = field(default_factory=dict)
    head: str | None = None
    undone: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    branches: dict[str, str] = field(default_factory=dict)
    ratings: dict[str, tuple[int, str]] = field(default_factory=dict)
    reviews: dict[str, tuple[bool, str | None]] = field(default_factory=dict)
    title: str | None = None
    is_own: bool = False
    torn: int = 0

    def path(self, turn: str | None) -> list[str]:
        path: list[str] = []
        while turn is not None:
            path.insert(0, turn)
            turn = self.turns[turn].parent
        return path

    def is_hidden(self, turn: str) -> bool:
        return any(before in self.deleted for before in self.path(turn))

    def visible(self) -> list[str]:
        return [turn for turn in self.turns if not self.is_hidden(turn)]

    def children(self, parent: str | None) -> list[str]:
        return [turn for turn in self.visible() if self.turns[turn].parent == parent]

    def put(self, turn: Turn) -> None:
        self.turns.pop(turn.id, None)
        self.turns[turn.id] = turn
        self.head, self.undone = turn.id, []

    def undo(self, turn: str | None) -> None:
        if self.head is not None:
            self.undone.append(self.head)
        self.head = turn

    def delete(self, turn: str) -> None:
        self.deleted.add(turn)
        self.undone = [one for one in self.undone if not self.is_hidden(one)]
        seen = [one for one in self.path(self.head) if not self.is_hidden(one)]
        self.head = seen[-1] if seen else None

    def set_title(self, title: str, *, by_model: bool) -> None:
        if not (by_model and self.is_own):
            self.title, self.is_own = title or None, bool(title) and not by_model


class SessionMachine(RuleBasedStateMachine):
    """One session, in a file and in the model."""

    steps = 0
    crashes = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        index = root / "index.db"
        self.eager = SessionStore(root / "sessions", syscalls=NoWaiting())
        self.lazy = SessionStore(
            root / "sessions", index=index, syscalls=NoWaiting(), long_file=500
        )
        self.model = Model()
        self.log: SessionFile = self.eager.create()

    def teardown(self) -> None:
        with closing(self.lazy), self.folder:
            pass

    def any_turn(self, place: int) -> str:
        turns = list(self.model.turns)
        return turns[place % len(turns)]

    @initialize(text=TEXTS)
    def begin(self, text: str) -> None:
        self.put(said(text))

    def put(self, turn: Turn) -> None:
        self.log.append(turn)
        self.model.put(turn)

    @rule(text=TEXTS)
    def go_on(self, text: str) -> None:
        self.put(said(text, self.model.head))

    @rule(place=TURNS, text=TEXTS)
    def answer_again(self, place: int, text: str) -> None:
        self.put(replace(said(text, self.any_turn(place)), role="assistant", model="SmolLM2"))

    @rule(text=TEXTS)
    def attach(self, text: str) -> None:
        self.put(attached(said("See ", self.model.head), "A letter.", text))

    @rule(text=TEXTS, is_finished=st.booleans())
    def checkpoint(self, text: str, is_finished: bool) -> None:
        turn = replace(said(text, self.model.head), role="assistant")
        self.log.checkpoint(turn)
        writer = this_writer()
        extra = {"writer": writer} if writer is not None else {}
        self.model.put(replace(turn, status="partial", extra=extra))
        if is_finished:
            self.put(replace(turn, content=f"{text} and on"))

    @rule(place=TURNS, name=NAMES, text=TEXTS)
    def branch(self, place: int, name: str, text: str) -> None:
        first = said(text, self.any_turn(place))
        second = said("And", first.id)
        if self.model.head is not None:
            self.model.branches[name] = self.model.head
        self.log.append_branch([first, second], name_of_head=name)
        self.model.put(first)
        self.model.put(second)

    @rule(place=TURNS, name=NAMES, new_name=NAMES)
    def rename(self, place: int, name: str, new_name: str) -> None:
        turn = self.any_turn(place)
        self.log.rename_branch(name, new_name, turn)
        self.model.branches[new_name] = self.model.branches.get(name, turn)
        if name != new_name:
            self.model.branches.pop(name, None)

    @rule(place=TURNS)
    def go_to(self, place: int) -> None:
        turn = self.any_turn(place)
        self.log.set_head(turn)
        self.model.head, self.model.undone = turn, []

    @rule(steps=st.integers(0, 3))
    def undo(self, steps: int) -> None:
        path = [None, *self.model.path(self.model.head)]
        turn = path[max(0, len(path) - 1 - steps)]
        self.log.undo(turn)
        self.model.undo(turn)

    @rule()
    def redo(self) -> None:
        assert self.log.redo() == bool(self.model.undone)
        if self.model.undone:
            self.model.head = self.model.undone.pop()

    @rule(place=TURNS)
    def delete(self, place: int) -> None:
        turn = self.any_turn(place)
        self.log.delete(turn)
        self.model.delete(turn)

    @rule(place=TURNS)
    def restore(self, place: int) -> None:
        turn = self.any_turn(place)
        self.log.restore(turn)
        self.model.deleted.discard(turn)

    @rule(place=TURNS, value=st.sampled_from([-1, 0, 1]), note=TEXTS)
    def rate(self, place: int, value: Literal[-1, 0, 1], note: str) -> None:
        turn = self.any_turn(place)
        self.log.rate(turn, value, note)
        self.model.ratings[turn] = (value, note)

    @rule(place=TURNS, final=TEXTS, taken=st.booleans())
    def review(self, place: int, final: str, taken: bool) -> None:
        turn = self.any_turn(place)
        self.log.review(turn, [Change(taken, (0, 3), None, final)])
        self.model.reviews[turn] = (taken, final)

    @rule(title=TITLES, by_model=st.booleans())
    def set_title(self, title: str, by_model: bool) -> None:
        self.log.set_title(title, by_model=by_model)
        self.model.set_title(title, by_model=by_model)

    @rule(cut=st.integers(1, 200), is_lazy=st.booleans())
    def crash(self, cut: int, is_lazy: bool) -> None:
        """A process dies in the middle of a line, and another one opens the session."""
        line = encode(said("Torn", self.model.head))
        assume(cut < len(line) - 1)
        is_torn = not self.log.path.read_bytes().endswith(b"\n")
        with self.log.path.open("ab") as file:
            file.write(b"\n" * is_torn + line[:cut])
        self.model.torn += 1
        type(self).crashes += 1
        self.open_again(is_lazy)

    @rule(is_lazy=st.booleans())
    def open_again(self, is_lazy: bool) -> None:
        store = self.lazy if is_lazy else self.eager
        self.log = store.open(self.log.session.id)

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        type(self).steps += 1
        self.compare(self.log.session)

    @rule(is_lazy=st.booleans())
    def others_read_the_same(self, is_lazy: bool) -> None:
        store = self.lazy if is_lazy else self.eager
        self.compare(store.open(self.log.session.id).session)

    def compare(self, session: Session) -> None:
        model = self.model
        assert list(session.turns) == list(model.turns)
        assert (session.head, session.undone) == (model.head, model.undone)
        assert (session.title, session.title_is_own) == (model.title, model.is_own)
        assert session.branches == model.branches
        assert list(session.visible()) == model.visible()
        ratings = {turn: (one.value, one.note) for turn, one in session.ratings.items()}
        assert ratings == model.ratings
        changes = {turn: one.changes[0] for turn, one in session.reviews.items()}
        reviews = {turn: (one.taken, one.final) for turn, one in changes.items()}
        assert reviews == model.reviews
        assert session.damaged_lines == model.torn
        if model.head is not None:
            assert [turn.id for turn in session.path()] == model.path(model.head)
        for parent in [None, *model.turns]:
            assert [turn.id for turn in session.children(parent)] == model.children(parent)
        assert session.turns == model.turns


def run(machine: type[SessionMachine], examples: int, steps: int) -> None:
    machine.steps = machine.crashes = 0
    run_machine(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            derandomize=examples < 100,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{machine.steps} steps with {machine.crashes} crashes were what the model says")
    assert machine.steps >= examples * steps // 2


def test_two_thousand_steps_leave_the_session_that_the_model_says() -> None:
    run(SessionMachine, examples=40, steps=50)


@pytest.mark.soak
def test_a_hundred_thousand_steps_leave_the_session_that_the_model_says() -> None:
    run(SessionMachine, examples=2500, steps=60)
