"""A model at a server, as a person meets it: named, marked, forbidden, and never told a key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from leftovers import Cleanup
from loopback import DONE, Loopback, Told, chunk, closed_port, end, usage
from model_server import ModelServer
from scripted_chat import Chat

from engine.remote.client import RemoteEngine
from engine.remote.endpoint import Endpoint
from engine.scripted import ScriptedEngine
from sessions import SessionStore
from tui.config import Config
from tui.conversation import Conversation
from tui.questions import Question
from tui.titles import TitleMaker

KEY = "sk-test-8f14e45fceea167a"

ROOT = Path(__file__).parent.parent


@pytest.fixture
def big(chat: Chat, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """A server that the configuration calls ``big``, with a key in the environment."""
    configure(chat.home, loopback.url, key_env="BIG_KEY")
    monkeypatch.setenv("BIG_KEY", KEY)
    return loopback


def configure(home: Path, url: str, **values: object) -> None:
    """Write an endpoint called ``big`` into the configuration."""
    file = home / "config" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} = {json.dumps(value)}" for name, value in {"url": url, **values}.items()]
    file.write_text("\n".join(["[endpoints.big]", *lines, ""]))


def answer(server: Loopback, text: str) -> None:
    """What the server says to the next question."""
    server.say(chunk(text), end(), usage(20, 2), DONE)


def test_an_endpoint_answers_by_its_name_and_the_session_goes_on_with_it(
    chat: Chat, big: Loopback
) -> None:
    answer(big, "Blue.")
    assert chat("-m", "big", "Name a colour.") == 0
    assert chat.out == "Blue.\n"
    assert f"big: what you write is sent to {big.url[7:-3]}" in chat.err
    answer(big, "Because of the sea.")
    assert chat("-c", "Why?") == 0
    roles = [(one["role"], one["content"]) for one in big.asked[1].body["messages"]]
    assert roles == [("user", "Name a colour."), ("assistant", "Blue."), ("user", "Why?")]
    assert chat.saved[-1] == "Because of the sea."


def test_what_leaves_this_machine_is_said_so(chat: Chat) -> None:
    configure(chat.home, "http://no-such-host.invalid:8000/v1")
    assert chat("-m", "big", "Hello.") == 1
    first, second = chat.err.splitlines()
    assert first == (
        "chat: big: what you write leaves this machine and is sent to no-such-host.invalid:8000, "
        "unencrypted"
    )
    assert second == (
        "chat: no-such-host.invalid:8000 is not found: check url in [endpoints.big], and the "
        "network"
    )


def test_nothing_of_the_key_is_kept_or_printed(chat: Chat, big: Loopback) -> None:
    answer(big, "Blue.")
    assert chat("-m", "big", "--json", "Name a colour.") == 0
    printed = chat.out + chat.err
    big.say(chunk("Blue and"), f'data: {{"error": "used up: {KEY}"}}\n\n'.encode())
    assert chat("-m", "big", "--json-lines", "--timings", "Name two colours.") == 1
    assert "used up: …" in chat.out
    printed += chat.out + chat.err
    big.reply(Told.json({"error": {"message": f"wrong key: {KEY}"}}, 401))
    assert chat("-m", "big", "Again.") == 1
    printed += chat.out + chat.err
    for command in (["models", "list"], ["models", "info", "big"], ["config", "show"], ["doctor"]):
        chat(*command)
        printed += chat.out + chat.err
    assert "does not accept the key in BIG_KEY: wrong key: …" in printed
    assert KEY not in printed
    files = [path for path in chat.home.rglob("*") if path.is_file()]
    assert len(files) > 2
    assert not any(KEY.encode() in path.read_bytes() for path in files)


def test_a_key_in_the_configuration_has_no_effect_and_is_pointed_out(
    chat: Chat, big: Loopback
) -> None:
    configure(chat.home, big.url, key=KEY)
    assert chat("models", "list") == 0
    assert "unknown key endpoints.big.key; did you mean endpoints.big.key_env?" in chat.err
    assert KEY not in chat.err


def test_offline_forbids_endpoints_alone(chat: Chat, big: Loopback) -> None:
    assert chat("--offline", "-m", "big", "Hello.") == 2
    assert "offline is set, so nothing may be sent: name one on this machine with -m" in chat.err
    assert chat("--offline", "Hello.") == 0
    assert chat.out == "Hello there.\n"
    assert not big.asked
    assert not big.looked_up


@pytest.mark.parametrize(
    ("variables", "options", "opens"),
    [
        ({}, ["--offline"], False),
        ({"CHAT_OFFLINE": "1"}, [], False),
        ({}, [], True),
    ],
)
def test_offline_opens_no_socket(
    variables: dict[str, str], options: list[str], opens: bool, home: Path
) -> None:
    configure(home, f"http://127.0.0.1:{closed_port()}/v1", model="tiny")
    program = (
        "import sys; seen = []\n"
        "sys.addaudithook(lambda event, _: seen.append(event) if event.startswith('socket.') "
        "else None)\n"
        "from tui.cli import main; code = main(sys.argv[1:])\n"
        "print(code, *sorted(set(seen)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "-m", "big", *options, "Hello."],
        env={**os.environ, **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    code, *events = done.stdout.split()
    assert (code, "socket.connect" in events) == (("1", True) if opens else ("2", False))
    assert opens or not events


def test_a_dry_run_sends_nothing_and_needs_no_key(
    chat: Chat, big: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BIG_KEY")
    assert chat("-m", "big", "--dry-run", "Name a colour.") == 0
    assert "Name a colour." in chat.out
    assert "about 8 tokens of 8,192" in chat.err
    assert f"nothing was sent to {big.url[7:-3]}" in chat.err
    assert "what you write" not in chat.err
    draft = tmp_path / "draft.md"
    draft.write_text("Teh sea.\n")
    assert chat("-m", "big", "--dry-run", "--edit", str(draft)) == 0
    assert not big.looked_up
    assert chat("-m", "big", "Name a colour.") == 1
    assert "big has no key in BIG_KEY: export BIG_KEY=…" in chat.err


def test_an_answer_that_broke_off_is_kept_and_gone_on_from(chat: Chat, big: Loopback) -> None:
    big.say(chunk("Blue and"), b"data: {oops\n\n")
    assert chat("-m", "big", "Name two colours.") == 1
    assert chat.out == "Blue and\n"
    said = "cannot be understood: it sent something that is not JSON; what was generated is kept"
    assert said in chat.err
    assert chat.saved == ["Name two colours.", "Blue and"]
    store = SessionStore(chat.home / "data" / "sessions")
    assert store.open(store.latest()).session.path()[-1].status == "error"
    answer(big, "green.")
    assert chat("-c", "Go on.") == 0
    assert chat.saved[-1] == "green."


def test_what_a_server_cannot_do_is_said_before_it_is_asked(chat: Chat, big: Loopback) -> None:
    assert chat("-m", "big", "--ban", "delve", "Hello.") == 1
    assert "cannot ban phrases; a model on this machine can" in chat.err
    assert chat("-m", "big", "-o", "n_ctx", "99", "Hello.") == 2
    assert "-o n_ctx applies to models on this machine" in chat.err
    assert not big.asked


def test_what_a_server_says_does_nothing_to_the_terminal(chat: Chat, big: Loopback) -> None:
    nasty = "\x1b]0;mine\x07\x9b31m\u202e"
    big.models = Told.json({"data": [{"id": f"tiny{nasty}", "owned_by": nasty}]})
    assert chat("models", "info", "big") == 0
    printed = chat.out + chat.err
    big.say(chunk("Blue"), f"data: {json.dumps({'error': f'no{nasty}'})}\n\n".encode())
    assert chat("-m", "big", "Name a colour.") == 1
    big.reply(Told.json({"error": {"message": nasty}}, 400))
    assert chat("-m", "big", "Name a colour.") == 1
    printed += chat.err
    assert "mine" in printed
    assert not {*nasty} & {*printed} - {*"mine0;31m]"}


def test_a_list_names_endpoints_without_asking_them(chat: Chat, big: Loopback) -> None:
    assert chat("models", "list") == 0
    rows = [line.split("\t") for line in chat.out.splitlines()]
    assert ["big", f"server {big.url[7:-3]}"] in [[row[0], row[-2]] for row in rows]
    assert chat("models", "list", "--json") == 0
    assert json.loads(chat.out)["endpoints"][0]["url"] == big.url
    assert not big.looked_up


def test_an_endpoint_tells_what_it_is_and_may_be_the_default(chat: Chat, big: Loopback) -> None:
    assert chat("models", "info", "big") == 0
    assert f"tiny at {big.url[7:-3]}, answered by vLLM" in chat.out
    assert not chat.err, "nothing that anybody wrote is sent"
    assert "4,096 tokens" in chat.out
    assert "in the environment variable BIG_KEY" in chat.out
    assert chat("models", "use", "big") == 0
    answer(big, "Blue.")
    assert chat("Name a colour.") == 0
    assert chat.out == "Blue.\n"
    assert chat("models", "path", "big") == 2
    assert "has no file here" in chat.err
    assert chat("models", "remove", "big") == 2
    assert "take [endpoints.big] out of" in chat.err
    assert chat("bench", "-m", "big") == 2


def test_the_doctor_misses_a_key(
    chat: Chat, big: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chat.home / "config" / "config.toml").write_text(
        f'model = "big"\n[endpoints.big]\nurl = "{big.url}"\nkey_env = "BIG_KEY"\n'
    )
    chat("doctor")
    assert f"big, at {big.url[7:-3]}" in chat.out
    assert "has no key" not in chat.out + chat.err
    monkeypatch.delenv("BIG_KEY")
    assert chat("doctor") == 1
    assert "big has no key in BIG_KEY" in chat.out + chat.err
    assert not big.looked_up


def test_a_mistyped_name_leads_to_an_endpoint(chat: Chat, big: Loopback) -> None:
    assert chat("-m", "bgi", "Hello.") == 2
    assert "did you mean big?" in chat.err
    assert not big.looked_up


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('model = "x"', "endpoints.big has no url"),
        ("", "endpoints.big has no url"),
        ('url = "gpu01"', "endpoints.big: url must be like https://host:8000/v1"),
        ('url = "https://a:b@gpu01/v1"', "must not contain a password"),
        ('url = "http://gpu01/v1"\nserver = "vlm"', "endpoints.big.server must be one of"),
    ],
)
def test_an_endpoint_that_is_described_wrongly_is_said_so(
    table: str, said: str, chat: Chat
) -> None:
    configure(chat.home, "")
    (chat.home / "config" / "config.toml").write_text(f"[endpoints.big]\n{table}\n")
    assert chat("-m", "big", "Hello.") == 1
    assert said in chat.err


def test_a_project_cannot_name_servers(chat: Chat, big: Loopback, tmp_path: Path) -> None:
    (chat.home / "config" / "config.toml").unlink()
    project = tmp_path / ".chat" / "config.toml"
    project.parent.mkdir()
    project.write_text(f'model = "big"\n[endpoints.big]\nurl = "{big.url}"\n')
    assert chat("-m", "big", "Hello.") == 2
    assert "endpoints.big.url is ignored: a project cannot set it" in chat.err
    assert not big.looked_up


def test_the_words_that_a_server_was_unsure_of_are_shown_where_it_says_so(
    chat: Chat, big: Loopback
) -> None:
    answer(big, "Blue.")
    scores = [{"token": "Bl", "logprob": -2.5}, {"token": "ue", "logprob": -0.1}]
    big.say(chunk("Blue", logprobs={"content": scores}), end(), usage(20, 2), DONE)
    lines = "Name a colour.\n/probs\n/set logprobs 5\n/regen\n/probs\n/score Blue.\n"
    assert chat("-m", "big", "--repl", stdin=lines) == 1
    assert "has no probabilities, and big's server cannot score a given text" in chat.err
    assert "/set logprobs 5 keeps them for future answers" in chat.err
    assert big.asked[1].body["top_logprobs"] == 5
    assert "«Blue 7%»" in chat.out
    assert chat.err.count("cannot score a given text; a model on this machine can") == 2


def test_that_tokens_were_not_counted_is_said_where_they_are_told(
    chat: Chat, big: Loopback
) -> None:
    big.say(chunk("Blue."), end(), DONE)
    assert chat("-m", "big", "Name a colour.") == 0
    assert "count" not in chat.err
    big.say(chunk("Blue."), end(), DONE)
    assert chat("-m", "big", "--stats", "Name a colour.") == 0
    assert "these are estimates: the server does not count tokens" in chat.err
    answer(big, "Blue.")
    assert chat("-m", "big", "--stats", "Name a colour.") == 0
    assert "estimates" not in chat.err


def test_the_repl_marks_the_model_and_changes_to_an_endpoint(chat: Chat, big: Loopback) -> None:
    answer(big, "Blue.")
    assert chat("--repl", stdin="/model big\nName a colour.\n/tokens\n") == 0
    where = big.url[7:-3]
    assert f"the model is big at {where}" in chat.out
    assert "Blue." in chat.out
    assert "these are estimates" in chat.out
    assert f"what you write is sent to {where}" in chat.err
    assert isinstance(chat.engine, ScriptedEngine)
    assert not chat.engine.requests


@pytest.mark.parametrize(
    ("titles", "url", "found"),
    [
        ("here", "https://gpu01:8000/v1", None),
        ("always", "https://gpu01:8000/v1", "The Last Lamp"),
        ("here", "http://localhost:8000/v1", "The Last Lamp"),
        ("never", "http://localhost:8000/v1", None),
    ],
)
def test_a_server_elsewhere_is_not_asked_for_titles_that_nobody_asked_for(
    cleanup: Cleanup, titles: str, url: str, found: str | None, big: Loopback, tmp_path: Path
) -> None:
    config = Config(titles=titles, endpoints={"big": {"url": url}})
    engine = cleanup(RemoteEngine(Endpoint("big", big.url), {}))
    log = SessionStore(tmp_path / "sessions").create()
    answer(big, "Once.")
    list(Conversation(engine, log).ask(Question("A story")))
    answer(big, "The Last Lamp")
    maker = TitleMaker(config)
    maker.start(engine, log.session)
    maker.join()
    assert maker.stop() == found
    assert len(big.asked) == (2 if found else 1)


def test_a_draft_is_revised_at_a_server(chat: Chat, big: Loopback, whole_drafts: None) -> None:
    draft = Path("draft.md")
    draft.write_text("Teh sea is blue.\n")
    answer(big, "The sea is blue.")
    assert chat("-m", "big", "--edit", str(draft), "--yes") == 0
    assert draft.read_text() == "The sea is blue.\n"


def test_a_real_server_answers_a_real_question(chat: Chat, model_server: ModelServer) -> None:
    configure(chat.home, model_server.url, n_ctx=1024)
    options = ("--json", "--max-tokens", "5", "--logprobs", "1", "-o", "temperature", "0")
    assert chat("-m", "big", *options, "Tell me a long story.") == 0
    told = json.loads(chat.out)
    assert told["model"] == "big"
    assert told["usage"]["completion_tokens"] == 5
    assert len(told["choices"][0]["logprobs"]["content"]) == 5


def test_a_conversation_with_a_real_server_has_all_its_ways(
    chat: Chat, model_server: ModelServer
) -> None:
    configure(chat.home, model_server.url, n_ctx=1024)
    lines = (
        "Tell me a long story.",
        "/regen temperature 1.5",
        "/alt 2",
        "/pick 1",
        "/edit A short one, please.",
        "/continue",
        "And then?",
        "/score It was dark.",
        "/compact 1",
        "/branches",
    )
    options = ("--repl", "--max-tokens", "6", "-m", "big")
    assert chat(*options, stdin="\n".join(lines)) == 1
    assert "cannot continue an answer; regenerate it" in chat.err
    assert "cannot score a given text" in chat.err
    assert len([line for line in chat.err.splitlines() if "cannot" in line]) == 2
    assert chat.out.count("Tell me a long story.") == 1
    store = SessionStore(chat.home / "data" / "sessions")
    turns = list(store.open(store.latest()).session.turns.values())
    answers = [turn for turn in turns if turn.role == "assistant" and turn.model == "big"]
    assert len(answers) >= 6
    assert all(turn.content and turn.status in ("complete", "length") for turn in answers)


def test_a_real_server_keeps_to_a_schema_and_answers_several_times(
    chat: Chat, model_server: ModelServer, tmp_path: Path
) -> None:
    configure(chat.home, model_server.url, n_ctx=1024)
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"age": {"enum": [7, 8]}}}')
    options = ("-m", "big", "-n", "2", "--schema", str(schema), "--separator", "---")
    assert chat(*options, "How old?") == 0
    assert all(json.loads(text).get("age", 7) in (7, 8) for text in chat.out.split("---"))
    draft = tmp_path / "draft.md"
    draft.write_text("Teh sea are grey.\n")
    assert chat("-m", "big", "--edit", str(draft)) in (0, 1)
    assert draft.read_text() == "Teh sea are grey.\n"
