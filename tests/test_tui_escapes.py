"""Nothing that comes from outside acts on the terminal, wherever the program says it.

The command line and the REPL run here on a real pseudo-terminal; the app is in
`test_tui_app_escapes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from harmful import FILE_NAME, HOSTILE, acting, toml_string
from hub_server import hub_server
from loopback import DONE, Loopback, Told, chunk, end
from own_terminal import OwnTerminal
from scripted_chat import Chat
from test_tui_app_sessions import saved_session
from tiny_gguf import TEMPLATE, tiny_gguf

from engine.models import resolve_model
from engine.models.trust import Ledger
from tui.paths import find_paths

_OWN = re.compile("\x1b\\[[0-9]{0,2}(;[0-9]{1,3})*[mK]|\r\x1b\\[K|\r\n")
"""What the command line writes itself: colours, a line that is painted over, ends of lines."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Scene:
    """Where a place's text comes from."""

    home: Path
    folder: Path
    """Where the program runs."""
    server: Loopback

    def write(self, name: str, text: str) -> Path:
        """A file, relative to the program's home."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def configure(self, text: str) -> None:
        """The person's configuration."""
        self.write("config/config.toml", text)

    def connect(self, **values: str) -> None:
        """An endpoint called ``big``."""
        named = {"url": self.server.url, **values}
        lines = [f"{name} = {toml_string(value)}" for name, value in named.items()]
        self.configure("\n".join(['titles = "never"', "[endpoints.big]", *lines, ""]))

    def prompt(self, text: str, name: str = "own") -> None:
        """A prompt of the person's own."""
        self.write(f"config/prompts/{name}.toml", text)

    def model(self, name: str, changed: Mapping[str, str]) -> None:
        """A model in the models folder."""
        path = self.home / "data" / "models" / f"{name}.gguf"
        path.write_bytes(tiny_gguf(changed=changed))


Arrange = Callable[[Scene], object]


@dataclass(frozen=True)
class Place:
    """A way on which a text from outside reaches the terminal."""

    name: str
    arguments: tuple[str, ...]
    arrange: Arrange = lambda scene: None
    typed: str = ""
    piped: str | None = None
    """Is standard input, which is no terminal then."""
    is_painted: bool = False
    """Whether the terminal is drawn on, and not only written to."""
    shows: str = "harmA"
    """A part of the text that is to be seen, or nothing was tried."""


def told(reply: Told) -> Arrange:
    """A server that says this to the first question."""

    def arrange(scene: Scene) -> None:
        scene.connect()
        scene.server.reply(reply)

    return arrange


def refused(status: int) -> Arrange:
    """A server that does not answer, and says so with hostile words."""
    return told(Told.json({"error": {"message": HOSTILE}}, status))


def event(value: object) -> bytes:
    """One of a stream."""
    return f"data: {json.dumps(value)}\n\n".encode()


def answered(*parts: bytes) -> Arrange:
    """A server that streams this."""
    return told(Told(parts))


def listing(*names: str, **values: str) -> Arrange:
    """A server that has models."""

    def arrange(scene: Scene) -> None:
        scene.connect()
        found = [{"id": name, "object": "model", **values} for name in names]
        scene.server.models = Told.json({"data": found})

    return arrange


def configured(text: str) -> Arrange:
    """A configuration."""
    return lambda scene: scene.configure(text)


def prompted(text: str, name: str = "own") -> Arrange:
    """A prompt."""
    return lambda scene: scene.prompt(text, name)


def modelled(**changed: str) -> Arrange:
    """A model with these in its metadata."""
    fields = {key.replace("__", "."): value for key, value in changed.items()}
    return lambda scene: scene.model("own", fields)


def retemplated(scene: Scene) -> None:
    """A model whose template is another one than when it was first used."""
    scene.model("own", {})
    paths = find_paths({"CHAT_HOME": str(scene.home)})
    Ledger(paths.trust).look(resolve_model("own", paths.models))
    scene.model("own", {"tokenizer.chat_template": f"{TEMPLATE}{HOSTILE}"})


def written(scene: Scene) -> None:
    """A file with a name and a text."""
    (scene.folder / f"{FILE_NAME}.md").write_text(f"{HOSTILE}\n", encoding="utf-8")


def ill(scene: Scene) -> None:
    """What the doctor finds."""
    scene.model(f"{FILE_NAME}.gguf", {})
    scene.configure(f"{toml_string(HOSTILE)} = 1\n")


def talked(scene: Scene) -> None:
    """A session with all that a session can have."""
    saved_session(scene.home, f"{HOSTILE} titled", f"{HOSTILE} asked", f"{HOSTILE} told")


def chatgpt(scene: Scene) -> None:
    """What ChatGPT exports."""
    message = {
        "author": {"role": "user"},
        "content": {"content_type": "text", "parts": [HOSTILE]},
        "create_time": 1700000000.0,
        "metadata": {"model_slug": HOSTILE},
    }
    answer = {**message, "author": {"role": "assistant"}}
    strange = {**message, "content": {"content_type": HOSTILE, "parts": [HOSTILE]}}
    mapping = {
        "root": {"id": "root", "message": None, "parent": None, "children": ["a"]},
        "a": {"id": "a", "message": message, "parent": "root", "children": ["b"]},
        "b": {"id": "b", "message": answer, "parent": "a", "children": ["c"]},
        "c": {"id": "c", "message": strange, "parent": "b", "children": []},
    }
    told = [{"title": HOSTILE, "mapping": mapping, "current_node": "c", "create_time": 1.0}]
    (scene.folder / "conversations.json").write_text(json.dumps(told))


def imported(scene: Scene) -> None:
    """Sessions of other programs, which cannot be read."""
    (scene.folder / f"{FILE_NAME}.json").write_text(f'[{{"{HOSTILE}":')


HOST = "harmA\x1bPharmD\x9c0;harmE\x07\u202eharmF\U000e0041\x7f"
"""What may be taken for a server's name."""

TITLE = f"title = {toml_string(HOSTILE)}\n"


def damaged(scene: Scene) -> None:
    """A session with a line that is none."""
    talked(scene)
    file = next((scene.home / "data" / "sessions").glob("*.jsonl"))
    with file.open("a") as stream:
        stream.write(HOSTILE + "\n")


REPL = "".join(
    f"{line}\n"
    for line in (
        *("/sessions", "/search asked", "/branches", "/title", "/export markdown"),
        *("/model tinyharm", "/open nothing", "/template nothing", "/unknown", "/exit"),
    )
)

_ASK = ("-m", "big", "Hi")
_SPEAK = ("-m", "big", "--repl", "--plain")

PLACES = (
    Place("an endpoint's refusal", _ASK, refused(400)),
    Place("an endpoint that wants a key", _ASK, refused(401)),
    Place("an endpoint that fails", _ASK, refused(404)),
    Place(
        "an endpoint's page that is no JSON",
        _ASK,
        told(Told((HOSTILE.encode(),), 418, kind="text/plain")),
    ),
    Place("an endpoint's only model", ("models", "info", "big"), listing(HOSTILE)),
    Place("an endpoint's models", ("models", "info", "big"), listing(HOSTILE, "other")),
    Place(
        "what an endpoint says of its model",
        ("models", "info", "big"),
        listing("one", owned_by=HOSTILE, **{HOSTILE: "x"}),
    ),
    Place("a model that an endpoint lacks", _ASK, lambda scene: scene.connect(model=HOSTILE)),
    Place("an endpoint's answer", _ASK, answered(chunk(HOSTILE), end(), DONE)),
    Place("an endpoint's finish", _ASK, answered(chunk("a"), end(HOSTILE), DONE), shows="harm"),
    Place(
        "an endpoint's failure in an answer",
        _ASK,
        answered(chunk("a"), event({"error": HOSTILE})),
    ),
    Place(
        "an endpoint's reasoning and usage",
        (*_SPEAK, "--think"),
        answered(
            chunk(delta={"reasoning_content": HOSTILE}),
            chunk(HOSTILE),
            end(),
            event({"choices": [], "usage": {"prompt_tokens": HOSTILE}}),
        ),
        typed="Hi\n/exit\n",
    ),
    Place(
        "an endpoint's tokens",
        (*_ASK, "--json", "--logprobs", "2"),
        answered(
            chunk(HOSTILE, logprobs={"content": [{"token": HOSTILE, "logprob": -0.1}]}),
            end(),
            DONE,
        ),
    ),
    Place(
        "an endpoint's name",
        ("models", "list"),
        configured(f'[endpoints.{toml_string(HOSTILE)}]\nurl = "http://localhost:1/v1"\n'),
    ),
    Place(
        "an endpoint's host",
        ("-m", "big", "--dry-run", "Hi"),
        configured(f"[endpoints.big]\nurl = {toml_string('http://' + HOST + ':1/v1')}\n"),
    ),
    Place(
        "a key's variable",
        _ASK,
        lambda scene: scene.connect(key_env=HOSTILE),
    ),
    Place(
        "a model's metadata",
        ("models", "info", "own"),
        modelled(
            general__license=HOSTILE,
            general__name=HOSTILE,
            general__description=HOSTILE,
            **{HOSTILE: "x"},
            tokenizer__chat_template=f"{HOSTILE}{TEMPLATE}",
        ),
    ),
    Place(
        "a model's template that fails",
        ("models", "info", "own"),
        modelled(tokenizer__chat_template=f"{{{{ raise_exception({json.dumps(HOSTILE)}) }}}}"),
    ),
    Place("a model's licence", ("models", "list"), modelled(general__license=HOSTILE)),
    Place(
        "an architecture",
        ("models", "list"),
        modelled(general__architecture=HOSTILE),
    ),
    Place(
        "a key of the configuration",
        ("config", "show"),
        configured(f"{toml_string(HOSTILE)} = 1\n"),
    ),
    Place(
        "a value of the configuration",
        ("config", "show"),
        configured(f"editing = {toml_string(HOSTILE)}\n"),
    ),
    Place("a model's file and a key", ("doctor",), ill),
    Place("a model in the configuration", ("Hi",), configured(f"model = {toml_string(HOSTILE)}\n")),
    Place("a profile", ("--profile", HOSTILE, "Hi")),
    Place("a path", ("-f", FILE_NAME, "Hi")),
    Place("a draft", ("--edit", FILE_NAME)),
    Place("a template", ("-t", HOSTILE, "Hi")),
    Place("a session", ("--session", HOSTILE, "Hi")),
    Place("a model", ("-m", HOSTILE, "Hi")),
    Place("an option", (f"--{HOSTILE}", "Hi")),
    Place("a setting", ("-o", HOSTILE, "1", "Hi")),
    Place("a value", ("-o", "temperature", HOSTILE, "Hi")),
    Place("a subcommand", ("sessions", HOSTILE)),
    Place(
        "prompts",
        ("prompts", "list"),
        prompted(
            f"{TITLE}summary = {toml_string(HOSTILE)}\ntags = [{toml_string(HOSTILE)}]\n"
            'user = "x"\n'
        ),
    ),
    Place(
        "a prompt",
        ("prompts", "show", "own"),
        prompted(
            f"{TITLE}summary = {toml_string(HOSTILE)}\ntags = [{toml_string(HOSTILE)}]\n"
            f'user = "{{{{ a }}}}"\n[variables.a]\ndescription = {toml_string(HOSTILE)}\n'
        ),
    ),
    Place(
        "what a prompt asks",
        ("-t", "own", "Hi"),
        prompted(f'user = "{{{{ a }}}}"\n[variables.a]\ndescription = {toml_string(HOSTILE)}\n'),
        typed="\n",
    ),
    Place(
        "a prompt's mistakes",
        ("prompts", "check", "own"),
        prompted(f"{toml_string(HOSTILE)} = 1\n"),
    ),
    Place("a prompt's file", ("prompts", "check", FILE_NAME), prompted("a = = 1", FILE_NAME)),
    Place("sessions", ("sessions", "list"), talked),
    Place("a session's turns", ("sessions", "show"), talked),
    Place("a session's branches", ("sessions", "branches"), talked),
    Place("a search", ("sessions", "search", "asked"), talked),
    Place("an export", ("sessions", "export", "--format", "json"), talked),
    Place("an export in Markdown", ("sessions", "export", "--format", "markdown"), talked),
    Place("an import", ("sessions", "import", "conversations.json"), chatgpt),
    Place("a search's words", ("sessions", "search", HOSTILE), talked),
    Place("a damaged session", ("sessions", "check"), damaged),
    Place("a question that is not sent", ("--dry-run", HOSTILE)),
    Place(
        "a configuration's own text",
        ("config", "show", "--origin"),
        configured(f"system = {toml_string(HOSTILE)}\n"),
    ),
    Place(
        "a configuration's profiles",
        ("config", "show"),
        configured(f"[profiles.{toml_string(HOSTILE)}]\nx = 1\n"),
    ),
    Place("a model to be used", ("models", "use", HOSTILE)),
    Place("a model of the hub", ("models", "pull", f"hf:a/{HOSTILE}")),
    Place("a model to be added", ("models", "add", FILE_NAME)),
    Place("a changed template", ("models", "trust", "own", "--yes"), retemplated),
    Place("a prompt of another program", ("prompts", "import", f"{FILE_NAME}.md"), written),
    Place(
        "what would be imported",
        ("prompts", "import", "--dry-run", "own.md"),
        lambda scene: (scene.folder / "own.md").write_text(HOSTILE),
    ),
    Place(
        "a prompt as it reaches the model",
        ("prompts", "show", "own", "--messages"),
        prompted(f'system = {toml_string(HOSTILE)}\nuser = "x"\n'),
    ),
    Place("a prompt to be made", ("prompts", "new", HOSTILE)),
    Place("a draft without a history", ("drafts", "undo", FILE_NAME)),
    Place("a draft's changes", ("--edit", f"{FILE_NAME}.md", "--diff=words"), written),
    Place("a draft through a filter", ("--edit", "-"), piped=f"{HOSTILE}\n"),
    Place("a section", ("--edit", f"{FILE_NAME}.md", "--section", HOSTILE), written),
    Place("the plain REPL", ("-c", "--repl", "--plain"), talked, typed=REPL),
    Place("the REPL", ("-c", "--repl"), talked, typed="/branches\n/exit\n", is_painted=True),
    Place("an import that fails", ("sessions", "import", f"{FILE_NAME}.json"), imported),
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_acts(
    place: Place, chat: Chat, monkeypatch: pytest.MonkeyPatch, loopback: Loopback, tmp_path: Path
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    place.arrange(Scene(chat.home, tmp_path, loopback))
    terminal = OwnTerminal(monkeypatch, is_drawn_on=place.is_painted)
    terminal.run(*place.arguments, starter=chat.start, typed=place.typed, piped=place.piped)
    assert place.shows in terminal.written
    if place.is_painted:
        assert acting(terminal.written.replace("\b", "")) == []
    else:
        assert acting(terminal.written) == []
        assert _CONTROL.findall(_OWN.sub("", terminal.written)) == []


def test_a_download_does_not_act(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = OwnTerminal(monkeypatch)
    with hub_server() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repos["some/Tale"] = {"harmA\x9d\u202eQ8_0.gguf": tiny_gguf()}
        code = terminal.run("models", "pull", "hf:some/Tale", starter=chat.start)
    assert (code, acting(terminal.written)) == (0, [])
    assert "downloading harmA" in terminal.written
