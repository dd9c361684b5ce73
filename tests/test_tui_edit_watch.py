"""Instructions in a draft: which paragraph they are about, and that a save carries them out."""

from __future__ import annotations

import signal
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import Terminal, until
from scripted_chat import Chat

from tui.edit_watch import notes_in

NOTE = "<!-- chat: correct it -->"


@pytest.mark.parametrize(
    ("text", "target", "taken_out"),
    [
        (f"{NOTE}\n\nIt are far.\n\nThe end.\n", "It are far.", f"{NOTE}\n\n"),
        (f"It are far. {NOTE}\n\nThe end.\n", f"It are far. {NOTE}", f" {NOTE}"),
        (f"The end.\n\nIt are far.\n\n{NOTE}\n", "It are far.", f"{NOTE}\n"),
        (f"# Far\n\n{NOTE}\n\n- It are far.\n", "- It are far.", f"{NOTE}\n\n"),
    ],
    ids=["before", "in", "at the end", "before a list"],
)
def test_a_note_is_about_the_paragraph_it_stands_at(text: str, target: str, taken_out: str) -> None:
    (note,) = notes_in(text, "draft.md")
    assert note.instruction == "correct it"
    assert note.target.text.strip() == target
    assert text[note.start : note.end] == taken_out


def test_code_has_no_notes_and_a_note_without_a_paragraph_waits() -> None:
    assert notes_in(f"```\n{NOTE}\n```\n\nWords.\n", "draft.md") == []
    assert notes_in(f"{NOTE}\n", "draft.md") == []


def test_a_note_is_carried_out_when_it_is_saved_and_taken_away(
    terminal: Terminal, tmp_path: Path
) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text("It are far.\n\nThe end.\n")
    chat = terminal.start_scripted("It is far.", "--edit", str(draft), "--watch", "--yes")
    chat.expect("Ctrl\\+C ends")
    draft.write_text(f"{NOTE}\n\nIt are far.\n\nThe end.\n")
    chat.expect("is written")
    until(lambda: draft.read_text() == "It is far.\n\nThe end.\n")
    draft.write_text(f"It is far.\n\nIt are far. {NOTE}\n")
    chat.expect("draft.md:3: correct it")
    chat.expect("is written")
    draft.write_text(f"It is far. {NOTE}\n")
    chat.expect("nothing was accepted: the note stays in")
    chat.sendintr()
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus in (0, 130)


def test_each_of_two_notes_in_the_same_words_is_carried_out(
    terminal: Terminal, tmp_path: Path
) -> None:
    drafts = [tmp_path / name for name in ("one.md", "other.md")]
    for draft in drafts:
        draft.write_text(f"It are far. {NOTE}\n\n# Then\n\nIt are far. {NOTE}\n")
    named = [argument for draft in drafts for argument in ("--edit", str(draft))]
    chat = terminal.start_scripted("It is far.", *named, "--watch", "--yes")
    chat.expect("Ctrl\\+C ends")
    done = "It is far.\n\n# Then\n\nIt is far.\n"
    until(lambda: {draft.read_text() for draft in drafts} == {done})


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_a_note_ends_the_watching(
    terminal: Terminal, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    draft = tmp_path / "draft.md"
    draft.write_text(f"It are far. {NOTE}\n")
    chat = terminal.start_scripted(
        "It is far. ", "--edit", str(draft), "--watch", "--yes", endless=True
    )
    chat.expect("part 1 of 1")
    chat.kill(number)
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == code
    assert draft.read_text() == f"It are far. {NOTE}\n"


@pytest.mark.parametrize("other", [("--diff",), ("--lines", "3"), ("shorter",)])
def test_watching_goes_with_nothing_that_says_what_to_do(
    chat: Chat, tmp_path: Path, other: tuple[str, ...]
) -> None:
    (tmp_path / "draft.md").write_text("Words.\n")
    assert chat("--edit", "draft.md", "--watch", *other) == 2
    assert "--watch does not go with" in chat.err
