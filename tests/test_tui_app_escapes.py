"""Nothing that comes from outside acts on the terminal: read back from a real pseudo-terminal."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pexpect
from full_screen import FullScreen
from harmful import ACTS, ATTACKS, FILE_NAME, HOSTILE, acting, toml_string
from loopback import DONE, Loopback, Told, chunk, end, usage
from pseudo_terminal import Terminal, until
from test_tui_app_sessions import saved_session
from test_tui_app_terminal import READY, has_answer, rest_of
from tiny_gguf import tiny_gguf

from sessions import SessionStore

ESCAPE = "\x1b"

SCRIPT = """
import sys
from dataclasses import replace
from engine.scripted import Reply, ScriptedEngine
from tui.cli import main

hostile = sys.argv.pop(1)

class Hostile(ScriptedEngine):
    def describe(self):
        return replace(super().describe(), description=hostile, notices=(hostile,))
    card = property(describe)

replies = [Reply(hostile + " answered"), Reply("half", "error", hostile + " broke off")]
engine = Hostile(replies, model_name="tiny" + hostile)
sys.exit(main(sys.argv[1:], starter=lambda path, options: engine))
"""


def read(chat: pexpect.spawn, key: str = "") -> bool:
    """Take what was written, so that the program can go on."""
    chat.send(key)
    chat.expect(pexpect.TIMEOUT, timeout=0.2)
    return True


def test_the_pattern_finds_each_attack() -> None:
    for name, attack in ATTACKS.items():
        assert ACTS.search(attack), name


def test_messages_titles_names_metadata_and_errors_do_nothing(terminal: Terminal) -> None:
    terminal.folder = terminal.home / "here"
    terminal.folder.mkdir(parents=True)
    (terminal.folder / FILE_NAME).write_text("words")
    saved_session(terminal.home, f"{HOSTILE} titled", f"{HOSTILE} asked", f"{HOSTILE} told")
    chat = terminal.start_script(SCRIPT, HOSTILE, "-c")
    written = chat.logfile_read = io.StringIO()
    chat.expect(READY)
    chat.expect("told")
    chat.send("More\r")
    chat.expect("answered")
    until(lambda: read(chat) and has_answer(terminal, "complete") and len(terminal.turns()) == 4)
    chat.send("And more")
    until(lambda: read(chat, "\r") and has_answer(terminal, "error"))
    chat.send("\x02")
    chat.expect("find a session")
    chat.expect("harmA")
    chat.send("\x1b")
    chat.expect(READY)
    chat.send("\x1bOQ")
    chat.expect("Context")
    chat.send("\x1b[6~\x1b[6~\x1b[6~\x1b[6~\x1b[6~")
    chat.expect("Model")
    chat.send("\x1b")
    chat.expect(READY)
    chat.send("\x06")
    chat.expect("search all sessions")
    chat.send("asked")
    chat.expect("1 found")
    chat.send("\x1b")
    chat.expect(READY)
    chat.send("@")
    chat.expect("harmA")
    chat.send("\x11")
    rest_of(chat)
    assert written.getvalue().count("harmA") > 4
    assert acting(written.getvalue()) == []
    store = SessionStore(terminal.home / "data" / "sessions")
    session = store.open(store.latest()).session
    # What is kept is what was said.
    assert any(turn.content == f"{HOSTILE} answered" for turn in session.path())


class Page(HTMLParser):
    """Which tags a document has, which were never closed, and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open += [] if tag == "meta" else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_prompts_branches_pastes_and_paths_do_nothing(terminal: Terminal) -> None:
    terminal.folder = terminal.home / "here"
    terminal.folder.mkdir(parents=True)
    (terminal.folder / f"draft{FILE_NAME}.md").write_text("words")
    prompts = terminal.home / "config" / "prompts"
    prompts.mkdir(parents=True)
    title, user = toml_string(f"{HOSTILE} own"), toml_string(f"{HOSTILE} {{{{ text }}}}")
    (prompts / "own.toml").write_text(f"title = {title}\nuser = {user}\n")
    (prompts / f"broken{FILE_NAME}.toml").write_text(f"{HOSTILE} = = 1\n")
    saved_session(terminal.home, f"{HOSTILE} titled", f"{HOSTILE} asked", f"{HOSTILE} told")
    app = FullScreen(terminal.start_scripted("Answered.", "-c"))
    app.sees("Write something", "told")
    app.press(f"\x1b[200~/rename {HOSTILE.replace(ESCAPE, '')} named\x1b[201~")
    app.sees("named")
    app.press("\r")
    app.sees("this branch is", "Esc closes")
    app.press(ESCAPE)
    app.until(lambda: "Esc closes" not in app.text)
    app.press("\t")
    app.sees("▌")
    app.press("m")
    app.sees("Enter go there", "“]0;harmA")
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\x1bOR")
    app.sees("find a prompt")
    app.press(f"\x1b[200~{HOSTILE.replace(ESCAPE, '')} pasted\x1b[201~")
    app.sees("no prompt matches")
    app.press("\x15")
    app.until(lambda: "no prompt matches" not in app.text)
    app.press("harm")
    app.sees("broken", "own")
    app.press("\x1b[B")
    app.until(lambda: "harmA" in app.text)
    app.press(ESCAPE)
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\x0f")
    app.sees("Revise a draft")
    app.press("dra")
    app.sees(" dra")
    app.press("\t")
    app.sees("harmG")
    app.press(ESCAPE)
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\x11")
    assert app.end() == 0
    assert acting(app.written) == []


def arrange_models_and_prompts(home: Path, server: Loopback) -> None:
    """A model here, one at a server, and a prompt, all of which say what acts."""
    models = home / "data" / "models"
    models.mkdir(parents=True)
    changed = {"general.license": HOSTILE, "general.name": HOSTILE}
    (models / f"{FILE_NAME}.gguf").write_bytes(tiny_gguf(changed=changed))
    prompts = home / "config" / "prompts"
    prompts.mkdir(parents=True)
    told = toml_string(f"{HOSTILE} told")
    (prompts / "own.toml").write_text(f'summary = {told}\ntags = [{told}]\nuser = "x"\n')
    name = toml_string(f"{HOSTILE}big")
    (home / "config" / "config.toml").write_text(
        f'model = {name}\ntitles = "never"\n[endpoints.{name}]\nurl = "{server.url}"\n'
    )
    server.models = Told.json({"data": [{"id": f"{HOSTILE}model", "owned_by": HOSTILE}]})


def answer_that_acts(server: Loopback) -> None:
    """What the server says to the next question."""
    token = {"token": f"{HOSTILE} answered", "logprob": -3.0}
    server.say(
        chunk(delta={"reasoning_content": HOSTILE}),
        chunk(f"{HOSTILE} answered", logprobs={"content": [{**token, "top_logprobs": [token]}]}),
        end(HOSTILE),
        usage(20, 2),
        DONE,
    )


def test_what_servers_models_and_prompts_say_does_nothing(
    terminal: Terminal, loopback: Loopback
) -> None:
    arrange_models_and_prompts(terminal.home, loopback)
    loopback.reply(Told.json({"error": {"message": f"{HOSTILE} refused"}}, 400))
    app = FullScreen(terminal.start_scripted("Answered."))
    app.sees("Write something")
    app.press("/set logprobs 2\r")
    app.sees("logprobs 2")
    app.press("Hi\r")
    app.sees("F5", "refused", "Esc closes")
    app.press(ESCAPE)
    app.until(lambda: "Esc closes" not in app.text)
    answer_that_acts(loopback)
    app.press("\x1b[15~")
    app.sees("answered", "ended the answer")
    app.press("\x1bOQ")
    app.sees("Context")
    app.press("\x1b[6~" * 5)
    app.sees("Model")
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\x1bOS")
    app.sees("On this machine")
    app.press("i")
    app.sees("licence:")
    app.press(ESCAPE)
    app.until(lambda: "licence:" not in app.text)
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\x1bOR")
    app.sees("find a prompt")
    app.press("own")
    app.sees("own  user")
    app.press(ESCAPE)
    app.press(ESCAPE)
    app.sees("Write something")
    app.press("\t")
    app.sees("▌")
    app.press("i")
    app.sees("▒")
    app.press("\x11")
    assert app.end() == 0
    assert acting(app.written) == []


def test_a_picture_of_hostile_turns_is_whole_and_does_nothing(terminal: Terminal) -> None:
    terminal.folder = terminal.home / "here"
    terminal.folder.mkdir(parents=True)
    markup = "<script>harmH()</script>&#27;]]>\ufffe"
    saved_session(
        terminal.home, f"{HOSTILE}{markup}", f"{HOSTILE}{markup}", f"told {HOSTILE}{markup}"
    )
    app = FullScreen(terminal.start_scripted("Answered.", "-c"))
    app.sees("Write something", "told")
    for name in ("picture.svg", "picture.html"):
        app.press("\x1b[24~")
        app.sees("A file for the picture")
        app.press(f"{name}\r")
        app.sees(f"{name} is written")
        written = (terminal.folder / name).read_text(encoding="utf-8")
        assert ACTS.findall(written) == []
        page = Page()
        page.feed(written)
        page.close()
        assert (page.open, page.tags & {"script", "a", "img", "iframe"}) == ([], set())
        assert "harmH" in page.words
    ElementTree.parse(terminal.folder / "picture.svg")
    app.press("\x11")
    assert app.end() == 0
    assert acting(app.written) == []


def test_a_broken_configuration_says_so_and_does_nothing(terminal: Terminal) -> None:
    (terminal.home / "config").mkdir(parents=True)
    (terminal.home / "config" / "config.toml").write_text(f"[keys]\n{HOSTILE} = 1\n")
    app = FullScreen(terminal.start_scripted("Answered."))
    assert app.end() == 1
    assert "config.toml" in app.text
    assert acting(app.written) == []
