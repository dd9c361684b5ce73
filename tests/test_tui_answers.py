"""Alternatives, another try, going on, and what a model thought of each token."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence
from dataclasses import replace

import pytest

from engine.errors import CannotFit
from engine.scripted import Reply, ScriptedEngine
from engine.types import (
    Event,
    Finished,
    Message,
    Notice,
    Piece,
    Request,
    Scored,
    Timings,
    TokenScore,
    Usage,
)
from sessions import SessionStore, TokenLogprob, Turn
from tui.conversation import Conversation, ConversationEvent, Question, Settings
from tui.errors import UsageProblem
from tui.plain import one_after_another


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> SessionStore:
    return SessionStore(tmp_path_factory.mktemp("data") / "sessions")


def converse(store: SessionStore, *replies: Reply | str) -> tuple[Conversation, ScriptedEngine]:
    engine = ScriptedEngine(replies)
    return Conversation(engine, store.create()), engine


def saved(store: SessionStore) -> list[Turn]:
    """The turns that another process would go on from."""
    return store.open(store.latest()).session.path()


def answers_of(store: SessionStore, question: str) -> set[tuple[str, str]]:
    """Content and status of every answer that another process would find."""
    session = store.open(store.latest()).session
    asked = next(turn for turn in session.turns.values() if turn.content == question)
    return {(turn.content, turn.status) for turn in session.children(asked.id)}


def said(events: Sequence[ConversationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Piece))


def test_alternatives_are_answers_beside_each_other_and_the_first_is_gone_on_with(
    store: SessionStore,
) -> None:
    conversation, engine = converse(store, "One longer answer.", "Two.", Reply("Three", "length"))
    list(conversation.ask(Question("Hi"), alternatives=3))
    assert answers_of(store, "Hi") == {
        ("One longer answer.", "complete"),
        ("Two.", "complete"),
        ("Three", "length"),
    }
    assert [turn.content for turn in saved(store)] == ["Hi", "One longer answer."]
    assert [turn.content for turn in conversation.answers] == [
        *("One longer answer.", "Two.", "Three"),
    ]
    list(conversation.ask(Question("And?")))
    assert [message.content for message in engine.requests[-1].messages] == [
        *("Hi", "One longer answer.", "And?"),
    ]


def test_the_first_alternative_is_shown_at_once_and_the_others_in_turn() -> None:
    end = Finished("end", Usage(1, 1), Timings(0, 0))
    events: list[ConversationEvent] = [
        *(Piece("a", 0), Piece("c", 2), Piece("b", 1), Piece("aa", 0)),
        *(replace(end, index=2), end, Piece("bb", 1), replace(end, index=1)),
    ]
    shown = one_after_another(iter(events))
    assert next(shown) == Piece("a", 0)
    rest = [(event.index, getattr(event, "text", "end")) for event in shown]  # type: ignore[union-attr]
    assert rest == [(0, "aa"), (0, "end"), (1, "b"), (1, "bb"), (1, "end"), (2, "c"), (2, "end")]


def test_each_alternative_is_durable_when_its_end_is_announced(store: SessionStore) -> None:
    conversation, _ = converse(store, "One longer answer.", "Two.", "Three more words.")
    ends = []
    for event in conversation.ask(Question("Hi"), alternatives=3):
        if isinstance(event, Finished):
            ends.append(event.index)
            statuses = dict(answers_of(store, "Hi"))
            expected = ["One longer answer.", "Two.", "Three more words."][event.index]
            assert statuses[expected] == "complete"
    assert ends == [1, 0, 2]
    assert saved(store)[-1].content == "One longer answer."


def test_the_engine_is_free_when_the_last_end_is_announced(store: SessionStore) -> None:
    class Busy(ScriptedEngine):
        busy = False

        def stream(self, request: Request) -> Generator[Event, None, None]:
            self.busy = True
            try:
                yield from super().stream(request)
            finally:
                self.busy = False

    engine = Busy(["One.", "Two words."])
    conversation = Conversation(engine, store.create())
    busy = [
        engine.busy
        for event in conversation.ask(Question("Hi"), alternatives=2)
        if isinstance(event, Finished)
    ]
    assert busy == [True, False]


def test_a_checkpoint_holds_every_answer_that_is_still_being_made(store: SessionStore) -> None:
    ticks = itertools.count(0.0, 0.6)
    replies: list[Reply | str] = [Reply(" a", endless=True), Reply(" b", endless=True), "done"]
    conversation = Conversation(ScriptedEngine(replies), store.create(), clock=lambda: next(ticks))
    events = conversation.ask(Question("Hi"), alternatives=3)
    for _ in itertools.islice(events, 12):
        pass
    statuses = [status for _, status in sorted(answers_of(store, "Hi"))]
    assert statuses == ["partial", "partial", "complete"]
    assert saved(store)[-1].content.startswith(" a")
    events.close()
    assert {status for _, status in answers_of(store, "Hi")} == {"cancelled", "complete"}
    assert saved(store)[-1].content.startswith(" a")


def test_cancelling_ends_every_alternative_and_keeps_it(store: SessionStore) -> None:
    conversation, _ = converse(store, Reply(" a", endless=True), Reply(" b", endless=True))
    pieces = 0
    for event in conversation.ask(Question("Hi"), alternatives=2):
        pieces += isinstance(event, Piece)
        if pieces == 4:
            conversation.cancel()
    assert {status for _, status in answers_of(store, "Hi")} == {"cancelled"}
    assert len(answers_of(store, "Hi")) == 2


class Failing(ScriptedEngine):
    """Says a few words of each answer, and one end for everything, as a dead worker does."""

    def _events(self, request: Request) -> Generator[Event, None, None]:
        yield Piece("One", 0)
        yield Piece("Two", 1)
        yield Finished("end", Usage(1, 1), Timings(0, 0), index=0)
        yield Finished("error", Usage(1, 1), Timings(0, 0), "the engine stopped")


def test_an_engine_that_dies_ends_every_answer_that_was_not_finished(store: SessionStore) -> None:
    conversation = Conversation(Failing(["x"]), store.create())
    events = list(conversation.ask(Question("Hi"), alternatives=3))
    ends = [(e.index, e.reason) for e in events if isinstance(e, Finished)]
    assert ends == [(0, "end"), (1, "error"), (2, "error")]
    assert answers_of(store, "Hi") == {("One", "complete"), ("Two", "error"), ("", "error")}


def test_regenerating_puts_a_new_answer_beside_the_old_one(store: SessionStore) -> None:
    conversation, engine = converse(store, "First.", "Second.", "Third.")
    conversation.instruct("Be brief.")
    list(conversation.ask(Question("Hi")))
    assert said(list(conversation.regenerate())) == "Second."
    assert engine.requests[0].messages == engine.requests[1].messages
    assert answers_of(store, "Hi") == {("First.", "complete"), ("Second.", "complete")}
    list(conversation.ask(Question("And?")))
    assert [turn.content for turn in saved(store)] == [
        *("Be brief.", "Hi", "Second.", "And?", "Third."),
    ]


def test_a_question_that_was_never_answered_can_be_answered_again(store: SessionStore) -> None:
    engine = ScriptedEngine(["Fine."], n_ctx=4)
    conversation = Conversation(engine, store.create())
    with pytest.raises(CannotFit):
        list(conversation.ask(Question("much too long a question")))
    conversation.engine = ScriptedEngine(["Fine."])
    list(conversation.regenerate())
    assert [turn.content for turn in saved(store)] == ["much too long a question", "Fine."]


def test_a_new_answer_heeds_a_system_text_that_came_after_the_question(store: SessionStore) -> None:
    conversation, engine = converse(store, "one", "First.", "Second.")
    list(conversation.ask(Question("before")))
    list(conversation.ask(Question("Hi")))
    conversation.instruct("Be kind.")
    list(conversation.regenerate())
    assert engine.requests[-1].messages == (
        Message("system", "Be kind."),
        *(Message("user", "before"), Message("assistant", "one"), Message("user", "Hi")),
    )
    assert saved(store)[-1].content == "Second."


@pytest.mark.parametrize("reason", ["length", "cancelled", "error", "end"])
def test_an_answer_goes_on_where_it_ended(store: SessionStore, reason: str) -> None:
    conversation, engine = converse(store, Reply("Once up", reason), "on a time.")  # type: ignore[arg-type]
    conversation.instruct("Tell stories.")
    list(conversation.ask(Question("Hi")))
    assert said(list(conversation.continue_answer())) == "on a time."
    request = engine.requests[-1]
    assert request.prefill == "Once up"
    assert [message.content for message in request.messages] == ["Tell stories.", "Hi"]
    status = "complete" if reason == "end" else reason
    assert answers_of(store, "Hi") == {("Once up", status), ("Once upon a time.", "complete")}
    old = next(t for t in conversation.log.session.turns.values() if t.content == "Once up")
    assert saved(store)[-1].continues == old.id
    assert saved(store)[-1].content == "Once upon a time."


def test_an_answer_whose_writer_died_goes_on_too(store: SessionStore) -> None:
    ticks = itertools.count(0.0, 2.0)
    conversation = Conversation(
        ScriptedEngine([Reply(" word", endless=True)]), store.create(), clock=lambda: next(ticks)
    )
    events = conversation.ask(Question("Hi"))
    for _ in itertools.islice(events, 4):
        pass
    left = store.open(conversation.log.session.id)
    assert left.session.path()[-1].status == "partial"
    again = Conversation(ScriptedEngine([" and more."]), left)
    list(again.continue_answer())
    assert saved(store)[-1].content == " word word and more."
    events.close()


def test_going_on_that_brings_nothing_before_it_is_stopped_leaves_the_answer(
    store: SessionStore,
) -> None:
    conversation, _ = converse(store, "Once upon", Reply("more", endless=True))
    list(conversation.ask(Question("Hi")))
    events = conversation.continue_answer()
    next(events)
    events.close()
    assert answers_of(store, "Hi") == {("Once upon", "complete")}
    assert saved(store)[-1].content == "Once upon"


def test_without_an_answer_there_is_nothing_to_go_on_with_or_to_answer_again(
    store: SessionStore,
) -> None:
    conversation, engine = converse(store, "x")
    with pytest.raises(UsageProblem, match="no answer here"):
        conversation.continue_answer()
    with pytest.raises(UsageProblem, match="no question"):
        conversation.regenerate()
    assert engine.requests == []


def test_plain_text_goes_to_the_model_as_it_is_and_goes_on_as_one_text(store: SessionStore) -> None:
    conversation, engine = converse(store, " a time", " there was", "!")
    list(conversation.ask(Question("Once upon", raw=True)))
    list(conversation.ask(Question(" long ago", raw=True)))
    list(conversation.continue_answer())
    assert [request.messages for request in engine.requests] == [(), (), ()]
    assert [request.prefill for request in engine.requests] == [
        "Once upon",
        "Once upon a time long ago",
        "Once upon a time long ago there was",
    ]
    assert saved(store)[-1].content == " there was!"
    with pytest.raises(UsageProblem, match="chat -c --raw"):
        conversation.ask(Question("What?"))


def test_a_conversation_does_not_become_plain_text(store: SessionStore) -> None:
    conversation, _ = converse(store, "Hello.")
    list(conversation.ask(Question("Hi")))
    with pytest.raises(UsageProblem, match="this session is a conversation"):
        conversation.ask(Question("Once upon", raw=True))
    assert [turn.content for turn in saved(store)] == ["Hi", "Hello."]


def test_scores_are_kept_with_the_answer(store: SessionStore) -> None:
    conversation, _ = converse(store, "abc defg", "efg hij")
    conversation.settings = Settings(top_logprobs=2)
    events = list(conversation.ask(Question("Hi")))
    assert sum(isinstance(event, Scored) for event in events) == 2
    assert saved(store)[-1].logprobs == (
        TokenLogprob("abc", -0.333, (("abc", -0.333), (" abc1", -1.333))),
        TokenLogprob(" defg", -0.2, ((" defg", -0.2), (" defg1", -1.2))),
    )
    list(conversation.continue_answer())
    texts = [token.text for token in saved(store)[-1].logprobs]
    assert "".join(texts) == saved(store)[-1].content == "abc defgefg hij"
    conversation.settings = Settings()
    list(conversation.continue_answer())
    assert saved(store)[-1].logprobs == ()


class Certain(ScriptedEngine):
    """Knows tokens that cannot be, and one that it is almost sure of."""

    def _events(self, request: Request) -> Generator[Event, None, None]:
        yield Piece("x")
        yield Scored((TokenScore("x", -0.00001, 0, (("y", float("-inf")),)),))
        yield Finished("end", Usage(1, 1), Timings(0, 0))


def test_scores_that_json_cannot_express_do_not_cost_the_answer(store: SessionStore) -> None:
    conversation = Conversation(Certain(["x"]), store.create(), Settings(top_logprobs=1))
    list(conversation.ask(Question("Hi")))
    assert saved(store)[-1].logprobs == (TokenLogprob("x", 0.0, (("y", -9999.0),)),)


def test_everything_that_was_set_reaches_the_engine(store: SessionStore) -> None:
    conversation, engine = converse(store, "x")
    conversation.settings = Settings(
        grammar="root ::= [a-z]+", banned=("delve",), top_logprobs=3, think=False
    )
    examples = (Message("user", "in"), Message("assistant", "out"))
    conversation.instruct("Be brief.", examples)
    list(conversation.ask(Question("Hi", reference="A draft."), alternatives=2))
    request = engine.requests[0]
    assert (request.grammar, request.banned) == ("root ::= [a-z]+", ("delve",))
    assert (request.top_logprobs, request.think) == (3, False)
    assert (request.reference, request.alternatives) == ("A draft.", 2)
    assert request.stable_messages == 3
    conversation.settings = Settings(schema="{}")
    list(conversation.ask(Question("And?")))
    assert (engine.requests[1].schema, engine.requests[1].stable_messages) == ("{}", 3)


def test_notices_are_passed_on(store: SessionStore) -> None:
    conversation, _ = converse(store, Reply("Yes.", notices=("no switch for thinking",)))
    events = list(conversation.ask(Question("Hi")))
    assert Notice("no switch for thinking") in events
