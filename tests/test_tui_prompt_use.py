"""Prompts in use: stacked, with their values, in the REPL, and what a project's may not do."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from prompt_library import POSTCARD, of_project, own
from scripted_chat import Chat

from engine.scripted import ScriptedEngine
from engine.types import Event, Request
from sessions import memory_session
from tui.commands import complete_line, run_line
from tui.conversation import Conversation
from tui.options import AskOptions
from tui.repl.fronts import PipeFront
from tui.repl.loop import Repl
from tui.runtime import Runtime

ASK_BOTH = 'user = "{{ who }} {{ when }} {{ text }}"\n[variables.who]\n[variables.when]\n'


def systems(chat: Chat) -> list[str]:
    """The system text of each request, empty where it has none."""
    first = [request.messages[0] for request in chat.engine.requests]
    return [message.content if message.role == "system" else "" for message in first]


def questions(chat: Chat) -> list[str]:
    """What each request ends with."""
    return [request.messages[-1].content for request in chat.engine.requests]


def test_prompts_are_put_over_each_other_in_the_order_given(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "plain.toml", 'system = "Plain words."\nparams = { temperature = 0.2, top_k = 7 }')
    pair = ("-p", "to", "Nora")
    assert chat("-t", "plain", "-t", "postcard", *pair, "rain") == 0
    assert chat.asked[0] == ("system", "Plain words.\n\nYou write postcards to Nora.")
    assert chat.asked[-1] == ("user", "40 words, warm: rain")
    sampling = chat.engine.requests[-1].sampling
    assert (sampling.temperature, sampling.top_k) == (0.8, 7)
    assert chat("-t", "postcard", "-t", "plain", *pair, "rain") == 0
    assert chat.asked[0] == ("system", "You write postcards to Nora.\n\nPlain words.")
    assert chat.engine.requests[-1].sampling.temperature == 0.2


def test_the_system_text_can_be_a_prompts(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "bare.toml", 'user = "{{ text }}"')
    assert chat("--system", "postcard", "-p", "to", "Nora", "Hello") == 0
    assert chat.asked == [("system", "You write postcards to Nora."), ("user", "Hello")]
    assert chat("--system", "postcards", "Hello") == 0
    assert chat.asked[0] == ("system", "postcards")
    assert chat("--system", "postcard", "Hello") == 2
    assert "also needs: to" in chat.err
    assert chat("--system", "bare", "Hello") == 2
    assert "the prompt 'bare' has no system text; use -t for the whole prompt" in chat.err


def test_a_system_prompt_and_a_prompt_share_the_values(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "plain.toml", 'system = "x"\nuser = "{{ n }}: {{ text }}"\n[variables.n]')
    arguments = ("--system", "postcard", "-t", "plain", "-p", "to", "Nora", "-p", "n", "1")
    assert chat(*arguments, "Hello") == 0
    assert chat.asked == [("system", "You write postcards to Nora."), ("user", "1: Hello")]
    assert chat(*arguments, "-p", "m", "1", "Hello") == 2
    assert "m is not a variable of the prompt 'plain'" in chat.err


def test_a_value_without_a_prompt_that_knows_it_is_refused(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    pairs = ("-p", "to", "Nora", "-p", "wrds", "3")
    assert chat("--system", "postcard", *pairs, "Hello") == 2
    assert "did you mean 'words'" in chat.err
    assert chat("-p", "to", "Nora", "Hello") == 2


def test_another_model_than_the_prompt_was_written_for_is_a_warning(chat: Chat) -> None:
    own(chat, "fussy.toml", 'models = ["qwen2.5*", "Gemma*"]\nuser = "{{ text }}"')
    assert chat("-t", "fussy", "Hello") == 0
    assert "fussy was written for qwen2.5*, Gemma*; tiny answers" in chat.err
    own(chat, "fussy.toml", 'models = ["qwen2.5*", "TIN?"]\nuser = "{{ text }}"')
    assert chat("-t", "fussy", "Hello") == 0
    assert chat.err == ""


def test_what_answers_have_to_be_like_reaches_the_engine(chat: Chat) -> None:
    params = "[params]\nbanned = ['delve']\nstop = ['END']\nmax_tokens = 9\n"
    own(chat, "rules.toml", f"{params}grammar = 'root ::= \"yes\"'")
    own(chat, "form.toml", f"{params}[params.schema]\ntype = 'object'")
    assert chat("-t", "rules", "--ban", "tapestry", "Hello") == 0
    request = chat.engine.requests[-1]
    assert (request.grammar, request.schema) == ('root ::= "yes"', None)
    assert (request.banned, request.stop, request.max_tokens) == (
        ("delve", "tapestry"),
        ("END",),
        9,
    )
    assert chat("-t", "form", "Hello") == 0
    request = chat.engine.requests[-1]
    assert (request.grammar, json.loads(request.schema or "")) == (None, {"type": "object"})
    assert chat("-t", "rules", "-t", "form", "Hello") == 0
    assert chat.engine.requests[-1].grammar is None


def test_a_grammar_of_the_command_line_replaces_the_prompts_schema(
    chat: Chat, tmp_path: Path
) -> None:
    own(chat, "form.toml", "[params.schema]\ntype = 'object'")
    grammar = tmp_path / "yes.gbnf"
    grammar.write_text('root ::= "yes"')
    assert chat("-t", "form", "--grammar", str(grammar), "Hello") == 0
    request = chat.engine.requests[-1]
    assert (request.grammar, request.schema) == ('root ::= "yes"', None)


def test_all_that_is_missing_is_named_where_nobody_can_be_asked(chat: Chat) -> None:
    own(chat, "both.toml", ASK_BOTH)
    assert chat("-t", "both", stdin="") == 2
    assert "the prompt 'both' also needs: who, when, text" in chat.err
    assert chat.engine.requests == []
    assert chat("-t", "both", "-p", "who", "I", "-p", "when", "now", "write") == 0
    assert chat.asked[-1] == ("user", "I now write")


def test_a_file_of_a_persons_choice_is_put_in_as_it_is(chat: Chat, tmp_path: Path) -> None:
    own(chat, "styled.toml", 'system = "{{ style }}"\n[variables.style]\ntype = "file"')
    (tmp_path / "mine.md").write_text("Say {{ text }} {% raw %}.\n")
    assert chat("-t", "styled", "-p", "style", "mine.md", "Hello") == 0
    assert chat.asked[0] == ("system", "Say {{ text }} {% raw %}.")
    assert chat("-t", "styled", "-p", "style", "none.md", "Hello") != 0
    assert "none.md" in chat.err
    assert chat("-t", "styled", "Hello") == 2
    assert "also needs: style" in chat.err


def test_the_draft_and_included_texts_are_never_templates(chat: Chat, tmp_path: Path) -> None:
    of_project(tmp_path, "house.md", "House {{ file }} {# kept #}")
    of_project(tmp_path, "style.md", "Style {{ date }}")
    of_project(
        tmp_path,
        "mine.toml",
        'system = "{{ house }} {{ style }}"\ninclude = { house = "house.md" }\n'
        '[variables.style]\ntype = "file"\ndefault = "style.md"',
    )
    assert chat("-t", "mine", stdin="Draft {{ house }} {% if %}") == 0
    (_, system), (_, user) = chat.asked
    assert system.startswith("House {{ file }} {# kept #} Style {{ date }}\n\n")
    assert user.splitlines()[1] == "Draft {{ house }} {% if %}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "other"', "a prompt cannot choose the model"),
        ('endpoint = "http://127.0.0.1"', "a prompt cannot choose where it runs"),
        ('path = "/etc"', "the only paths in a prompt"),
        ('[params]\nmodel = "other"', "a prompt cannot choose the model"),
        ("[params]\nn_ctx = 99", "unknown key"),
        ('include = { secret = "../../secret.md" }', "outside the library's folder"),
        ('include = { secret = "SECRET" }', "outside the library's folder"),
        ('include = { secret = "link.md" }', "a link to a place outside its folder"),
        ('include = { secret = "up/secret.md" }', "a link to a place outside its folder"),
        ('examples_from = "../../*.jsonl"', "outside the library's folder"),
        ('examples_from = "up/*.jsonl"', "a link to a place outside its folder"),
        ('[variables.s]\ntype = "file"\ndefault = "../../secret.md"', "outside the library"),
        ('[variables.s]\ntype = "file"\ndefault = "link.md"', "a link to a place outside"),
        ('extends = "../../secret"', "no prompt is called '../../secret'"),
        ("user = \"{{ text }}{% include '../../secret.md' %}\"", "templates have no files"),
        ('user = "{{ text }}{{ cycler.__init__.__globals__.os }}"', "'__init__'"),
    ],
)
def test_a_projects_prompt_reaches_nothing_but_its_folder(
    chat: Chat, tmp_path: Path, text: str, words: str
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("the secret")
    (tmp_path / "secret.toml").write_text('system = "the secret"')
    (tmp_path / "secret.jsonl").write_text('{"input": "the secret", "output": "x"}')
    path = of_project(tmp_path, "mine.toml", text.replace("SECRET", str(secret)))
    (path.parent / "link.md").symlink_to(secret)
    (path.parent / "up").symlink_to(tmp_path)
    assert chat("-t", "mine", "Hello") != 0
    assert words in chat.err
    assert "the secret" not in chat.err + chat.out
    assert chat.engine.requests == []


def test_a_projects_test_has_no_file_of_the_person_read(chat: Chat, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("the secret")
    of_project(
        tmp_path,
        "mine.toml",
        'system = "{{ style }}"\n[variables.style]\ntype = "file"\n[[tests]]\ninput = "a"\n'
        f'variables = {{ style = "{secret}" }}\nexpect = {{ contains = "a" }}',
    )
    assert chat("prompts", "test", "mine") == 1
    assert "style is a file: a test has the one that is the default" in chat.out + chat.err
    assert chat.engine.requests == []


def test_the_repl_uses_a_prompt_with_values_until_it_is_off(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    lines = [
        "/template",
        '/template postcard to="Aunt Nora" words=60',
        "rain",
        "/template",
        "/template words=20 to=Ann",
        "sun",
        "/template off",
        "snow",
    ]
    assert chat("--repl", stdin="\n".join(lines)) == 0
    assert questions(chat) == ["60 words, warm: rain", "20 words, warm: sun", "snow"]
    assert systems(chat)[:2] == [
        "You write postcards to Aunt Nora.",
        "You write postcards to Ann.",
    ]
    assert "no prompt is in use; /template NAME uses one" in chat.out
    assert "each message goes through postcard" in chat.out
    assert "Aunt Nora" in chat.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/template postcrd", "did you mean 'postcard'"),
        ("/template postcard wrds=3", "did you mean 'words'"),
        ('/template postcard to="Nora', "No closing quotation"),
        ("/template words=3", "name a prompt first"),
        ("/template postcard off", "no prompt is called 'off'"),
    ],
)
def test_a_line_of_the_repl_that_cannot_be_used_changes_nothing(
    chat: Chat, line: str, words: str
) -> None:
    own(chat, "postcard.toml", POSTCARD)
    assert chat("--repl", stdin=f"{line}\nrain\n") == 1
    assert words in chat.err
    assert questions(chat) == ["rain"]


def test_a_value_that_does_not_fit_is_said_and_the_talk_goes_on(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    lines = ["/template postcard to=Nora words=500", "rain", "/template words=50 to=Nora", "sun"]
    assert chat("--repl", stdin="\n".join(lines)) == 1
    assert "words must be from 10 to 120, not 500" in chat.err
    assert questions(chat) == ["50 words, warm: sun"]


def test_the_system_text_of_the_repl_can_be_a_prompts(chat: Chat) -> None:
    own(chat, "plain.toml", 'system = "Plain words."')
    lines = ["/system plain", "one", "/system Be brief.", "two", "/new", "three"]
    assert chat("--repl", stdin="\n".join(lines)) == 0
    assert systems(chat) == ["Plain words.", "Be brief.", ""]


def test_a_new_session_keeps_the_prompt_and_its_values(chat: Chat) -> None:
    own(chat, "postcard.toml", POSTCARD)
    lines = ["/template postcard to=Nora", "rain", "/new", "sun"]
    assert chat("--repl", stdin="\n".join(lines)) == 0
    assert systems(chat) == ["You write postcards to Nora."] * 2
    assert len(chat.engine.requests[-1].messages) == 4


class EditedMeanwhile(ScriptedEngine):
    """An engine during whose first answer somebody edits a prompt."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(["Hello there."])
        self._path = path
        self._text = text

    def stream(self, request: Request) -> Generator[Event, None, None]:
        """See `Engine`."""
        self._path.write_text(self._text)
        return super().stream(request)


def test_a_prompt_that_is_edited_meanwhile_counts_from_the_next_question_on(chat: Chat) -> None:
    path = own(chat, "mine.toml", 'system = "Old."\nuser = "old {{ text }}"')
    chat.engine = EditedMeanwhile(path, 'system = "New."\nuser = "new {{ text }}"')
    assert chat("--repl", "-t", "mine", stdin="one\ntwo\nthree\n") == 0
    assert systems(chat) == ["Old.", "New.", "New."]
    assert questions(chat) == ["old one", "new two", "new three"]
    assert [turn for turn in chat.saved if turn.endswith(".")].count("New.") == 1


def test_a_prompt_that_is_broken_meanwhile_is_said_and_the_talk_goes_on(chat: Chat) -> None:
    path = own(chat, "mine.toml", 'user = "old {{ text }}"')
    chat.engine = EditedMeanwhile(path, "user = 3")
    lines = ["one", "two", "/template off", "three"]
    assert chat("--repl", "-t", "mine", stdin="\n".join(lines)) == 1
    assert "mine.toml:1:1: user: must be a text, not 3" in chat.err
    assert questions(chat) == ["old one", "three"]


def talk(chat: Chat) -> Repl:
    """A conversation in which a line is typed."""
    own(chat, "postcard.toml", POSTCARD)
    own(chat, "broken.toml", "kind = 1")
    runtime = Runtime(os.environ, lambda _path, _options: chat.engine)
    conversation = Conversation(chat.engine, memory_session())
    return Repl(runtime, AskOptions(), conversation, PipeFront(runtime.stdin, runtime.stdout))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/templ", ["/template"]),
        ("/template post", ["postcard"]),
        ("/template of", ["off"]),
        ("/template brok", []),
        ("/template postcard tigh", ["tighten"]),
        ("/template postcard w", ["words="]),
        ("/template postcard to", ["to=", "tone=", "tone=warm", "tone=cool", "tone"]),
        ("/template postcard tone=", ["tone=", "tone=warm", "tone=cool"]),
        ("/template postcard tone=c", ["tone=cool"]),
        ("/template postcard to=Nora post", []),
        ("/template nobody words", []),
        ("/nothing x", []),
    ],
)
def test_names_variables_and_choices_complete_a_line(
    chat: Chat, line: str, words: list[str]
) -> None:
    assert [suggestion.text for suggestion in complete_line(talk(chat), line)] == words


def test_the_variables_of_the_prompt_in_use_complete_a_line(chat: Chat) -> None:
    repl = talk(chat)
    run_line(repl, "/template postcard to=Nora")
    assert [each.text for each in complete_line(repl, "/template tone=w")] == ["tone=warm"]
