"""Every command of a conversation, as a person would type it, and what the registry says of it."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from scripted_chat import Chat

from engine.sampling_params import Sampling
from engine.scripted import Reply, ScriptedEngine
from engine.types import Message
from sessions import Session, SessionStore, Turn, memory_session
from tui.attach import AttachedText
from tui.commands import COMMANDS, GROUPS, complete_line, find_command, run_line
from tui.commands.page import commands_page
from tui.commands.saved import where_it_stands
from tui.context_use import context_use
from tui.conversation import Conversation, Question, Settings
from tui.errors import UsageProblem
from tui.mentions import mentioned_files, mentioned_others
from tui.options import AskOptions
from tui.paragraphs import code_blocks_of, paragraphs_of
from tui.repl.fronts import PipeFront
from tui.repl.loop import Repl
from tui.runtime import Runtime
from tui.setting_values import MEANINGS, NUMBERS, range_of, value_of
from tui.uncertain import judged, marked, scored_words

CODE = "See:\n\n```py\nx = 1\n\ny = 2\n```\n\nand\n\n~~~\nz\n~~~\n"


def session(chat: Chat) -> Session:
    store = SessionStore(chat.home / "data" / "sessions")
    return store.open(store.latest()).session


def contents(turns: list[Turn]) -> list[str]:
    return [turn.content for turn in turns]


class Desk(Repl):
    """The REPL without its loop, with an editor that writes what it is told, and a clipboard."""

    copied = ""
    typed: str | None = None
    heard: tuple[str, ...] = ()

    def say(self, text: str) -> None:
        self.heard += (text,)

    def copy(self, text: str) -> None:
        self.copied = text

    def edit_text(self, text: str) -> str | None:
        return None if self.typed is None else text + self.typed


@pytest.fixture
def desk(chat: Chat) -> Desk:
    runtime = Runtime({"CHAT_HOME": str(chat.home)}, lambda _path, _options: chat.engine)
    runtime.stdin, runtime.stdout, runtime.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    conversation = Conversation(chat.engine, memory_session())
    return Desk(runtime, AskOptions(), conversation, PipeFront(runtime.stdin, runtime.stdout))


def asked(desk: Desk, *questions: str) -> None:
    for question in questions:
        list(desk.conversation.ask(Question(question)))


def said(desk: Desk, line: str) -> list[str]:
    desk.heard = ()
    run_line(desk, line)
    return list(desk.heard)


def completions(desk: Desk, line: str) -> list[str]:
    return [suggestion.text for suggestion in complete_line(desk, line)]


def test_the_page_of_commands_is_the_registrys() -> None:
    page = Path(__file__).parent.parent / "docs" / "commands.md"
    assert page.read_text() == commands_page()


def test_each_command_has_a_group_a_summary_and_an_example_that_names_it() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    assert {command.group for command in COMMANDS} == set(GROUPS)
    for command in COMMANDS:
        assert command.summary
        assert command.example.split(" ")[0] == f"/{command.name}"


def test_an_unknown_command_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageProblem, match=r"no command /brnches; did you mean /branches\?"):
        find_command("brnches")


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_each_command_is_helped_with_and_completes_in_an_empty_session(
    desk: Desk, command: str
) -> None:
    assert said(desk, f"/help {command}")[1].startswith(f"for example /{command}")
    assert f"/{command}" in completions(desk, f"/{command}")
    list(complete_line(desk, f"/{command} "))


def test_one_answer_can_have_other_settings(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("--repl", stdin="first\n/regen temperature 1.5 max_tokens=9\nsecond") == 0
    _, again, after = chat.engine.requests
    assert (again.sampling.temperature, again.max_tokens) == (1.5, 9)
    assert (after.sampling.temperature, after.max_tokens) == (Sampling().temperature, None)
    assert contents(session(chat).path()) == ["first", "two", "second", "three"]


def test_any_question_is_answered_again_by_its_number_or_its_answers(chat: Chat) -> None:
    chat.script("one", "two", "three", "four")
    assert chat("--repl", stdin="first\nsecond\n/regen 1\n/switch 1\n/regen 2") == 0
    first, answer = session(chat).path()
    assert contents(session(chat).children(first.id)) == ["one", "three", "four"]
    assert answer.content == "four"
    assert [len(request.messages) for request in chat.engine.requests] == [1, 3, 1, 1]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("first\n/regen 9", "there are turns 1 to 2 here"),
        ("first\n/regen temperatur 1", "no option 'temperatur'; did you mean temperature?"),
        ("first\n/regen temperature", "temperature needs a value"),
        ("first\n/regen temperature 99", "temperature must be a number from 0 to 10"),
        ("first\n/regen n=0", "1 to 16 answers at once, not 0"),
        ("/alt", "/alt takes the number of versions"),
        ("/alt 2", "there is no question yet"),
        ("first\n/pick 2", "there are versions 1 to 1 here"),
        ("/continue", "there is no answer here yet"),
        ("first\n/continue 1", "that turn is not an answer"),
        ("first\n/edit 2 other", "that turn is not a question"),
        ("first\n/answer 1 other", "that turn is not an answer"),
        ("first\n/merge 1", "/merge takes VERSION:PARAGRAPH"),
        ("first\n/merge 1:2", "that answer has paragraphs 1 to 1, not 2"),
        ("first\n/copy", "there is no terminal with a clipboard"),
        ("first\n/copy 1", "has no code blocks"),
        ("first\n/save", "/save takes the name of a file"),
        ("first\n/save .", "is a folder"),
        ("/score", "/score takes the text"),
        ("/switch", "/switch takes the name of a branch or its number"),
        ("first\n/switch 2", "there is no branch '2'"),
        ("/set mood 1", "no option 'mood'"),
        ("/set temperature x", "temperature must be a number, not 'x'"),
        ("/set max_tokens 0", "max_tokens must be a whole number from 1 to"),
        ("/think maybe", "/think takes on, off or auto"),
        ("/attach nowhere.md", "nowhere.md cannot be read"),
        ("/attach 'a", "No closing quotation"),
        ("/detach", "nothing is attached"),
        ("/search", "/search takes words"),
        ("/open", "/open takes the id or the title"),
        ("/open nowhere", "nowhere"),
        ("first\n/export html", "html needs a file"),
        ("first\n/export a b", "/export takes one of json"),
        ("first\n/export tale.doc", "ends in no format's name: /export FORMAT PATH names it"),
        ("/retitle", "there is no answer yet to base a title on"),
        ("/help nothing", "there is no command /nothing"),
    ],
)
def test_what_a_command_cannot_do_is_said_in_one_line(
    chat: Chat, lines: str, complaint: str
) -> None:
    chat.script("one")
    assert chat("--repl", stdin=lines) == 1
    assert complaint in chat.err
    assert chat.err.count("\n") == 1


def test_several_versions_are_numbered_and_one_is_picked(chat: Chat) -> None:
    chat.script("zero", "one", "two", "three", "after")
    assert chat("--repl", stdin="first\n/alt 3\n/pick\n/pick 2\nsecond") == 0
    assert "  1  one  (here)\n  2  two\n  3  three\n" in chat.out
    assert contents(session(chat).path()) == ["first", "two", "second", "after"]


def test_after_a_restart_the_versions_are_all_answers_in_their_order(chat: Chat) -> None:
    chat.script("one", "two")
    chat("--repl", stdin="first\n/regen")
    assert chat("-c", "--repl", stdin="/pick\n/pick 1") == 0
    assert "  1  one\n  2  two  (here)\n" in chat.out
    assert contents(session(chat).path()) == ["first", "one"]


def test_an_answer_is_put_together_from_paragraphs_of_others(chat: Chat) -> None:
    chat.script("a1\n\na2", "b1\n\nb2")
    assert chat("--repl", stdin="first\n/regen\n/merge\n/merge 2:1 1:2") == 0
    assert "1:2  a2\n2:1  b1\n" in chat.out
    merged = session(chat).path()[-1]
    assert merged.content == "b1\n\na2"
    assert set(merged.edits) == {turn.id for turn in session(chat).children(merged.parent)[:2]}


def test_an_answer_in_ones_own_words_is_gone_on_from(chat: Chat) -> None:
    chat.script("one", " more")
    assert chat("--repl", stdin="first\n/answer The lamp\n/continue") == 0
    assert chat.engine.requests[-1].prefill == "The lamp"
    old, own, continued = session(chat).children(session(chat).path()[0].id)
    assert (own.content, own.edits, own.model) == ("The lamp", (old.id,), None)
    assert (continued.content, continued.continues) == ("The lamp more", own.id)


def test_the_editor_changes_an_answer_or_leaves_it(desk: Desk) -> None:
    asked(desk, "first")
    assert said(desk, "/answer") == ["nothing was changed"]
    desk.typed = " Again."
    said(desk, "/answer")
    assert desk.conversation.last_answer().content == "Hello there. Again."


def test_an_earlier_question_is_reworded_by_its_number(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("--repl", stdin="first\nsecond\n/edit 1 other") == 0
    assert contents(session(chat).path()) == ["other", "three"]


def test_an_answer_or_its_code_is_copied(desk: Desk, chat: Chat) -> None:
    chat.script(CODE)
    desk.conversation.engine = chat.engine
    asked(desk, "first")
    assert completions(desk, "/copy ") == ["1", "2"]
    said(desk, "/copy 1")
    assert desk.copied == "x = 1\n\ny = 2\n"
    said(desk, "/copy")
    assert desk.copied == CODE


def test_an_answer_is_saved_and_replaces_a_file_only_when_told(chat: Chat, tmp_path: Path) -> None:
    chat.script("one", "two")
    assert chat("--repl", stdin="first\n/save 'my answer.md'") == 0
    file = tmp_path / "my answer.md"
    assert file.read_text() == "one\n"
    assert chat("-c", "--repl", stdin="/regen\n/save 'my answer.md'") == 1
    assert "--force replaces it" in chat.err
    assert file.read_text() == "one\n"
    assert chat("-c", "--repl", stdin="/save --force 'my answer.md'") == 0
    assert file.read_text() == "two\n"


def test_the_session_is_drawn_as_a_tree_and_gone_to_by_number(chat: Chat) -> None:
    chat.script("one", "two", "three", "four")
    lines = "first\nsecond\n/fork 2\nthird\n/rename mine\n/branches\n/switch 1"
    assert chat("--repl", stdin=lines) == 0
    assert (
        "· first (2 turns)\n  1. second (2 turns)\n  2. third (2 turns)  'mine'  (here)\n"
    ) in chat.out
    assert "now on the branch 'second'; you were on 'mine'" in chat.out
    assert contents(session(chat).path())[-1] == "two"


def test_a_fork_gives_its_name_to_the_branch_that_begins(chat: Chat) -> None:
    chat.script("one", "two", "three")
    assert chat("--repl", stdin="first\nsecond\n/fork 2 sad end\nthird\n/branch") == 0
    assert chat.out.endswith("second  4 turns\nsad end  4 turns  (here)\n")
    assert chat("-c", "--repl", stdin="/fork sad end") == 1
    assert "another branch is called 'sad end'" in chat.err


def test_settings_hold_until_they_are_taken_back(chat: Chat) -> None:
    chat.script("one")
    lines = "/set temperature 0.25 max_tokens=5\nfirst\n/set temperature default\nsecond"
    assert chat("--repl", stdin=f"{lines}\n/set temperature\n/set") == 0
    first, second = chat.engine.requests
    assert (first.sampling.temperature, first.max_tokens) == (0.25, 5)
    assert (second.sampling.temperature, second.max_tokens) == (0.7, 5)
    assert "temperature 0.7  how bold" in chat.out
    assert "(0 to 10)" in chat.out
    assert all(f"\n{name} " in chat.out for name in MEANINGS)


def test_a_seed_that_is_set_wins_over_the_one_of_the_command_line(chat: Chat) -> None:
    chat.script("one")
    assert chat("--repl", "--seed", "3", stdin="/set seed 5\nfirst\n/set seed default\nsecond") == 0
    assert chat.engine.requests[0].sampling.seed == 5
    assert chat.engine.requests[1].sampling.seed not in (3, 5)


def test_each_setting_is_shown_as_it_could_be_typed() -> None:
    settings = Settings(Sampling(logit_bias=(("sea", 2.0),), seed=None))
    assert set(MEANINGS) == {*Sampling().to_dict(), *NUMBERS}
    assert value_of(settings, "logit_bias") == "sea=2"
    assert value_of(settings, "seed") == "none"
    assert value_of(settings, "dry_sequence_breakers") == '\\n,:,",*'
    assert (range_of("min_p"), range_of("samplers")) == ("0 to 1", "")


def test_thinking_is_switched_for_the_next_answers(chat: Chat) -> None:
    chat.script("one")
    assert chat("--repl", stdin="/think off\nfirst\n/think auto\nsecond\n/think") == 0
    assert [request.think for request in chat.engine.requests] == [False, None]
    assert chat.out.endswith("the model decides whether to think aloud\n")


def test_files_are_attached_listed_and_left_out(chat: Chat, tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text(f"This is {name}.")
    chat.script("one")
    assert chat("--repl", stdin="/attach a.md b.md\n/detach 1\nfirst\nsecond\n/attach") == 0
    first, second = (request.messages[-1].content for request in chat.engine.requests)
    assert "This is b.md." in first
    assert "This is a.md." not in first
    assert second == "second"
    assert chat.out.endswith("nothing is attached; /attach PATH adds a file to the next question\n")


def test_a_question_names_files_with_an_at_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.md", "my notes.md"):
        (tmp_path / name).write_text("x")
    assert mentioned_files("Compare @a.md with @'my notes.md' and @a.md") == [
        Path("a.md"),
        Path("my notes.md"),
    ]
    assert mentioned_files("me@a.md @nobody @.") == []
    assert mentioned_files(f"@{'a' * 300} @~nobody-there/a.md") == []


def test_a_folder_behind_an_at_sign_is_said_to_stay_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert mentioned_others(f"@notes and @pipe, @pipe @. @nobody @{'a' * 300}") == [
        Path("notes"),
        Path("pipe"),
    ]


def test_where_the_context_goes_adds_up_to_what_the_model_gets() -> None:
    engine = ScriptedEngine(["one two"], n_ctx=100)
    conversation = Conversation(engine, memory_session())
    conversation.instruct("Be brief.")
    for question in ("first", "second question"):
        list(conversation.ask(Question(question)))
    use = context_use(engine, conversation.log.session.path(), [AttachedText("a", "x y z")])
    assert [(part.name, part.tokens) for part in use.parts] == [
        *(("system text", 2), ("earlier turns", 3), ("last question", 2), ("its answer", 2)),
        ("texts to attach", 3),
    ]
    assert (use.used, use.free) == (12, 88)
    assert use.used - 3 == engine.count(conversation.messages_before())


class WithOwnSystemText(ScriptedEngine):
    """Its chat template has four words around messages, and says a text where there is no other."""

    def count(self, messages: Sequence[Message]) -> int:
        is_given = any(message.role == "system" for message in messages)
        own = [] if is_given else [Message("system", "You are a helpful assistant named Tiny.")]
        return super().count([*own, *messages]) + 4


def test_a_system_text_is_counted_whole_where_it_replaces_that_of_the_template() -> None:
    engine = WithOwnSystemText(["one two"], n_ctx=100)
    conversation = Conversation(engine, memory_session())
    list(conversation.ask(Question("first")))
    parts = context_use(engine, conversation.log.session.path()).parts
    assert (parts[0].name, parts[0].tokens) == ("chat template", 11), "it says its own text"
    conversation.instruct("Be brief.")
    list(conversation.ask(Question("second question")))
    use = context_use(engine, conversation.log.session.path())
    assert [(part.name, part.tokens) for part in use.parts[:2]] == [
        *(("chat template", 4), ("system text", 2)),
    ]
    assert use.used == engine.count([*conversation.messages_before(), Message("user", "")])


def test_a_summary_is_counted_apart_from_the_system_text(chat: Chat) -> None:
    chat.script("a long answer " * 9, "short", "They talked.")
    assert chat("--repl", "-s", "Be brief.", stdin="first\nsecond\n/compact 2\n/tokens") == 0
    rows = [line.strip().partition("  ")[::2] for line in chat.out.splitlines()[-5:]]
    assert [name for _, name in rows][:2] == ["system text", "summary"]


def test_sessions_are_listed_found_and_opened(chat: Chat) -> None:
    chat.script("The whale sang.")
    chat("A story about a whale")
    chat.script("No.", "Yes.")
    lines = "Something else\n/sessions\n/search whale\n/open A story\nAgain"
    assert chat("--repl", stdin=lines) == 0
    assert "A story about a whale  assistant: The [whale] sang." in chat.out
    assert (
        "A story about a whale (2 turns)\n› A story about a whale\n  The whale sang.\n" in chat.out
    )
    assert chat.asked[:2] == [("user", "A story about a whale"), ("assistant", "The whale sang.")]


@pytest.mark.parametrize("arguments", [("--repl",), ("--repl", "--plain"), ("And this?",)])
def test_damaged_lines_of_a_session_are_told_of_once(
    chat: Chat, arguments: tuple[str, ...]
) -> None:
    chat("What is it?")
    file = next((chat.home / "data" / "sessions").glob("*.jsonl"))
    file.write_bytes(file.read_bytes().replace(b"What is it", b"What iz it"))
    assert chat("-c", *arguments, stdin="And this?\n/title\n" * ("--repl" in arguments)) == 0
    told = [line for line in chat.err.splitlines() if "damaged" in line]
    assert told == [
        "chat: 1 line of this session is damaged, turns before these are lost; see chat sessions "
        "check"
    ]


def test_a_session_that_is_open_is_told_in_three_short_lines(desk: Desk) -> None:
    asked(desk, "word " * 100)
    title, question, answer = where_it_stands(desk)
    assert title.endswith("… (2 turns)")
    assert len(question) <= 204
    assert answer == "  Hello there."


def test_of_attached_texts_only_the_names_are_told(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A secret.")
    chat.script("one")
    assert chat("--repl", "-f", "a.md", stdin="Summarise this.\n/title Tales\n/open Tales") == 0
    assert chat.out.endswith("Tales (3 turns)\n› Summarise this. [a.md]\n  one\n")


def test_a_session_is_exported_as_text_and_into_a_file(chat: Chat, tmp_path: Path) -> None:
    chat.script("See /home/ida/notes.")
    assert chat("--repl", stdin="first\n/export text\n/export tale.json\n/export tale.json") == 1
    assert "[user]\nfirst\n" in chat.out
    assert "a path in a home folder" in chat.out
    assert "tale.json is written" in chat.out
    assert "--force replaces it" in chat.err
    assert '"draftsmith-session"' in (tmp_path / "tale.json").read_text()


def test_the_model_finds_a_title_when_it_is_asked(chat: Chat) -> None:
    chat.script("Once.", "The Last Lamp")
    assert chat("--repl", stdin="A story\n/title Mine\n/retitle") == 0
    assert chat.out.endswith("The Last Lamp\n")
    assert (session(chat).title, session(chat).title_is_own) == ("The Last Lamp", False)


def test_a_title_that_is_none_leaves_the_one_there_is(chat: Chat) -> None:
    chat.script("Once.", "x" * 100)
    assert chat("--repl", stdin="A story\n/title Mine\n/retitle") == 1
    assert "the model found no title" in chat.err
    assert session(chat).title == "Mine"


def test_words_that_the_model_was_unsure_of_are_marked() -> None:
    words = scored_words([("The", -0.1), (" light", -1.0), ("house", -1.0), (" sang", -0.1)])
    assert marked(words) == "The «lighthouse 14%» sang"


def test_a_text_is_judged_by_its_unusual_and_its_worn_out_words() -> None:
    tokens = [(f" {word}", -0.1) for word in ["at", "the", "end", "of", "the", "day"]]
    lines = list(judged([*tokens, (" xylophone", -9.0)]))
    assert lines == [
        "perplexity 3.9 over 7 tokens",
        "unusual: xylophone 0.01%",
        "worn out: “at the end of the day”",
    ]


def test_scores_are_kept_ones_or_computed(chat: Chat) -> None:
    chat.script("a story")
    assert chat("--repl", stdin="first\n/probs\n/score a story") == 0
    assert chat.out.splitlines()[1] == "a story"
    assert "perplexity" in chat.out


def test_paragraphs_and_code_are_told_apart() -> None:
    assert paragraphs_of(CODE) == ["See:", "```py\nx = 1\n\ny = 2\n```", "and", "~~~\nz\n~~~"]
    assert code_blocks_of(CODE) == ["x = 1\n\ny = 2\n", "z\n"]
    assert code_blocks_of("```\ncut off") == ["cut off\n"]


def test_names_values_and_files_complete_a_line(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").write_text("x")
    (tmp_path / "my notes.md").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "plans").mkdir()
    asked(desk, "first", "second")
    desk.conversation.fork(desk.conversation.log.session.path()[1], "sad end")
    asked(desk, "third")
    assert completions(desk, "/attach n") == ["notes.md"]
    assert completions(desk, "/attach pl") == ["plans/"]
    assert completions(desk, "/attach .h") == [".hidden"]
    assert completions(desk, "/attach 'my") == []
    assert completions(desk, "Compare @n") == ["@notes.md"]
    assert completions(desk, "me@n") == []
    assert completions(desk, "/switch sad e") == ["end"]
    assert completions(desk, "/regen temp") == ["temperature"]
    assert completions(desk, "/set temperature ") == ["0.7", "default"]
    assert completions(desk, "/continue ") == ["2", "4"]
    assert completions(desk, "/think o") == ["on", "off"]
    assert "smollm2" not in completions(desk, "/model ti")
    assert completions(desk, "/model ti") == ["tiny"]
    assert completions(desk, "/export ht") == ["html"]


def test_an_answer_that_failed_is_neither_rated_nor_copied(chat: Chat) -> None:
    chat.script(Reply("", "error", error="it broke"))
    assert chat("--repl", stdin="first\n/rate +") == 1
    assert "there is no answer here yet; /regen answers the last question" in chat.err
