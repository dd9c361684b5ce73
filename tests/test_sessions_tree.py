"""What a tree of turns says: its paths, its messages, its title."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from engine.types import Message, Role
from sessions import MemorySession, SessionLog, Status, Turn, UnknownTurn, memory_session
from sessions.codec import encode
from sessions.replay import replay

NOON = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def turn(
    name: str,
    parent: str | None = None,
    *,
    role: Role = "user",
    content: str | None = None,
    status: Status = "complete",
) -> Turn:
    return Turn(name, parent, role, name if content is None else content, NOON, status)


def talk(*turns: Turn) -> MemorySession:
    log = memory_session()
    for each in turns:
        log.append(each)
    return log


def ids(turns: list[Turn]) -> list[str]:
    return [each.id for each in turns]


@pytest.fixture
def forked() -> SessionLog:
    """q has the answers a and b; a goes on with more."""
    return talk(
        turn("q"),
        turn("a", "q", role="assistant"),
        turn("more", "a"),
        turn("b", "q", role="assistant"),
    )


def test_a_path_leads_from_the_first_turn_to_the_head(forked: SessionLog) -> None:
    assert ids(forked.session.path()) == ["q", "b"]
    assert ids(forked.session.path("more")) == ["q", "a", "more"]


def test_a_session_without_turns_has_an_empty_path_and_no_messages() -> None:
    session = memory_session().session
    assert (session.path(), session.messages(), session.has_gap()) == ([], [], False)


def test_siblings_and_leaves_come_in_the_order_they_were_said(forked: SessionLog) -> None:
    assert ids(forked.session.children("q")) == ["a", "b"]
    assert ids(forked.session.children(None)) == ["q"]
    assert ids(forked.session.leaves()) == ["more", "b"]


def test_going_back_makes_the_next_turn_a_branch(forked: SessionLog) -> None:
    forked.set_head("a")
    forked.append(turn("other", forked.session.head))
    assert ids(forked.session.path()) == ["q", "a", "other"]
    assert ids(forked.session.children("a")) == ["more", "other"]


def test_a_branch_name_moves_to_the_turn_it_was_given_last(forked: SessionLog) -> None:
    forked.name_branch("formal", "a")
    forked.name_branch("formal", "b")
    assert forked.session.branches == {"formal": "b"}


def test_turns_that_are_not_there_are_named_in_the_error(forked: SessionLog) -> None:
    before = dict(forked.session.turns)
    with pytest.raises(UnknownTurn, match="nowhere"):
        forked.set_head("nowhere")
    with pytest.raises(UnknownTurn, match="nowhere"):
        forked.name_branch("formal", "nowhere")
    with pytest.raises(UnknownTurn, match="nowhere"):
        forked.append(turn("lost", "nowhere"))
    with pytest.raises(UnknownTurn, match="nowhere"):
        forked.session.messages("nowhere")
    assert forked.session.turns == before


def test_a_turn_is_never_replaced_by_another_with_its_id(forked: SessionLog) -> None:
    with pytest.raises(ValueError, match="already"):
        forked.append(turn("a", "q", content="something else"))
    with pytest.raises(ValueError, match="already"):
        forked.checkpoint(turn("a", "q", content="something else"))
    assert forked.session.turns["a"].content == "a"


def test_a_turn_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Turn("q", None, "user", "", datetime(2026, 5, 4))


def test_the_nearest_system_turn_is_in_force_with_its_examples() -> None:
    examples = (Message("user", "teh"), Message("assistant", "the"))
    log = talk(
        turn("s1", role="system", content="Be brief."),
        turn("q1", "s1"),
        turn("a1", "q1", role="assistant"),
        replace(turn("s2", "a1", role="system", content="Proofread."), examples=examples),
        turn("q2", "s2"),
    )
    assert log.session.messages() == [
        Message("system", "Proofread."),
        *examples,
        Message("user", "q1"),
        Message("assistant", "a1"),
        Message("user", "q2"),
    ]
    assert log.session.messages("q1") == [Message("system", "Be brief."), Message("user", "q1")]


def test_an_empty_system_text_leaves_only_its_examples() -> None:
    example = Message("user", "teh")
    system = replace(turn("s", role="system", content=""), examples=(example,))
    assert talk(system, turn("q", "s")).session.messages() == [example, Message("user", "q")]


def test_a_summary_stands_below_the_system_text_in_place_of_what_it_summarises() -> None:
    examples = (Message("user", "teh"), Message("assistant", "the"))
    summary = replace(turn("sum", "s", role="system", content="They met."), summarises=("q1", "a1"))
    log = talk(
        turn("q1"),
        turn("a1", "q1", role="assistant"),
        replace(turn("s", "a1", role="system", content="Be brief."), examples=examples),
        summary,
        turn("q2", "sum"),
    )
    system = "Be brief.\n\nSummary of the conversation so far:\nThey met."
    assert log.session.messages() == [
        Message("system", system),
        *examples,
        Message("user", "q2"),
    ]
    assert log.session.messages("s")[-1] == Message("assistant", "a1")


def test_a_system_text_after_a_summary_does_not_drop_the_summary() -> None:
    log = talk(
        turn("q1"),
        replace(turn("sum", role="system", content="They met."), summarises=("q1",)),
        turn("s", "sum", role="system", content="Be kind."),
    )
    summary = "Summary of the conversation so far:\nThey met."
    assert log.session.messages() == [Message("system", f"Be kind.\n\n{summary}")]
    assert log.session.messages("sum") == [Message("system", summary)]


def test_a_branch_is_appended_whole_or_not_at_all(forked: SessionLog) -> None:
    branch = [turn("s", role="system"), turn("q'", "s"), turn("a'", "q'", role="assistant")]
    for wrong in (turn("lost", "nowhere"), turn("q'", "s"), turn("p", "s", status="partial")):
        with pytest.raises((UnknownTurn, ValueError)):
            forked.append_branch([*branch, wrong], name_of_head="before")
        assert (len(forked.session.turns), forked.session.branches) == (4, {})
    forked.append_branch(branch, name_of_head="before")
    assert ids(forked.session.path()) == ["s", "q'", "a'"]
    assert ids(forked.session.path(forked.session.branches["before"])) == ["q", "b"]


def test_answers_without_a_word_are_not_sent_back_to_the_model() -> None:
    log = talk(
        turn("q"),
        turn("a", "q", role="assistant", content="", status="error"),
        turn("q2", "a"),
    )
    assert log.session.messages() == [Message("user", "q"), Message("user", "q2")]


def test_a_cancelled_answer_is_sent_back_as_far_as_it_came() -> None:
    log = talk(turn("q"), turn("a", "q", role="assistant", content="Once", status="cancelled"))
    assert log.session.messages()[-1] == Message("assistant", "Once")


def test_a_checkpoint_stands_in_until_the_turn_is_whole() -> None:
    log = talk(turn("q"))
    log.checkpoint(turn("a", "q", role="assistant", content="On"))
    log.checkpoint(turn("a", "q", role="assistant", content="Once"))
    assert (log.session.turns["a"].content, log.session.turns["a"].status) == ("Once", "partial")
    log.append(turn("a", "q", role="assistant", content="Once upon a time"))
    assert log.session.turns["a"].status == "complete"
    assert ids(log.session.children("q")) == ["a"]


def test_a_turn_whose_parent_was_lost_stays_and_shows_a_gap() -> None:
    session = memory_session().session
    replay(session, encode(turn("q", "lost")) + encode(turn("a", "q", role="assistant")))
    assert ids(session.path()) == ["q", "a"]
    assert session.has_gap()
    assert ids(session.children(None)) == ["q"]
    assert session.damaged_lines == 0


def test_a_path_without_loss_has_no_gap(forked: SessionLog) -> None:
    assert not forked.session.has_gap("more")


@pytest.mark.parametrize(
    "links",
    [
        [("a", "a")],
        [("a", "b"), ("b", "a")],
        [("a", "c"), ("b", "a"), ("c", "b"), ("d", "c")],
    ],
)
def test_circles_in_a_hostile_file_are_cut_and_counted(links: list[tuple[str, str]]) -> None:
    session = memory_session().session
    replay(session, b"".join(encode(turn(name, parent)) for name, parent in links))
    assert list(session.turns) == [name for name, _ in links]
    assert all(session.path(name)[-1].id == name for name, _ in links)
    assert session.damaged_lines == 1


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Fix this", "Fix this"),
        ("\n\n  Fix   this \nand that", "Fix this"),
        ("word " * 30, "word " * 10 + "word word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("x" * 60, "x" * 60),
        ("", "untitled"),
        (" \n", "untitled"),
    ],
)
def test_the_first_words_are_the_title(said: str, title: str) -> None:
    session = talk(turn("s", role="system", content="Be brief."), turn("q", content=said)).session
    assert session.display_title == title
    assert len(title) <= 60


def test_a_persons_own_title_wins_until_it_is_taken_away(forked: SessionLog) -> None:
    forked.set_title(" The\nLighthouse ")
    assert forked.session.display_title == "The Lighthouse"
    forked.set_title("")
    assert forked.session.display_title == "q"
