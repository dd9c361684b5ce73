"""A person's whole way through the app, on a real terminal with the starter model."""

from __future__ import annotations

from pathlib import Path

from full_screen import FullScreen
from pseudo_terminal import Terminal

from sessions import Session, SessionStore

ESCAPE, TAB, KEEP, LEAVE = "\x1b", "\t", "\x13", "\x11"

BOATS, COUNT, TWICE = "Name three boats.", "Count to a hundred.", "Name three boats. Twice."


class Person(FullScreen):
    """Presses a key only when the screen shows that it has come to that."""

    def ask(self, words: str) -> None:
        """Ask, and wait for the answer."""
        self.press(f"{words}\r")
        self.sees(f"› {words}", "cut off")
        self.wait()

    def wait(self) -> None:
        """Wait until the model has ended."""
        self.until(lambda: "Esc stops" not in self.text)

    def go_to_the_question(self) -> None:
        """Point at the first turn."""
        self.press("g")
        self.sees(f"▌ › {BOATS}")


def saved(home: Path) -> Session:
    """The only session, as it is on disk."""
    store = SessionStore(home / "data" / "sessions")
    (session,) = store.ids()
    return store.open(session).session


def begin(terminal: Terminal, *arguments: str) -> Person:
    options = ("--max-tokens", "16", "-o", "n_ctx", "1024")
    return Person(terminal.start(*arguments, *options, *terminal.endless_options()))


def ask_stop_and_regenerate(app: Person) -> None:
    app.sees("Write something")
    app.ask(BOATS)
    app.press("/set max_tokens 600\r")
    app.sees("max_tokens 600")
    app.press(f"{COUNT}\r")
    app.sees(f"› {COUNT}", "writing  Esc stops")
    app.press(ESCAPE)
    app.sees("stopped")
    app.wait()
    app.press("/set max_tokens 16\r")
    app.sees("max_tokens 16")
    app.press(TAB)
    app.sees("▌")
    app.press("r")
    app.sees("‹ 2/2 ›", "branch 2/2")
    app.wait()


def edit_the_first_question(app: Person) -> None:
    app.go_to_the_question()
    app.press("e")
    app.sees("Edit the text")
    app.press(TWICE.removeprefix(BOATS))
    app.sees(TWICE)
    app.press(KEEP)
    app.sees(f"› {TWICE}", "cut off", "branch 3/3")
    app.wait()


def test_ask_stop_regenerate_edit_switch_quit_and_start_again(terminal: Terminal) -> None:
    app = begin(terminal)
    ask_stop_and_regenerate(app)
    again = saved(terminal.home).path()
    app.press("[")
    app.sees("stopped", "‹ 1/2 ›")
    app.press("]")
    app.sees("‹ 2/2 ›")
    edit_the_first_question(app)
    assert COUNT not in app.text
    app.press("[")
    app.sees(f"› {BOATS}\n", f"› {COUNT}", "branch 2/3")
    app.press(LEAVE)
    assert app.end() == 0

    session = saved(terminal.home)
    assert [turn.content for turn in session.path()[::2]] == [BOATS, COUNT]
    assert [turn.id for turn in session.path()] == [turn.id for turn in again]
    statuses = [turn.status for turn in session.turns.values() if turn.role == "assistant"]
    assert sorted(statuses) == ["cancelled", "length", "length", "length"]

    app = begin(terminal, "-c")
    app.sees(f"› {BOATS}\n", f"› {COUNT}", "‹ 2/2 ›", "branch 2/3")
    assert all(turn.content.split()[0] in app.text for turn in session.path())
    app.press(TAB)
    app.sees("▌")
    app.press("[")
    app.sees("stopped", "‹ 1/2 ›", "branch 1/3")
    app.go_to_the_question()
    app.press("]")
    app.sees(f"› {TWICE}", "branch 3/3")
    app.press(LEAVE)
    assert app.end() == 0
    assert [turn.content for turn in saved(terminal.home).path()[::2]] == [TWICE]
