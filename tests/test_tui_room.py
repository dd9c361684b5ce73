"""A conversation that has outgrown the context: what is said, and what makes room."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator

import pytest
from scripted_chat import Chat

from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Piece, Request
from sessions import Session, SessionStore

LONG = " word" * 60


def session(chat: Chat) -> Session:
    store = SessionStore(chat.home / "data" / "sessions")
    return store.open(store.latest()).session


@pytest.fixture
def grown(chat: Chat) -> Chat:
    """A session that a context of 300 tokens has no more room for."""
    chat.script(*(f"{number}{LONG}" for number in range(3)))
    chat("-s", "Be brief.", "first")
    chat("-c", f"second{LONG}")
    chat("-c", "third")
    chat.script("They talked.", "Fourth.", n_ctx=300)
    return chat


def test_what_does_not_fit_names_the_way_to_make_room(grown: Chat) -> None:
    assert grown("-c", f"fourth{LONG}") == 4
    assert "holds 299, " in grown.err
    assert "10 too many (earlier turns 246, " in grown.err
    assert "): --compact replaces the older turns with a summary" in grown.err
    assert grown.err.count("\n") == 1


def test_a_question_alone_that_does_not_fit_is_not_helped_by_a_summary(chat: Chat) -> None:
    chat.script("no", n_ctx=20)
    assert chat(LONG) == 4
    assert "compact" not in chat.err


def test_compact_makes_room_and_the_answer_alone_is_on_stdout(grown: Chat) -> None:
    assert grown("-c", "--compact", "fourth") == 0
    assert grown.out == "Fourth.\n"
    assert "a summary now stands for 2 turns" in grown.err
    assert "'before compaction'" in grown.err
    assert grown.asked[0] == (
        "system",
        "Be brief.\n\nSummary of the conversation so far:\nThey talked.",
    )
    assert [content for _, content in grown.asked[1:]] == [
        *(f"second{LONG}", f"1{LONG}", "third", f"2{LONG}", "fourth"),
    ]
    original = session(grown).branches["before compaction"]
    assert session(grown).messages(original)[-1].content == f"2{LONG}"


def test_compact_alone_prints_the_summary(grown: Chat) -> None:
    assert grown("--session", "first", "--compact") == 0
    assert grown.out == "They talked.\n"
    assert len(grown.engine.requests) == 1
    assert grown("sessions", "show") == 0
    assert "[system] (summary of 2 turns)\nThey talked.\n" in grown.out


def test_compact_with_json_needs_a_question_and_prints_one_object(grown: Chat) -> None:
    assert grown("-c", "--compact", "--json") == 2
    assert grown.engine.requests == []
    assert grown("-c", "--compact", "--json", "fourth") == 0
    assert json.loads(grown.out)["choices"][0]["message"]["content"] == "Fourth."


def test_a_compaction_that_fails_leaves_the_question_unasked(grown: Chat) -> None:
    before = session(grown)
    grown.script(Reply("half", "error", "the engine stopped"))
    assert grown("-c", "--compact", "fourth") == 1
    assert "the engine stopped; the session is unchanged" in grown.err
    assert session(grown) == before


def test_a_session_without_older_turns_says_so(chat: Chat) -> None:
    chat("Hi")
    assert chat("-c", "--compact", "more") == 2
    assert "nothing to compact" in chat.err


class Interrupted(ScriptedEngine):
    """Somebody presses Ctrl+C at the first word."""

    def _events(self, request: Request) -> Generator[Event, None, None]:
        for event in super()._events(request):
            yield event
            if isinstance(event, Piece):
                signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_a_compaction_leaves_the_session(grown: Chat) -> None:
    before = session(grown)
    grown.engine = Interrupted(["They talked."])
    assert grown("-c", "--compact", "fourth") == 130
    assert grown.err == "chat: stopped; the session is unchanged\n"
    assert len(grown.engine.requests) == 1
    assert session(grown) == before
    assert grown("-c", "--repl", stdin="/compact\n") == 1
    assert grown.err == "chat: stopped; the session is unchanged\n"
    assert session(grown) == before


def test_the_repl_says_how_to_make_room_and_does(grown: Chat) -> None:
    lines = [f"fourth{LONG}", "/compact 2", "/regen"]
    assert grown("-c", "--repl", stdin="\n".join(lines)) == 1  # for the question that did not fit
    assert "10 too many: /compact makes room, then /regen answers" in grown.err
    assert grown.out == "They talked.\nFourth.\n"
    assert "a summary now stands for 4 turns" in grown.err
    assert grown.saved[1:] == [
        *("They talked.", "third", f"2{LONG}", f"fourth{LONG}", "Fourth."),
    ]


def test_the_repl_goes_back_to_the_branch_before_and_forth(grown: Chat) -> None:
    lines = ["/branch", "/compact 2", "/branch", "/branch before compaction", "fourth", "/branch"]
    grown.engine = ScriptedEngine(["They talked.", "Fourth."])
    assert grown("-c", "--repl", stdin="\n".join(lines)) == 0
    assert grown.out.startswith("first  7 turns  (here)\n")
    assert "before compaction  7 turns\n" in grown.out
    assert "now on the branch 'before compaction'; you were on 'third'\n" in grown.out
    assert "third  4 turns\n" in grown.out
    assert [content for _, content in grown.asked][-2:] == [f"2{LONG}", "fourth"]
    assert grown("-c", "--repl", stdin="/branch nowhere\n") == 1
    assert "there is no branch 'nowhere': 'third', 'before compaction'" in grown.err


def test_wrong_uses_of_compact_are_said(grown: Chat) -> None:
    for line, words in (("/compact some", "number of turns"), ("/compact 6", "nothing to compact")):
        assert grown("-c", "--repl", stdin=f"{line}\n") == 1
        assert words in grown.err
        assert grown.engine.requests == []


def test_the_repl_answers_again_and_goes_on(chat: Chat) -> None:
    chat.script("First.", Reply("Second", "length"), " half.")
    options = ("--repl", "-o", "temperature", "0.3")
    assert chat(*options, stdin="Hi\n/regen\n/continue\n") == 0
    assert chat.out == "First.\nSecond\n half.\n"
    assert chat.saved == ["Hi", "Second half."]
    assert chat.engine.requests[-1].prefill == "Second"


def test_what_was_set_counts_for_the_first_command_too(chat: Chat) -> None:
    chat("Hi")
    assert (
        chat("-c", "--repl", "-o", "temperature", "0.3", "--max-tokens", "1", stdin="/regen") == 0
    )
    assert chat.engine.requests[-1].sampling.temperature == 0.3
    assert chat.out == "Hello\n"
    lines = "/new\n/continue\n/regen\n"
    assert chat("-c", "--repl", stdin=lines) == 1
    assert "there is no answer here yet" in chat.err
    assert "there is no question yet" in chat.err


def test_the_repl_shows_alternatives_and_goes_on_with_one(chat: Chat) -> None:
    chat.script("One.", "Two.", "Three.", "Four.", " Five.")
    assert chat("--repl", "-n", "2", stdin="Hi\n/regen\n/continue\n") == 0
    assert chat.out == "One.\n---\nTwo.\nThree.\n---\nFour.\n Five.\n"
    assert chat.saved == ["Hi", "Three. Five."]
