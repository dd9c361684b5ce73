"""The review of ``chat --edit`` on a real pseudo-terminal: what is written, and what never is."""

from __future__ import annotations

import random
import re
import signal
import termios
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import Terminal, until

from drafts import apply, hunks
from sessions import Session, SessionStore, reviewed_changes

OLD = "Their is a light. It have burned.\r\n\r\nNobody knows teh keeper.\n"
NEW = "There is a light. It has burned.\n\nNobody knows the keeper.\n"
FIRST = "There is a light. It have burned.\r\n\r\nNobody knows teh keeper.\n"

pytestmark = pytest.mark.usefixtures("whole_drafts")

PLAIN = "y, n, e, r, A, a, d, u, j, k, g, /, w, q, \\? > "
SCREEN = "3 open"
"""In the first line of the screen, before anything is decided."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "draft.md"
    path.write_bytes(OLD.encode())
    return path


def ended(process: pexpect.spawn) -> str:
    """Wait for the end; what was printed until then. The terminal is as it was before."""
    process.expect(pexpect.EOF)
    rest = str(process.before)
    assert termios.tcgetattr(process.child_fd)[3] & termios.ECHO
    process.close()
    return rest


def is_restored(output: str) -> bool:
    """Whether the last that was said of screen and cursor is that all is as it was."""
    screens = re.findall(r"\x1b\[\?1049([hl])", output)
    cursors = re.findall(r"\x1b\[\?25([hl])", output)
    return screens[-1:] == ["l"] and cursors[-1:] == ["h"]


def session_of(terminal: Terminal) -> Session:
    store = SessionStore(terminal.home / "data" / "sessions")
    return store.open(store.latest()).session


@pytest.mark.parametrize(
    ("keys", "outcome"), [("yq", FIRST), ("q", OLD), ("nnn\r", OLD), ("ynn\r", FIRST)]
)
def test_only_what_was_taken_on_the_screen_is_written(
    terminal: Terminal, draft: Path, keys: str, outcome: str
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft))
    edit.expect("3 open")
    for key in keys:
        edit.send(key)
    rest = ended(edit)
    assert is_restored(rest)
    assert edit.exitstatus == 0
    left = {"yq": ", 2 still open", "q": ", 3 still open"}.get(keys)
    assert left in rest if left else "still open" not in rest
    assert draft.read_bytes() == outcome.encode()


def test_only_what_was_taken_by_lines_is_written_and_undo_brings_it_back(
    terminal: Terminal, draft: Path
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft), "--plain")
    for answer in ("y", "n", "n"):
        edit.expect(PLAIN)
        edit.send(f"{answer}\r")
    edit.expect("1 of 3 changes are accepted")
    edit.expect("go back > ")
    edit.send("q\r")
    ended(edit)
    assert edit.exitstatus == 0
    assert draft.read_bytes() == FIRST.encode()
    undo = terminal.start("drafts", "undo", str(draft))
    undo.expect("back to its previous state")
    undo.expect(pexpect.EOF)
    assert draft.read_bytes() == OLD.encode()


def test_a_random_subset_of_changes_leaves_all_other_bytes(terminal: Terminal, draft: Path) -> None:
    lines = [f"Line {number} is wrng here." for number in range(12)]
    old, new = "\n\n".join(lines), "\n\n".join(lines).replace("wrng", "wrong")
    found = hunks(old, new)
    drawn = random.Random(6)
    for _ in range(3):
        draft.write_bytes(b"\xef\xbb\xbf" + old.replace("\n", "\r\n").encode())
        taken = {number for number in range(len(found)) if drawn.random() < 0.5}
        edit = terminal.start_scripted(new, "--edit", str(draft))
        edit.expect(f"{len(found)} open")
        edit.send("".join("y" if number in taken else "n" for number in range(len(found))))
        edit.send("\r")
        said = ended(edit)
        assert edit.exitstatus == 0, said
        expected = apply(old, found, taken).replace("\n", "\r\n").encode()
        assert draft.read_bytes() == b"\xef\xbb\xbf" + expected


def test_what_was_decided_is_in_the_session_with_the_words(terminal: Terminal, draft: Path) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft))
    edit.expect("3 open")
    edit.send("yn")
    edit.send("e")
    edit.expect("Edit the text")
    edit.send("e\x13")
    edit.send("\r")
    ended(edit)
    session = session_of(terminal)
    changes = list(reviewed_changes(session, session.path()[-1].id))
    assert [(each.old, each.new, each.final, each.taken) for each in changes] == [
        ("Their", "There", "There", True),
        ("have", "has", "has", False),
        ("teh", "the", "thee", True),
    ]
    assert draft.read_text().endswith("knows thee keeper.\n")


def test_an_answer_that_says_the_text_twice_is_kept_with_the_words_that_were_shown(
    terminal: Terminal, draft: Path
) -> None:
    reply = f"<think>It is: {NEW.strip()}</think>\n\n{NEW}"
    edit = terminal.start_scripted(reply, "--edit", str(draft))
    edit.expect("3 open")
    edit.send("yyy\r")
    ended(edit)
    session = session_of(terminal)
    (review,) = session.reviews.values()
    assert [slice(*change.new or ()) for change in review.changes] == [
        slice(reply.rindex(word), reply.rindex(word) + len(word))
        for word in ("There", "has", "the")
    ]


def test_what_is_typed_before_a_change_is_shown_decides_nothing(
    terminal: Terminal, draft: Path
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft), "--plain")
    edit.send("a\r")
    edit.expect(PLAIN)
    edit.send("q\r")
    ended(edit)
    assert draft.read_bytes() == OLD.encode()


@pytest.mark.parametrize("environment", [{}, {"TERM": "dumb"}, {"ACCESSIBLE": "1"}])
def test_by_lines_nothing_is_drawn(
    terminal: Terminal, draft: Path, environment: dict[str, str]
) -> None:
    plain = () if environment else ("--plain",)
    evil = "\x1b]0;owned\x07\x9b31m"
    edit = terminal.start_scripted(
        NEW.replace("There", f"There {evil}"), "--edit", str(draft), *plain, environment=environment
    )
    said = ""
    for answer in ("?", "A", "j", "y", "q"):
        edit.expect(PLAIN)
        said += str(edit.before)
        edit.send(f"{answer}\r")
    said += ended(edit)
    assert "removed: have\r\nadded: has\r\n" in said
    assert "owned" in said
    assert not set(said) & set("\x1b\x07\x9b")


def test_escape_sequences_of_a_revision_do_not_reach_the_terminal(
    terminal: Terminal, draft: Path
) -> None:
    evil = "\x1b]0;owned\x07"
    draft.write_text(f"Their {evil} is a light.\n")
    named = draft.rename(draft.with_name("dr\x1b]0;aft.md"))
    edit = terminal.start_scripted(f"There {evil} is \x9b31m a light.\n", "--edit", str(named))
    edit.expect("owned")
    edit.send("q")
    said = str(edit.before) + ended(edit)
    assert "\x1b]0;" not in said
    assert "\x9b" not in said


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("phase", ["writing", "reviewing", "asking", "decided"])
def test_a_signal_on_the_screen_leaves_file_and_terminal_as_they_were(
    terminal: Terminal, draft: Path, number: signal.Signals, phase: str
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft), endless=phase == "writing")
    edit.expect("part 1 of 1, " if phase == "writing" else "3 open")
    if phase == "asking":
        edit.send("e")
        edit.expect("Edit the text")
    elif phase == "decided":
        edit.send("a")
        edit.expect("Everything is decided")
    edit.kill(number)
    rest = ended(edit)
    assert is_restored(rest)
    assert "the draft is unchanged" in rest
    assert edit.exitstatus == 128 + number
    assert draft.read_bytes() == OLD.encode()


@pytest.mark.parametrize(
    ("leave", "way"),
    [
        ("\x03", SCREEN),
        (signal.SIGHUP, SCREEN),
        (signal.SIGKILL, SCREEN),
        (signal.SIGTERM, PLAIN),
    ],
)
def test_what_was_decided_before_the_review_was_left_is_gone_on_with(
    terminal: Terminal, draft: Path, leave: str | signal.Signals, way: str
) -> None:
    arguments = ("--edit", str(draft), *(("--plain",) if way == PLAIN else ()))
    end = "\r" if way == PLAIN else ""
    edit = terminal.start_scripted(NEW, *arguments)
    for number, key in enumerate(("y", "n"), 1):
        edit.expect(way if way == PLAIN else f"change {number} of 3")
        edit.send(f"{key}{end}")
    edit.expect("change 3 of 3")
    if isinstance(leave, str):
        edit.send(leave)
    else:
        edit.kill(leave)
    said = ended(edit) if leave != signal.SIGKILL else ""
    assert ("your decisions are kept" in said) == bool(said)
    assert draft.read_bytes() == OLD.encode()
    edit = terminal.start_scripted("another revision", *arguments)
    edit.expect("2 changes decided: resume, or start over")
    edit.send("g\r")
    edit.expect(PLAIN if way == PLAIN else "1 open")
    edit.send(f"n{end}")
    edit.expect("go back > " if way == PLAIN else "Everything is decided")
    edit.send("q\r")
    ended(edit)
    assert draft.read_bytes() == FIRST.encode()
    assert not list(terminal.home.rglob("unfinished/*"))


def test_a_diff_in_between_takes_nothing_of_what_was_decided_away(
    terminal: Terminal, draft: Path
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft), "--plain")
    edit.expect(PLAIN)
    edit.send("y\r")
    edit.expect("change 2 of 3")
    edit.kill(signal.SIGTERM)
    ended(edit)
    for form in ("words", "critic"):
        edit = terminal.start_scripted(NEW, "--edit", str(draft), "--diff", form)
        edit.expect("1 change decided: resume, or start over")
        edit.send("g\r")
        ended(edit)


def test_what_was_decided_about_a_draft_that_cannot_be_written_is_kept(
    terminal: Terminal, draft: Path
) -> None:
    folder = draft.parent / "folder"
    folder.mkdir()
    draft = draft.rename(folder / "draft.md")
    edit = terminal.start_scripted(NEW, "--edit", str(draft), "--plain")
    edit.expect(PLAIN)
    edit.send("y\r")
    edit.expect(PLAIN)
    draft.unlink()
    folder.rmdir()
    edit.send("q\r")
    assert "your decisions are kept" in ended(edit)
    assert edit.exitstatus == 5
    folder.mkdir()
    draft.write_bytes(OLD.encode())
    edit = terminal.start_scripted(NEW, "--edit", str(draft), "--plain")
    edit.expect("1 change decided: resume, or start over")


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("phase", ["writing", "reviewing", "decided"])
def test_a_signal_by_lines_leaves_the_file_as_it_was(
    terminal: Terminal, draft: Path, number: signal.Signals, phase: str
) -> None:
    arguments = ("--edit", str(draft), "--plain")
    edit = terminal.start_scripted(NEW, *arguments, endless=phase == "writing")
    edit.expect("revising part 1" if phase == "writing" else PLAIN)
    if phase == "decided":
        edit.send("a\r")
        edit.expect("go back > ")
    edit.kill(number)
    ended(edit)
    assert edit.exitstatus == 128 + number
    assert draft.read_bytes() == OLD.encode()


@pytest.mark.parametrize("phase", ["reviewing", "decided"])
def test_ctrl_c_leaves_the_screen_without_writing(
    terminal: Terminal, draft: Path, phase: str
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft))
    edit.expect("3 open")
    edit.send("y" if phase == "reviewing" else "a")
    edit.send("\x03")
    assert is_restored(ended(edit))
    assert edit.exitstatus == 130
    assert draft.read_bytes() == OLD.encode()


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        *((phase, each) for phase in ("loading", "writing") for each in SIGNALS),
        ("reading", SIGNALS[1]),
    ],
)
def test_no_worker_is_left_behind(
    terminal: Terminal, draft: Path, number: signal.Signals, phase: str
) -> None:
    draft.write_text("Their is a light that shines. " * (300 if phase == "reading" else 12))
    # Without examples, which would have to be read first.
    bare = terminal.home / "config" / "prompts" / "bare.toml"
    bare.write_text('kind = "edit"\nsystem = "Correct it."\n')
    edit = terminal.start("--edit", str(draft), "-t", "bare")
    before = draft.read_bytes()
    shown = {
        "loading": "Nothing to decide",
        "reading": "reading .* tokens",
        "writing": "[1-9] of 72",
    }
    edit.expect(shown[phase])
    children = Path(f"/proc/{edit.pid}/task/{edit.pid}/children").read_text().split()
    edit.kill(number)
    ended(edit)
    assert edit.exitstatus == 128 + number
    assert children
    assert not [child for child in children if Path(f"/proc/{child}/exe").exists()]
    assert draft.read_bytes() == before


def test_a_terminal_that_is_gone_ends_the_review(terminal: Terminal, draft: Path) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft))
    edit.expect("3 open")
    edit.send("y")
    edit.ptyproc.fileobj.close()
    until(lambda: not edit.isalive())
    assert draft.read_bytes() == OLD.encode()


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"NO_COLOR": "1"}, set()),
        ({"TERM": "xterm-16color", "COLORTERM": ""}, {"31 [-", "32 {+"}),
    ],
)
def test_the_screen_is_read_by_its_signs_where_colours_are_few(
    terminal: Terminal, draft: Path, environment: dict[str, str], colours: set[str]
) -> None:
    edit = terminal.start_scripted(NEW, "--edit", str(draft), environment=environment)
    edit.expect("keeper.")
    shown = str(edit.before)
    edit.send("q")
    shown += ended(edit)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert "▸[-Their-]{+There+}◂ is a light. It [-have-]{+has+} burned." in plain
    # No ground of their own: the nearest of 16 colours would be that of the words.
    painted = {
        f"{code} {sign}"
        for codes, sign in re.findall(r"\x1b\[([0-9;]*)m(\[-|{\+)", shown)
        for code in codes.split(";")
        if code not in ("", "0", "1", "39", "49")
    }
    assert painted == colours


@pytest.mark.parametrize("form", ["unified", "words", "critic", "json"])
def test_escape_sequences_of_a_draft_do_not_reach_the_terminal_in_any_form(
    terminal: Terminal, draft: Path, form: str
) -> None:
    text = "Their is \x1b]0;owned\x07 a \x9b31m light.\n"
    draft.write_text(text)
    edit = terminal.start_scripted(
        text.replace("Their", "There"), "--edit", str(draft), "--diff", form
    )
    shown = ended(edit)
    assert "There" in shown
    assert "\x1b]0" not in shown
    assert "\x9b" not in shown
