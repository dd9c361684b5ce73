"""The scripted engine keeps the promises of the protocol, as front ends are tested against it."""

from __future__ import annotations

import pytest

from engine.errors import CannotFit
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Finished, Message, Notice, Piece, Prefill, Request, Scored

QUESTION = (Message("user", "Three words here"),)


def texts(events: list[Event]) -> dict[int, str]:
    """What each of the alternatives says."""
    joined: dict[int, str] = {}
    for event in events:
        if isinstance(event, Piece):
            joined[event.index] = joined.get(event.index, "") + event.text
    return joined


def test_alternatives_take_a_reply_each_and_end_one_by_one() -> None:
    engine = ScriptedEngine(["one two three", Reply("four", "length"), "later"])
    events = list(engine.stream(Request(QUESTION, alternatives=2)))
    assert texts(events) == {0: "one two three", 1: "four"}
    ends = [(event.index, event.reason) for event in events if isinstance(event, Finished)]
    assert ends == [(1, "length"), (0, "end")]
    assert isinstance(events[-1], Finished)
    assert texts(list(engine.stream(Request(QUESTION)))) == {0: "later"}


def test_alternatives_come_side_by_side() -> None:
    engine = ScriptedEngine([Reply(" a", endless=True), Reply(" b", endless=True)])
    events = engine.stream(Request(QUESTION, alternatives=2))
    indexes = [
        event.index for event in (next(events) for _ in range(9)) if isinstance(event, Piece)
    ]
    assert indexes == [0, 1] * 4
    engine.cancel()
    assert [event.reason for event in events if isinstance(event, Finished)] == ["cancelled"] * 2


def test_each_token_is_scored_with_as_many_others_as_were_asked_for() -> None:
    engine = ScriptedEngine(["one two"])
    scored = [e for e in engine.stream(Request(QUESTION, top_logprobs=2)) if isinstance(e, Scored)]
    assert [token.text for event in scored for token in event.tokens] == ["one", " two"]
    assert all(len(token.others) == 2 for event in scored for token in event.tokens)
    assert not any(isinstance(event, Scored) for event in engine.stream(Request(QUESTION)))


def test_notices_come_before_the_answer() -> None:
    engine = ScriptedEngine([Reply("Yes.", notices=("the switch is missing",))])
    events = list(engine.stream(Request(QUESTION)))
    assert events[1] == Notice("the switch is missing")


def test_a_prefill_is_recorded_and_takes_room() -> None:
    engine = ScriptedEngine(["on."], n_ctx=6)
    events = list(engine.stream(Request((), prefill="Once upon")))
    assert engine.requests[0].prefill == "Once upon"
    assert events[0] == Prefill(2, 2, 0)
    with pytest.raises(CannotFit):
        list(engine.stream(Request(QUESTION, prefill="Once upon a")))


def test_a_given_text_is_scored_word_by_word() -> None:
    engine = ScriptedEngine(["no"], n_ctx=6)
    assert [score.text for score in engine.score(QUESTION, "Once upon")] == ["Once", " upon"]
    with pytest.raises(CannotFit):
        engine.score(QUESTION, "Once upon a")
    with pytest.raises(CannotFit):
        engine.score((), "Once upon", after="a b c d")


def test_a_plain_text_is_the_likelier_the_nearer_it_is_to_the_last_reply() -> None:
    engine = ScriptedEngine(["They were late.", "We are here, both."])
    for _ in range(2):
        list(engine.stream(Request(QUESTION)))
    texts = ("We are here, both.", "We is here, both.", "We is here both.", "They were late.")
    scores = [sum(each.logprob for each in engine.score((), text)) for text in texts]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[1] + 10
