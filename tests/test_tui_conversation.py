"""The response loop: what is saved, when, and however an answer ends."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from engine.errors import CannotFit
from engine.sampling_params import Sampling
from engine.scripted import Reply, ScriptedEngine
from engine.types import Finished, Message, Piece
from sessions import OperatingSystem, SessionFile, SessionStore, memory_session
from tui.conversation import Conversation, ConversationEvent, Question, Settings
from tui.errors import UsageProblem
from tui.saver import NotSaved
from tui.session_replay import request_of


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


def talked(*replies: Reply | str, turns: int = 1) -> tuple[Conversation, ScriptedEngine]:
    """A conversation in memory with some questions: q0, q1 and so on."""
    engine = ScriptedEngine(replies)
    conversation = Conversation(engine, memory_session())
    for number in range(turns):
        list(conversation.ask(Question(f"q{number}")))
    return conversation, engine


def path_of(conversation: Conversation) -> list[str]:
    return [turn.content for turn in conversation.log.session.path()]


def test_any_answer_is_gone_on_with_on_a_branch_of_its_own() -> None:
    conversation, engine = talked("one", "two", " more", turns=2)
    first = conversation.log.session.path()[1]
    list(conversation.continue_answer(first))
    assert path_of(conversation) == ["q0", "one more"]
    assert engine.requests[-1].prefill == "one"
    assert [turn.content for turn in conversation.siblings(first)] == ["one", "one more"]


def test_an_answer_is_gone_on_with_after_a_new_system_text() -> None:
    conversation, engine = talked("one", " more")
    conversation.instruct("Shout.")
    list(conversation.continue_answer())
    assert path_of(conversation) == ["Shout.", "q0", "one more"]
    assert [message.content for message in engine.requests[-1].messages] == ["Shout.", "q0"]


def test_another_word_is_chosen_and_gone_on_from() -> None:
    conversation, engine = talked("The cat sat", " stood")
    old = conversation.last_answer()
    list(conversation.continue_from(old, "The dog"))
    new = conversation.last_answer()
    assert (new.content, new.edits, new.continues) == ("The dog stood", (old.id,), None)
    assert new.model == "scripted"
    assert engine.requests[-1].prefill == "The dog"
    assert conversation.log.session.turns[old.id].content == "The cat sat"
    with pytest.raises(UsageProblem, match="a person wrote part of this answer"):
        request_of(conversation.log.session, new)


def test_an_answer_of_a_persons_own_is_saved_as_one(store: SessionStore) -> None:
    conversation, log = converse(store, "one")
    list(conversation.ask(Question("Hi")))
    old = conversation.last_answer()
    new = conversation.reword_answer("mine")
    assert (new.edits, new.model, new.parent) == ((old.id,), None, old.parent)
    assert store.open(log.session.id).session == log.session
    with pytest.raises(UsageProblem, match="an answer cannot be empty"):
        conversation.reword_answer(" ")


def test_settings_of_one_answer_are_not_those_of_the_next() -> None:
    conversation, engine = talked("one", "two", "three")
    once = Settings(Sampling(temperature=0.1), max_tokens=7)
    list(conversation.regenerate(settings=once, alternatives=2))
    list(conversation.regenerate())
    _, again, after = engine.requests
    assert (again.sampling.temperature, again.max_tokens, again.alternatives) == (0.1, 7, 2)
    assert (after.sampling.temperature, after.max_tokens, after.alternatives) == (0.7, None, 1)


def test_an_earlier_question_is_answered_again_as_it_was_asked() -> None:
    conversation, engine = talked("one", "two", "three", turns=2)
    conversation.instruct("Shout.")
    list(conversation.regenerate(conversation.log.session.path()[1]))
    assert [message.content for message in engine.requests[-1].messages] == ["q0"]


def test_nothing_answers_a_system_text() -> None:
    conversation, _ = talked("one")
    conversation.instruct("Shout.")
    with pytest.raises(UsageProblem, match="that turn is a system text"):
        conversation.regenerate(conversation.log.session.path()[-1])


def test_a_version_is_gone_to_where_it_was_left() -> None:
    conversation, _ = talked("one", "two", "other", turns=2)
    old = conversation.log.session.path()[1]
    list(conversation.regenerate(conversation.log.session.path()[0]))
    new = conversation.last_answer()
    assert conversation.step(new, -1) == old
    assert path_of(conversation) == ["q0", "one", "q1", "two"]
    conversation.undo()
    assert conversation.step(old, 1) == new
    assert path_of(conversation) == ["q0", "other"]
    conversation.step(new, -1)
    assert path_of(conversation) == ["q0", "one", "q1", "two"]
    with pytest.raises(UsageProblem, match="there is no version 3 of 2"):
        conversation.step(new, 1)


def test_a_version_is_gone_to_where_other_words_for_it_left_it() -> None:
    conversation, _ = talked("one", "two", "other", "three", turns=2)
    question, _, _, two = conversation.log.session.path()
    list(conversation.regenerate())
    conversation.step(conversation.last_answer(), -1)
    conversation.step(two, 1)
    reworded = conversation.reword("q0 again", turn=question)
    list(conversation.regenerate())
    assert path_of(conversation) == ["q0 again", "three"]
    conversation.step(reworded, -1)
    assert path_of(conversation) == ["q0", "one", "q1", "other"]


def test_versions_under_another_system_text_are_versions_too() -> None:
    conversation, _ = talked("one", "two")
    question = conversation.log.session.path()[0]
    conversation.instruct("Shout.")
    list(conversation.regenerate())
    copy = conversation.last_question()
    assert copy.id != question.id
    assert [turn.id for turn in conversation.siblings(copy)] == [question.id, copy.id]


def test_answers_to_different_questions_are_not_put_together() -> None:
    conversation, _ = talked("one", "two", turns=2)
    _, first, _, second = conversation.log.session.path()
    with pytest.raises(UsageProblem, match="answers to the same question"):
        conversation.merge([(first, 1), (second, 1)])
    with pytest.raises(UsageProblem, match="name at least one"):
        conversation.merge([])


def test_a_title_is_not_looked_for_once_it_is_given_up() -> None:
    conversation, engine = talked("Once.", Reply("A long title", endless=True))
    events = conversation.retitle()
    conversation.cancel()
    with pytest.raises(UsageProblem, match="the model found no title"):
        list(events)
    assert engine.requests[-1].aside
    assert conversation.log.session.title is None
