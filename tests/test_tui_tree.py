"""Going back, going another way, and saying what one thinks: the commands that grow the tree."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest
from scripted_chat import Chat, uncoded

from engine.sampling_params import Sampling
from engine.scripted import Reply, ScriptedEngine
from engine.types import Piece
from sessions import Build, Limits, Session, SessionStore, Turn, branch_names, new_turn_id
from tui.config import Config
from tui.conversation import Conversation, Question, Settings
from tui.errors import UsageProblem
from tui.moments import moment
from tui.narrate import Narrator
from tui.pages import TextPage
from tui.plain import PlainAnswer
from tui.saver import Joined, NotSaved
from tui.session_replay import request_of
from tui.titles import TitleMaker, title_of


def session(chat: Chat) -> Session:
    store = SessionStore(chat.home / "data" / "sessions")
    return store.open(store.latest()).session


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions")


def talk(store: SessionStore, *replies: Reply | str) -> Conversation:
    return Conversation(ScriptedEngine(replies), store.create())


def contents(turns: list[Turn]) -> list[str]:
    return [turn.content for turn in turns]


def test_what_was_undone_is_not_sent_and_comes_back_with_redo(chat: Chat) -> None:
    chat.script("one", "two", "three")
    lines = ["first", "second", "/undo", "third", "/undo 2", "/redo", "/undo", "/undo", "/redo"]
    assert chat("--repl", stdin="\n".join(lines)) == 0
    assert "undone: second; /redo brings it back" in chat.out
    assert chat.asked == [("user", "first"), ("assistant", "one"), ("user", "third")]
    assert contents(session(chat).path()) == ["first", "one"]
    assert set(contents(list(session(chat).turns.values()))) == {
        *("first", "one", "second", "two", "third", "three"),
    }


def test_undo_survives_the_program_and_so_does_redo(chat: Chat) -> None:
    chat.script("one", "two")
    chat("--repl", stdin="first\nsecond\n/undo")
    assert contents(session(chat).path()) == ["first", "one"]
    assert chat("-c", "--repl", stdin="/redo") == 0
    assert contents(session(chat).path()) == ["first", "one", "second", "two"]


def test_everything_can_be_undone_and_another_beginning_made(chat: Chat) -> None:
    chat.script("one", "two")
    chat("--repl", stdin="first\n/undo\nother")
    assert contents(session(chat).path()) == ["other", "two"]
    assert len(session(chat).leaves()) == 2


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("/undo", "no question can be undone"),
        ("first\n/undo 0", "only one question can be undone"),
        ("first\n/undo 2", "only one question can be undone"),
        ("/fork", "there are no turns here"),
        ("first\n/undo x", "/undo takes the number"),
        ("first\n/redo", "there is nothing to redo"),
        ("first\n/undo\nsecond\n/redo", "there is nothing to redo"),
        ("/edit other", "there is no question yet"),
        ("first\n/edit", "there is no terminal for an editor"),
        ("first\n/fork 3", "there are turns 1 to 2 here"),
        ("/rate +", "there is no answer here yet"),
        ("first\n/rate good", "/rate takes +, - or 0"),
        ("/rename mine", "there is no branch here yet"),
        ("first\n/rename", "/rename takes the new name"),
        ("first\n/branch nowhere", "there is no branch 'nowhere': 'first'"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(chat: Chat, lines: str, complaint: str) -> None:
    chat.script("one")
    assert chat("--repl", stdin=lines) == 1
    assert complaint in chat.err
    assert chat.err.count("\n") == 1


def test_an_edited_question_is_answered_beside_the_old_one(chat: Chat) -> None:
    chat.script("one", "two")
    assert chat("--repl", stdin="frist\n/edit first") == 0
    assert chat.asked == [("user", "first")]
    assert contents(session(chat).path()) == ["first", "two"]
    assert contents(session(chat).children(None)) == ["frist", "first"]


def test_a_conversation_can_go_on_after_any_turn(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("--repl", stdin="first\nsecond\n/fork\n/fork 2\nthird") == 0
    assert "  3  user       second" in chat.out
    assert contents(session(chat).path()) == ["first", "one", "third", "three"]
    assert set(branch_names(session(chat))) == {"second", "third"}


def test_a_deleted_turn_is_not_sent_or_shown_until_it_is_restored(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("--repl", stdin="first\nsecond\n/delete 3\nthird\n/branch") == 0
    assert chat.asked[-3:] == [("user", "first"), ("assistant", "one"), ("user", "third")]
    assert set(branch_names(session(chat))) == {"first"}
    assert chat("sessions", "search", "second") == 1
    assert chat("-c", "--repl", stdin="/restore\n/branch") == 0
    assert set(branch_names(session(chat))) == {"second", "third"}
    assert chat("-c", "--repl", stdin="/restore") == 1
    assert chat("-c", "--repl", stdin="/delete 9") == 1
    assert "a number from 1 to 4" in chat.err


def test_branches_go_by_their_own_first_words_until_they_are_renamed(chat: Chat) -> None:
    chat.script("one", "two", "three", "four")
    chat("--repl", stdin="first\nsecond\n/fork 2\nthird\n/rename mine\n/branch seco\nmore\n/branch")
    assert "now on the branch 'second'; you were on 'mine'" in chat.out
    assert chat.out.endswith("mine  4 turns\nsecond  6 turns  (here)\n")
    assert chat("sessions", "branch", session(chat).id, "mine") == 0
    assert contents(session(chat).path())[-1] == "three"
    assert chat("sessions", "branch", session(chat).id, "second", "--rename", "yours") == 0
    assert chat("sessions", "branches") == 0
    assert {line.split("\t")[1] for line in chat.out.splitlines()} == {"mine", "yours"}
    assert [line for line in chat.out.splitlines() if line.startswith("*\tmine\t4\t")]


def test_a_name_follows_what_is_said_on_its_branch(store: SessionStore) -> None:
    conversation = talk(store, "one", "two")
    list(conversation.ask(Question("first")))
    log = conversation.log
    assert log.session.head is not None
    log.name_branch("mine", log.session.head)
    list(conversation.ask(Question("second")))
    assert branch_names(log.session) == {"mine": log.session.head}


def test_ratings_and_titles_are_kept(chat: Chat) -> None:
    chat.script("one")
    assert chat("--repl", stdin="first\n/rate - too short\n/title Tales\n/title") == 0
    (rating,) = session(chat).ratings.values()
    assert (rating.turn, rating.value, rating.note) == (session(chat).head, -1, "too short")
    assert chat.out.endswith("Tales\nTales\n")


def test_what_an_answer_was_made_with_is_kept(store: SessionStore) -> None:
    settings = Settings(Sampling(seed=5), max_tokens=9, stop=("x",), banned=("y",), think=False)
    conversation = Conversation(ScriptedEngine(["one", "two"]), store.create(), settings)
    list(conversation.ask(Question("first"), alternatives=2))
    one, two = store.open(store.latest()).session.leaves()
    assert one.build == Build("5c" * 32, "7e" * 32, "scripted")
    assert one.limits == Limits(max_tokens=9, stop=("x",), banned=("y",), think=False)
    assert one.sampling is not None
    assert two.sampling is not None
    assert (one.sampling.seed, two.sampling.seed) == (5, 6)


def test_piped_text_is_stored_once_and_read_back_whole(chat: Chat) -> None:
    chat.script("one", "two", "three")
    chat("Summarise this.", stdin="Long story.\n")
    chat("-c", "Again.", stdin="Long story.\n")
    (folder,) = (chat.home / "data" / "sessions").glob("*.files")
    (file,) = folder.iterdir()
    assert file.read_text() == "Long story."
    fenced = "[begin of material CODE]\n{}\n[end of material CODE]"
    asked = "Summarise this.\n\n" + fenced + "\n\nSummarise this."
    assert uncoded(chat.asked[1][1]) == asked.format("Long story.")
    (path,) = (chat.home / "data" / "sessions").glob("*.jsonl")
    assert b"Long story" not in path.read_bytes()
    again = contents(session(chat).path())[3]
    assert uncoded(again) == "Again.\n\n" + fenced.format("Long story.") + "\n\nAgain."
    file.unlink()
    missing = session(chat).path()[1].content
    assert uncoded(missing) == asked.format("[piped text is missing]")


def test_a_file_that_a_prompt_takes_in_is_stored_under_its_name(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("At this point in time we think.\n")
    assert chat("-t", "tighten", "-f", "notes.md") == 0
    question = next(turn for turn in session(chat).path() if turn.role == "user")
    assert [part.name for part in question.attachments] == ["notes.md"]
    assert "At this point in time we think." in question.content


def test_each_of_two_chats_in_one_session_is_told_of_the_other(store: SessionStore) -> None:
    ours = talk(store, "one", "two")
    list(ours.ask(Question("first")))
    theirs = Conversation(ScriptedEngine(["three"]), store.open(ours.log.session.id))
    list(theirs.ask(Question("theirs")))
    events = list(ours.ask(Question("ours")))
    assert [event.turns for event in events if isinstance(event, Joined)] == [2]
    events = list(theirs.ask(Question("more")))
    assert [event.turns for event in events if isinstance(event, Joined)] == [2]
    assert len(store.open(ours.log.session.id).session.leaves()) == 2


def test_a_line_tells_that_somebody_joined() -> None:
    out, err = io.StringIO(), io.StringIO()
    PlainAnswer(TextPage(out), Narrator(err)).show([Joined(2)])
    assert out.getvalue() == ""
    assert err.getvalue() == (
        "chat: another chat has added 2 turns to this session, on a branch beside this one\n"
    )


def test_sessions_are_found_by_their_words(chat: Chat) -> None:
    chat.script("The whale sang to the lighthouse.")
    chat("A story about a whale")
    chat.script("No.")
    chat("Something else entirely")
    assert chat("sessions", "search", "whale", "light*") == 0
    (line,) = chat.out.splitlines()
    assert line.split("\t")[1:] == [
        *("A story about a whale", "0 s", "assistant"),
        "The [whale] sang to the [lighthouse].",
    ]
    assert chat("sessions", "search", '"sang the"') == 1
    assert chat("sessions", "search", "whale", "--since", "1h", "--model", "other") == 1
    assert chat("sessions", "search", "whale", "--since", "someday") == 2
    assert "'someday' is neither a date" in chat.err
    assert chat("sessions", "search", "--", "…") == 2
    assert "there are no words to search for" in chat.err


def test_a_list_has_a_limit_and_says_what_it_leaves_out(chat: Chat) -> None:
    for number in range(3):
        chat(f"question {number}")
    assert chat("sessions", "list", "--limit", "2") == 0
    assert [line.split("\t")[1] for line in chat.out.splitlines()] == ["question 2", "question 1"]
    assert chat.err == "chat: 1 older ones: --limit 0 lists all\n"
    assert chat("sessions", "list", "-n", "0") == 0
    assert (len(chat.out.splitlines()), chat.err) == (3, "")


def test_a_session_that_begins_with_a_text_goes_by_the_text_s_name(chat: Chat) -> None:
    (chat.home / "letter.md").write_text("Dear Ada")
    assert chat("-t", "proofread", "-f", str(chat.home / "letter.md")) == 0
    assert chat("sessions", "list") == 0
    assert "\t@letter.md\t" in chat.out
    assert chat("--repl", "-c", stdin="/branches\n/fork\n/undo\n") == 0
    assert "1. @letter.md (" in chat.out
    assert "undone: @letter.md;" in chat.err + chat.out
    assert "begin of material" not in chat.out + chat.err


def test_a_deleted_session_comes_back_and_a_purged_one_does_not(chat: Chat) -> None:
    chat("Summarise.", stdin="A secret.")
    session_id = session(chat).id
    snapshots = chat.home / "cache" / "snapshots"
    snapshots.mkdir(parents=True)
    assert chat("sessions", "delete", "summ") == 0
    assert f"Summarise. is in the trash: `chat sessions restore {session_id}`" in chat.err
    assert chat("sessions", "list") == 0
    assert chat.out == ""
    assert chat("sessions", "restore", session_id) == 0
    assert "A secret." in session(chat).path()[1].content
    assert chat("sessions", "delete", session_id) == 0
    assert snapshots.exists()
    assert chat("sessions", "delete", "--purge", session_id) == 0
    assert not snapshots.exists()
    left = [path for path in (chat.home / "data").rglob("*") if path.is_file()]
    assert not any(b"secret" in path.read_bytes() for path in left)
    assert chat("sessions", "restore", session_id) == 2
    assert chat("sessions", "restore", "../../etc/passwd") == 2


def test_a_purged_session_is_not_in_the_index_either(chat: Chat) -> None:
    chat.script("Xylophone.")
    chat("first")
    assert chat("sessions", "search", "xylophone") == 0
    assert chat("sessions", "delete", "--purge", "first") == 0
    index = chat.home / "cache" / "sessions.sqlite"
    files = [index, index.with_name("sessions.sqlite-wal")]
    assert not any(b"ylophone" in path.read_bytes() for path in files if path.exists())


def test_a_renamed_session_keeps_the_persons_title(chat: Chat) -> None:
    chat("first")
    assert chat("sessions", "rename", "first", "Tales") == 0
    store = SessionStore(chat.home / "data" / "sessions")
    log = store.open(store.latest())
    log.set_title("Made up", by_model=True)
    assert session(chat).display_title == "Tales"
    assert chat("sessions", "rename", "tales", "") == 0
    log.set_title("Made up", by_model=True)
    assert session(chat).display_title == "Made up"


def test_an_answer_is_made_again_and_compared(chat: Chat) -> None:
    chat.script("Once upon a time.")
    chat("A story", "--max-tokens", "20", "--seed", "3", "-o", "temperature", "0.5")
    chat.script("Once upon a time.", "Once upon a hill.")
    assert chat("sessions", "replay") == 0
    assert chat.out == "the same\n"
    request = chat.engine.requests[-1]
    assert (request.max_tokens, request.sampling.seed, request.sampling.temperature) == (20, 3, 0.5)
    assert request.reproducible
    assert chat("sessions", "replay", "a st") == 1
    assert chat.out == (
        "different from character 12 on (75% of the words alike)\n"
        "- Once upon a time.\n+ Once upon a hill.\n"
    )


def test_what_changed_since_an_answer_is_said(chat: Chat) -> None:
    chat("A story")
    store = SessionStore(chat.home / "data" / "sessions")
    path = store.open(store.latest()).path
    assert b"5c5c" in path.read_bytes()
    changed = store.create()
    old = session(chat).path()
    changed.append(old[0])
    changed.append(replace(old[1], build=Build("00" * 32, "7e" * 32, "scripted")))
    assert chat("sessions", "replay", changed.session.id) == 0
    assert chat.err == "chat: since then something changed: the weights\n"


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("The Last Lamp", "The Last Lamp"),
        ('\n"The Last Lamp"\nMore words', "The Last Lamp"),
        ("Title: **The Last Lamp**", "The Last Lamp"),
        ("", None),
        ("x" * 61, None),
        ("\n\n", None),
    ],
)
def test_a_title_is_taken_from_what_a_model_says(answer: str, title: str | None) -> None:
    assert title_of(answer) == title


def test_a_model_finds_a_title_while_nobody_waits(store: SessionStore) -> None:
    conversation = talk(store, "Once.", "The Last Lamp")
    list(conversation.ask(Question("A story")))
    titles = TitleMaker(Config())
    titles.start(conversation.engine, conversation.log.session)
    titles.join()
    assert titles.stop() == "The Last Lamp"
    conversation.log.set_title("Mine")
    titles.start(conversation.engine, conversation.log.session)
    assert titles.stop() is None
    engine = conversation.engine
    assert isinstance(engine, ScriptedEngine)
    assert len(engine.requests) == 2


def test_a_title_that_takes_too_long_is_given_up(store: SessionStore) -> None:
    conversation = talk(store, "Once.", Reply("on and on", endless=True))
    list(conversation.ask(Question("A story")))
    titles = TitleMaker(Config())
    titles.start(conversation.engine, conversation.log.session)
    assert titles.stop() is None


def test_an_attached_text_that_the_question_has_too_is_where_it_was_put(
    chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text("hello")
    chat("-f", "a.md", "Say hello twice")
    question = session(chat).path()[1]
    (part,) = question.attachments
    assert question.content[part.start - 1 :].startswith("\nhello\n[end of material ")


def test_a_reworded_question_keeps_its_attachment_and_its_prompt(chat: Chat) -> None:
    chat.script("one", "two")
    chat("Summarise this.", stdin="A long story.")
    assert chat("-c", "--repl", stdin="/edit Sum this up.  A long story.") == 0
    new = session(chat).path()[1]
    assert (new.content, len(new.attachments)) == ("Sum this up.  A long story.", 1)
    (path,) = (chat.home / "data" / "sessions").glob("*.jsonl")
    assert b"long story" not in path.read_bytes()


def test_a_question_after_a_gap_can_be_undone_and_reworded(store: SessionStore) -> None:
    conversation = talk(store, "one", "two", "three")
    list(conversation.ask(Question("first")))
    list(conversation.ask(Question("second")))
    path = store.open(store.latest()).path
    lines = path.read_bytes().splitlines(True)
    path.write_bytes(b"".join(line for line in lines if b'"one"' not in line))
    again = Conversation(conversation.engine, store.open(store.latest()))
    assert again.reword("other").parent is None
    again.marks.go_to(next(turn.id for turn in again.log.session.leaves() if turn.content == "two"))
    assert again.undo().content == "second"
    assert again.log.session.head is None


def test_a_mark_that_was_not_saved_is_said_and_saved_with_the_next_turn(
    store: SessionStore,
) -> None:
    conversation = talk(store, "one", "two")
    list(conversation.ask(Question("first")))
    path = store.open(store.latest()).path
    data = path.read_bytes()
    path.unlink()
    conversation.undo()
    (failure,) = conversation.failures()
    assert isinstance(failure, NotSaved)
    path.write_bytes(data)
    assert not [event for event in conversation.ask(Question("b")) if isinstance(event, NotSaved)]
    assert store.open(store.latest()).session == conversation.log.session


def test_a_name_that_another_branch_has_is_not_taken_from_it(chat: Chat) -> None:
    chat.script("one", "two")
    chat("--repl", stdin="first\n/rename mine\n/regen")
    assert chat("-c", "--repl", stdin="/rename mine") == 1
    assert "another branch is called 'mine'" in chat.err
    session_id = session(chat).id
    assert chat("sessions", "branch", session_id, "two", "--rename", "mine") == 2
    assert chat("sessions", "branch", session_id, "mi", "--rename", "yours") == 0
    assert "mine" not in session(chat).branches


def test_two_names_of_one_branch_both_lead_there(store: SessionStore) -> None:
    conversation = talk(store, "one")
    list(conversation.ask(Question("first")))
    question, answer = conversation.log.session.path()
    conversation.log.name_branch("early", question.id)
    conversation.log.name_branch("late", answer.id)
    names = branch_names(conversation.log.session)
    assert names == {"early": answer.id, "late": answer.id}


def test_where_two_chats_undo_each_is_where_it_was_when_it_is_read_again(
    store: SessionStore,
) -> None:
    ours = talk(store, "one", "two")
    list(ours.ask(Question("first")))
    list(ours.ask(Question("second")))
    theirs = Conversation(ScriptedEngine(["three"]), store.open(ours.log.session.id))
    list(theirs.ask(Question("theirs")))
    ours.undo()
    assert store.open(ours.log.session.id).session == ours.log.session
    ours.redo()
    assert store.open(ours.log.session.id).session == ours.log.session
    assert ours.log.session.path()[-1].content == "two"


def test_a_turn_that_somebody_deletes_meanwhile_is_left(store: SessionStore) -> None:
    ours = talk(store, "one", "two", "three")
    list(ours.ask(Question("first")))
    list(ours.ask(Question("second")))
    theirs = store.open(ours.log.session.id)
    theirs.delete(theirs.session.path()[2].id)
    ours.marks.set_title("Tales")
    assert contents(ours.log.session.path()) == ["first", "one"]
    assert store.open(ours.log.session.id).session == ours.log.session


def test_an_answer_that_was_stopped_is_made_again_as_far_as_it_came(
    store: SessionStore,
) -> None:
    settings = Settings(max_tokens=500)
    conversation = Conversation(ScriptedEngine(["one two three"]), store.create(), settings)
    for event in conversation.ask(Question("first")):
        if isinstance(event, Piece):
            conversation.cancel()
    answer = conversation.log.session.path()[-1]
    assert answer.status == "cancelled"
    assert request_of(conversation.log.session, answer).max_tokens == 1


def test_a_title_is_asked_for_twice_at_most_and_leaves_nothing_behind(
    store: SessionStore,
) -> None:
    conversation = talk(store, "Once.", "x" * 100)
    list(conversation.ask(Question("A story")))
    titles = TitleMaker(Config())
    for _ in range(4):
        titles.start(conversation.engine, conversation.log.session)
        titles.join()
        assert titles.stop() is None
    engine = conversation.engine
    assert isinstance(engine, ScriptedEngine)
    assert [request.aside for request in engine.requests] == [False, True, True]


def test_what_is_exported_comes_in_elsewhere_as_it_was(chat: Chat, tmp_path: Path) -> None:
    chat.script("one", "two", "three")
    chat("Summarise this.", stdin="A long story.\n")
    lines = ["second", "/rate + good", "/rename mine", "/fork 2", "third", "/title Tales", "/undo"]
    chat("-c", "--repl", stdin="\n".join(lines))
    before = session(chat)
    assert chat("sessions", "export", "-o", "tales.json") == 0
    assert chat("sessions", "delete", "--purge", "tales") == 0
    assert chat("sessions", "import", "tales.json") == 0
    assert session(chat) == before
    assert chat("sessions", "import", "tales.json") == 0
    assert session(chat) == before


@pytest.mark.parametrize(
    ("text", "is_moment"),
    [("7d", True), ("12h", True), ("999999w", True), ("2026-11-01", True), ("d", False)],
)
def test_moments_are_dates_or_ages(text: str, is_moment: bool) -> None:
    if is_moment:
        assert moment(text) < datetime.now(timezone.utc)
    else:
        with pytest.raises(UsageProblem, match="neither a date"):
            moment(text)


def test_a_question_does_not_follow_what_another_chat_is_still_saying(store: SessionStore) -> None:
    ours = talk(store, "one", Reply("on and on", endless=True))
    list(ours.ask(Question("first")))
    events = ours.ask(Question("ours"))
    assert any(isinstance(event, Piece) for event in events)
    question = ours.last_question()
    growing = Turn(new_turn_id(), question.id, "assistant", "on", question.time)
    ours.log.checkpoint(growing)
    theirs = Conversation(ScriptedEngine(["two"]), store.open(ours.log.session.id))
    list(theirs.ask(Question("theirs")))
    ours.log.append(replace(growing, content="on and on"))
    events.close()
    again = store.open(ours.log.session.id).session
    assert contents(again.path(theirs.log.session.head)) == ["first", "one", "theirs", "two"]
    told = [e for e in theirs.ask(Question("more")) if isinstance(e, Joined)]
    assert len(told) == 1


def test_a_dry_run_shows_what_a_question_after_an_unanswered_one_sends(chat: Chat) -> None:
    chat.script(Reply("", "error", error="it broke"))
    chat("typo")
    assert chat("-c", "--dry-run", "go on") == 0
    assert chat.out == "[user]\ngo on\n\n"


def test_a_session_is_no_newer_for_its_new_title(chat: Chat) -> None:
    chat("first")
    old = session(chat).id
    chat("second")
    assert chat("sessions", "rename", "first", "Tales") == 0
    assert session(chat).id != old
    assert chat("sessions", "list") == 0
    assert "Tales" in chat.out


def test_a_model_that_a_session_names_is_no_path(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"GGUF")
    store = SessionStore(chat.home / "data" / "sessions")
    log = talk(store, "one").log
    conversation = talk(store, "one")
    list(conversation.ask(Question("first")))
    question, answer = conversation.log.session.path()
    log.append(question)
    log.append(replace(answer, model=str(tmp_path / "theirs")))
    assert chat("--session", log.session.id, "hi") == 0
    assert chat.loaded[0].stem == "tiny"
    assert "was not found by that name" in chat.err
    assert chat("sessions", "replay", log.session.id, "-m", str(tmp_path / "theirs")) == 0
    assert chat.loaded[0] == tmp_path / "theirs"


def test_an_answer_that_cannot_be_made_again_is_not_called_different(chat: Chat) -> None:
    chat("Summarise.", stdin="A story.")
    chat.script(Reply("", "error", error="the engine stopped (SIGKILL)"))
    assert chat("sessions", "replay") == 1
    assert chat.out == ""
    assert "the engine stopped" in chat.err
    for file in (chat.home / "data" / "sessions").glob("*.files/*"):
        file.write_text("Another story.")
    assert chat("sessions", "replay") == 2
    assert "piped text is missing or has changed" in chat.err


def test_an_old_conversation_that_is_imported_is_not_the_last_one(
    chat: Chat, tmp_path: Path
) -> None:
    (tmp_path / "old.json").write_text('{"messages": [{"role": "user", "content": "Long ago."}]}')
    os.utime(tmp_path / "old.json", (1000, 1000))
    chat("first")
    last = session(chat).id
    assert chat("sessions", "import", "old.json") == 0
    assert session(chat).id == last
    assert chat("sessions", "list") == 0
    assert "Long ago." in chat.out
