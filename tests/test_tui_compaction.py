"""Compaction: what the model gets afterwards, what stays, and that a failure changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.errors import CannotFit
from engine.scripted import Reply, ScriptedEngine
from engine.types import Message, Prefill
from sessions import Session, SessionStore
from tui.compaction import Compacted
from tui.conversation import Conversation, ConversationEvent, Question
from tui.errors import CompactionFailed, StillTooLong, UsageProblem
from tui.saver import NotSaved

LONG = " word" * 20
EXAMPLES = (Message("user", "in"), Message("assistant", "out"))


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> SessionStore:
    return SessionStore(tmp_path_factory.mktemp("data") / "sessions")


def talk(
    store: SessionStore, questions: Sequence[str], *, system: str | None = "Be brief."
) -> Conversation:
    """A conversation whose answers are those of its questions, in capitals."""
    replies = [question.upper() for question in questions]
    conversation = Conversation(ScriptedEngine(replies), store.create())
    if system is not None:
        conversation.instruct(system, EXAMPLES)
    for question in questions:
        list(conversation.ask(Question(question)))
    return conversation


def summarise_as(
    conversation: Conversation, *replies: Reply | str, n_ctx: int = 4096
) -> ScriptedEngine:
    """What the engine says from now on."""
    engine = ScriptedEngine(replies, n_ctx=n_ctx)
    conversation.engine = engine
    return engine


def reread(store: SessionStore) -> Session:
    """The session as another process finds it."""
    return store.open(store.latest()).session


def compacted(events: Sequence[ConversationEvent]) -> Compacted:
    assert isinstance(events[-1], Compacted)
    return events[-1]


def test_the_model_gets_the_summary_in_place_of_the_older_turns(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", f"second{LONG}", "third", "fourth"])
    engine = summarise_as(conversation, " They talked. ", "Fifth.")
    event = compacted(list(conversation.compact()))
    assert (event.summary, event.turns) == ("They talked.", 4)
    assert event.tokens_after < event.tokens_before
    list(conversation.ask(Question("fifth")))
    request = engine.requests[-1]
    assert request.messages == (
        Message("system", "Be brief.\n\nSummary of the conversation so far:\nThey talked."),
        *EXAMPLES,
        *(Message("user", "third"), Message("assistant", "THIRD")),
        *(Message("user", "fourth"), Message("assistant", "FOURTH")),
        Message("user", "fifth"),
    )
    assert request.stable_messages == 3
    assert conversation.system == "Be brief."


def test_the_summariser_sees_the_older_turns_and_nothing_else(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second", "third"])
    engine = summarise_as(conversation, "They talked.")
    list(conversation.compact())
    (message,) = engine.requests[0].messages
    assert f"Person: first{LONG}" in message.content
    assert f"Assistant: FIRST{LONG.upper()}" in message.content
    assert "second" not in message.content
    assert "Be brief." not in message.content
    assert engine.requests[0].max_tokens is not None


def test_the_branch_as_it_was_stays_under_a_name(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second", "third"])
    before = reread(store)
    summarise_as(conversation, "They talked.")
    event = compacted(list(conversation.compact()))
    after = reread(store)
    assert after.branches == {event.original: before.head}
    assert after.messages(before.head) == before.messages()
    system, summary, *copies = after.path()
    assert system == before.path()[0]
    assert summary.parent == system.id
    assert summary.summarises == tuple(turn.id for turn in before.path()[1:3])
    assert [copy.copy_of for copy in copies] == [turn.id for turn in before.path()[3:]]
    assert [copy.content for copy in copies] == ["second", "SECOND", "third", "THIRD"]


def test_a_name_that_the_branch_has_is_kept_and_a_taken_one_is_not_moved(
    store: SessionStore,
) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    head = conversation.log.session.head
    assert head is not None
    conversation.log.name_branch("mine", head)
    summarise_as(conversation, "They talked.")
    assert compacted(list(conversation.compact(2))).original == "mine"
    for number in ("before compaction", "before compaction 2"):
        list(conversation.ask(Question(f"more{LONG}")))
        assert compacted(list(conversation.compact(2))).original == number
    assert set(reread(store).branches) == {"mine", "before compaction", "before compaction 2"}


def test_a_second_summary_takes_in_the_first(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", f"second{LONG}", "third"])
    summarise_as(conversation, "They talked.")
    list(conversation.compact(4))
    engine = summarise_as(conversation, "They talked on.", "Fine.")
    list(conversation.compact(2))
    assert "Earlier: They talked." in engine.requests[0].messages[0].content
    list(conversation.ask(Question("fourth")))
    contents = [message.content for message in engine.requests[-1].messages]
    assert contents[0].endswith("so far:\nThey talked on.")
    assert contents[3:] == ["third", "THIRD", "fourth"]


def test_kept_turns_begin_with_a_question(store: SessionStore) -> None:
    last = ["third", "THIRD"]
    for keep, kept in ((0, []), (1, last), (3, ["second", "SECOND", *last])):
        conversation = talk(store, [f"first{LONG}", "second", "third"])
        summarise_as(conversation, "They talked.")
        list(conversation.compact(keep))
        assert [turn.content for turn in reread(store).path()[2:]] == kept


def test_a_question_that_did_not_fit_is_kept_and_can_be_answered_then(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", f"second{LONG}"], system=None)
    conversation.engine = ScriptedEngine(["no"], n_ctx=85)
    with pytest.raises(CannotFit):
        list(conversation.ask(Question("third")))
    engine = summarise_as(conversation, "They talked.", "Now it fits.", n_ctx=200)
    list(conversation.compact(0))
    list(conversation.regenerate())
    assert [message.content for message in engine.requests[-1].messages] == [
        "Summary of the conversation so far:\nThey talked.",
        "third",
    ]
    assert reread(store).path()[-1].content == "Now it fits."


def test_a_system_text_in_the_middle_neither_loses_nor_doubles_a_turn(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    conversation.instruct("Be kind.")
    engine = summarise_as(conversation, "THIRD", "They talked.", "Fine.")
    list(conversation.ask(Question("third")))
    list(conversation.compact(4))
    list(conversation.ask(Question("fourth")))
    assert [message.content for message in engine.requests[-1].messages] == [
        "Be kind.\n\nSummary of the conversation so far:\nThey talked.",
        *("second", "SECOND", "third", "THIRD", "fourth"),
    ]


def test_a_new_system_text_keeps_the_summary(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    engine = summarise_as(conversation, "They talked.", "Fine.")
    list(conversation.compact(2))
    conversation.instruct("Be kind.")
    list(conversation.ask(Question("third")))
    assert engine.requests[-1].messages[0].content == (
        "Be kind.\n\nSummary of the conversation so far:\nThey talked."
    )


def test_what_does_not_fit_at_once_is_summarised_in_pieces(store: SessionStore) -> None:
    questions = [f"{number}{LONG}" for number in range(10)]
    conversation = talk(store, questions)
    huge = "very" + " long" * 300
    summarise_as(conversation, "Yes.")
    list(conversation.ask(Question(huge)))
    list(conversation.ask(Question("last")))
    engine = summarise_as(conversation, *(f"Part {number}." for number in range(30)), n_ctx=256)
    event = compacted(list(conversation.compact(2)))
    parts = [request.messages[0].content for request in engine.requests]
    assert len(parts) >= 4
    assert all(engine.count(request.messages) < 256 for request in engine.requests)
    for number in range(10):
        assert sum(f"Person: {number}{LONG}" in part for part in parts) == 1
    assert sum(part.count(" long") for part in parts) == 300
    assert event.summary.count("Part") >= 1
    assert "Part 0." in (event.summary + parts[-1])


def test_many_summaries_are_summarised_again(store: SessionStore) -> None:
    conversation = talk(store, [f"{number}{LONG}" for number in range(30)])
    engine = summarise_as(conversation, *[Reply(" so", endless=True)] * 40, "All of it.", n_ctx=256)
    event = compacted(list(conversation.compact(2)))
    first = [r for r in engine.requests if "Person:" in r.messages[0].content]
    again = [r for r in engine.requests if "Person:" not in r.messages[0].content]
    assert len(first) > 4
    assert again
    assert all(len(r.messages) == 1 for r in engine.requests)
    assert engine.count([Message("user", event.summary)]) < 256


FAILURES = {
    "fails": (Reply("half", "error", "the engine stopped"), "the engine stopped"),
    "says nothing": (Reply("  "), "no summary"),
    "says too much": (Reply(" blah" * 400), "saves nothing"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_summary_that_cannot_be_used_changes_nothing(store: SessionStore, how: str) -> None:
    reply, words = FAILURES[how]
    conversation = talk(store, [f"first{LONG}", "second"])
    before = reread(store)
    summarise_as(conversation, reply)
    with pytest.raises(CompactionFailed, match=words):
        list(conversation.compact(2))
    assert reread(store) == before
    assert conversation.log.session.head == before.head


def test_an_interrupted_compaction_changes_nothing(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    before = reread(store)
    summarise_as(conversation, Reply(" on", endless=True))
    events = conversation.compact(2)
    next(events)
    conversation.cancel()
    with pytest.raises(CompactionFailed, match="stopped"):
        list(events)
    events = conversation.compact(2)
    conversation.cancel()
    with pytest.raises(CompactionFailed, match="stopped"):
        list(events)
    events = conversation.compact(2)
    next(events)
    events.close()
    assert reread(store) == before
    assert conversation.log.session.head == before.head


def test_what_does_not_even_fit_compacted_is_said_with_numbers(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second" + LONG * 20])
    before = reread(store)
    summarise_as(conversation, "They talked.", n_ctx=256)
    with pytest.raises(StillTooLong, match=r"there would be 8\d\d tokens, .* holds 255") as error:
        list(conversation.compact(2))
    assert (error.value.available, error.value.needed > 800) == (255, True)
    assert reread(store) == before


@pytest.mark.parametrize(
    ("questions", "keep", "words"),
    [([], 4, "has 0 turns"), (["one"], 2, "has 2 turns"), (["one", "two"], 4, "has 4 turns")],
)
def test_without_anything_older_there_is_nothing_to_compact(
    store: SessionStore, questions: list[str], keep: int, words: str
) -> None:
    conversation = talk(store, questions or ["x"])
    if not questions:
        conversation = Conversation(ScriptedEngine(["x"]), store.create())
    engine = summarise_as(conversation, "They talked.")
    with pytest.raises(UsageProblem, match=words):
        conversation.compact(keep)
    assert engine.requests == []


def test_a_context_without_room_for_a_summary_is_said(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    summarise_as(conversation, "They talked.", n_ctx=100)
    with pytest.raises(CompactionFailed, match="100 tokens"):
        list(conversation.compact(2))


def test_plain_text_is_not_compacted(store: SessionStore) -> None:
    conversation = Conversation(ScriptedEngine([LONG]), store.create())
    list(conversation.ask(Question("Once", raw=True)))
    with pytest.raises(UsageProblem, match="plain text"):
        conversation.compact(0)


def test_reading_progress_is_passed_on_and_a_failed_save_is_said(store: SessionStore) -> None:
    conversation = talk(store, [f"first{LONG}", "second"])
    summarise_as(conversation, "They talked.")
    (store.root / f"{conversation.log.session.id}.jsonl").unlink()
    events = list(conversation.compact(2))
    assert any(isinstance(event, Prefill) for event in events)
    assert any(isinstance(event, NotSaved) for event in events)
    assert isinstance(events[-1], Compacted)
