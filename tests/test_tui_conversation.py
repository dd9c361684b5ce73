"""The response loop: what is saved, when, and however an answer ends."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from engine.errors import CannotFit
from engine.scripted import Reply, ScriptedEngine
from engine.types import Finished, Message, Piece, Sampling
from sessions import OperatingSystem, SessionFile, SessionStore
from tui.conversation import Conversation, ConversationEvent, Question, Settings
from tui.saver import NotSaved


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


def converse(store: SessionStore, *replies: Reply | str) -> tuple[Conversation, SessionFile]:
    log = store.create()
    return Conversation(ScriptedEngine(replies), log), log


def saved(store: SessionStore, log: SessionFile) -> list[tuple[str, str, str]]:
    """Role, content and status of each turn that another process would read."""
    turns = store.open(log.session.id).session.path()
    return [(turn.role, turn.content, turn.status) for turn in turns]


def finish(events: list[ConversationEvent]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def test_a_question_and_its_answer_are_saved(store: SessionStore) -> None:
    conversation, log = converse(store, "Hello there.")
    events = list(conversation.ask(Question("Hi")))
    assert finish(events).reason == "end"
    assert saved(store, log) == [
        ("user", "Hi", "complete"),
        ("assistant", "Hello there.", "complete"),
    ]


def test_the_question_is_durable_before_anything_is_generated(store: SessionStore) -> None:
    conversation, log = converse(store, "Hello there.")
    events = conversation.ask(Question("Hi"))
    next(events)
    assert saved(store, log) == [("user", "Hi", "complete")]
    events.close()


def test_the_answer_is_durable_when_its_end_is_announced(store: SessionStore) -> None:
    conversation, log = converse(store, "Hello there.")
    for event in conversation.ask(Question("Hi")):
        if isinstance(event, Finished):
            assert saved(store, log)[-1] == ("assistant", "Hello there.", "complete")
            return
    pytest.fail("the answer never ended")


def test_the_model_gets_system_text_examples_and_history(store: SessionStore) -> None:
    engine = ScriptedEngine(["one", "two"])
    conversation = Conversation(engine, store.create())
    examples = (Message("user", "in"), Message("assistant", "out"))
    conversation.instruct("Be brief.", examples)
    list(conversation.ask(Question("first")))
    list(conversation.ask(Question("second")))
    assert [message.content for message in engine.requests[1].messages] == [
        *("Be brief.", "in", "out"),
        *("first", "one", "second"),
    ]


def test_the_same_instruction_twice_is_one_turn(store: SessionStore) -> None:
    conversation, log = converse(store, "one")
    for _ in range(2):
        conversation.instruct("Be brief.")
    assert len(log.session.turns) == 1


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply("cut off", "length"), "length"),
        (Reply("cut at a stop", "stop"), "stop"),
        (Reply("half an", "error", "the engine stopped"), "error"),
    ],
)
def test_an_answer_is_saved_with_the_way_it_ended(
    store: SessionStore, reply: Reply, status: str
) -> None:
    conversation, log = converse(store, reply)
    list(conversation.ask(Question("Hi")))
    assert saved(store, log)[-1] == ("assistant", reply.text, status)


def test_a_cancelled_answer_is_kept(store: SessionStore) -> None:
    conversation, log = converse(store, Reply(" word", endless=True))
    pieces = 0
    for event in conversation.ask(Question("Hi")):
        pieces += isinstance(event, Piece)
        if pieces == 3:
            conversation.cancel()
    role, content, status = saved(store, log)[-1]
    assert (role, status) == ("assistant", "cancelled")
    assert content.count("word") >= 3


def test_an_answer_that_nobody_reads_to_its_end_is_kept(store: SessionStore) -> None:
    conversation, log = converse(store, Reply(" word", endless=True))
    events = conversation.ask(Question("Hi"))
    seen = "".join(e.text for e in itertools.islice(events, 5) if isinstance(e, Piece))
    events.close()
    assert saved(store, log)[-1] == ("assistant", seen, "cancelled")


def test_a_long_answer_is_saved_on_the_way(store: SessionStore) -> None:
    ticks = itertools.count(0.0, 0.6)
    log = store.create()
    engine = ScriptedEngine([Reply(" word", endless=True)])
    conversation = Conversation(engine, log, clock=lambda: next(ticks))
    events = conversation.ask(Question("Hi"))
    for _ in itertools.islice(events, 6):
        pass
    role, content, status = saved(store, log)[-1]
    assert (role, status) == ("assistant", "partial")
    assert "word" in content
    events.close()


def test_a_question_without_an_answer_is_not_followed_by_a_second_one(store: SessionStore) -> None:
    log = store.create()
    engine = ScriptedEngine(["fine"], n_ctx=10)
    conversation = Conversation(engine, log)
    conversation.instruct("Be brief.")
    with pytest.raises(CannotFit):
        list(conversation.ask(Question("too long " * 10)))
    list(conversation.ask(Question("short")))
    assert [message.content for message in engine.requests[-1].messages] == ["Be brief.", "short"]
    assert len(log.session.turns) == 4


def test_each_answer_draws_a_seed_and_records_it(store: SessionStore) -> None:
    conversation, log = converse(store, "one", "two")
    list(conversation.ask(Question("a")))
    list(conversation.ask(Question("b")))
    answers = [turn for turn in log.session.path() if turn.role == "assistant"]
    seeds = {turn.sampling.seed for turn in answers if turn.sampling}
    assert len(seeds) == 2
    assert None not in seeds


def test_settings_reach_the_engine(store: SessionStore) -> None:
    engine = ScriptedEngine(["one two three four"])
    settings = Settings(Sampling(temperature=0, seed=3), max_tokens=2, stop=("x",))
    conversation = Conversation(engine, store.create(), settings)
    events = list(conversation.ask(Question("a")))
    assert finish(events).reason == "length"
    assert engine.requests[0].sampling == settings.sampling
    assert engine.requests[0].stop == ("x",)


class FullDisk(OperatingSystem):
    """Takes no data as long as it is full."""

    full = True

    def write(self, fd: int, data: bytes | memoryview) -> int:
        if self.full:
            raise OSError(28, "No space left on device")
        return super().write(fd, data)


def test_a_full_disk_is_said_and_the_answer_still_comes(tmp_path: Path) -> None:
    disk = FullDisk()
    store = SessionStore(tmp_path / "sessions", syscalls=disk)
    log = store.create()
    conversation = Conversation(ScriptedEngine(["Hello there.", "Again."]), log)
    events = list(conversation.ask(Question("Hi")))
    reasons = [event.reason for event in events if isinstance(event, NotSaved)]
    assert len(reasons) == 1
    assert "No space left" in reasons[0]
    assert "".join(event.text for event in events if isinstance(event, Piece)) == "Hello there."
    disk.full = False
    list(conversation.ask(Question("And now?")))
    assert [content for _, content, _ in saved(store, log)] == [
        *("Hi", "Hello there."),
        *("And now?", "Again."),
    ]
