"""``chat drafts``: the history of a person's files, shown, taken back, brought again, forgotten."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pexpect
import pytest
from pseudo_terminal import Terminal
from scripted_chat import Chat

from drafts import Journal, read_draft, write_draft
from tui.draft_views import byte_count
from tui.errors import UsageProblem


@pytest.fixture
def draft(chat: Chat, tmp_path: Path) -> Path:
    """A file that was written to twice."""
    path = tmp_path / "draft.md"
    path.write_bytes(b"zero\r\n")
    write(chat.home, path, b"one\r\n", b"two\r\n")
    return path


def write(home: Path, path: Path, *texts: bytes) -> None:
    for data in texts:
        write_draft(read_draft(path), data, Journal(home / "data" / "drafts"), session="01JXYZ")


def test_history_lists_the_newest_first_with_numbers(chat: Chat, draft: Path) -> None:
    assert chat("drafts", "undo", "draft.md") == 0
    assert chat("drafts", "history", "draft.md") == 0
    rows = [line.split("\t") for line in chat.out.splitlines()]
    assert [(row[0], row[2]) for row in rows] == [("1", "undo"), ("2", "write"), ("3", "write")]
    assert rows[0][3:] == ["5 B → 5 B", "01JXYZ", str(draft)]
    assert chat("drafts", "history", "draft.md", "--json") == 0
    newest, *_, oldest = json.loads(chat.out)
    assert (newest["n"], newest["action"], newest["session"]) == (1, "undo", "01JXYZ")
    assert newest["undoes"] == json.loads(chat.out)[1]["id"]
    assert (oldest["bytes_before"], oldest["bytes_after"]) == (6, 5)


def test_history_of_all_files_counts_each_by_itself(chat: Chat, draft: Path) -> None:
    other = draft.with_name("other.md")
    other.write_bytes(b"x")
    write(chat.home, other, b"y")
    assert chat("drafts", "history") == 0
    assert [(line[0], line.split("/")[-1]) for line in chat.out.splitlines()] == [
        ("1", "other.md"),
        ("1", "draft.md"),
        ("2", "draft.md"),
    ]
    assert chat("drafts", "history", "none.md") == 0
    assert chat.out == ""


def test_show_prints_the_kept_bytes_or_what_changed(chat: Chat, draft: Path) -> None:
    assert chat("drafts", "show") == 0
    assert chat.out == "one\r\n"
    assert chat("drafts", "show", "draft.md", "2") == 0
    assert chat.out == "zero\r\n"
    assert chat("drafts", "show", "draft.md", "2", "--diff") == 0
    assert chat.out.splitlines()[-2:] == ["-zero", "+one"]
    draft.write_bytes(b"typed since")
    assert chat("drafts", "show", "--diff") == 0
    assert chat.out.splitlines()[-2:] == ["-one", "+two"]
    assert chat("drafts", "show", "draft.md", "3") == 2
    assert "there is no write 3" in chat.err
    assert chat("drafts", "show", "none.md") == 2
    assert "nothing was written to none.md" in chat.err


def test_redo_brings_again_what_undo_took_until_the_next_write(chat: Chat, draft: Path) -> None:
    for command, text in (("undo", "one"), ("undo", "zero"), ("redo", "one"), ("redo", "two")):
        assert chat("drafts", command) == 0
        assert draft.read_text().strip() == text
    assert chat("drafts", "redo", "draft.md") == 1
    assert "nothing was undone in draft.md" in chat.err
    assert chat("drafts", "undo") == 0
    write(chat.home, draft, b"three\r\n")
    assert chat("drafts", "redo") == 1
    assert "a later write ends it" in chat.err
    assert draft.read_bytes() == b"three\r\n"


def test_redo_refuses_what_somebody_has_changed(chat: Chat, draft: Path) -> None:
    chat("drafts", "undo")
    draft.write_bytes(b"typed since")
    assert chat("drafts", "redo") == 5
    assert "has changed meanwhile" in chat.err
    backup = Path(chat.err.rpartition(" is in ")[2].strip())
    assert backup.read_bytes() == b"two\r\n"
    assert draft.read_bytes() == b"typed since"


def test_pruning_needs_a_word_and_says_what_goes(chat: Chat, draft: Path) -> None:
    assert chat("drafts", "prune") == 2
    assert chat("drafts", "prune", "--older-than", "90d") == 0
    assert "nothing to prune" in chat.err
    assert chat("drafts", "prune", "--larger-than", "5B") == 2
    assert "3 kept texts (16 B); 2 writes to draft.md, the newest 0 s old" in chat.err
    assert "use --yes to do it" in chat.err
    assert chat("drafts", "show", "draft.md", "2") == 0
    assert chat("drafts", "prune", "--larger-than", "10B", "--yes") == 0
    assert chat("drafts", "history") == 0
    assert len(chat.out.splitlines()) == 1
    assert chat("drafts", "undo") == 0
    assert draft.read_bytes() == b"one\r\n"
    assert chat("drafts", "undo") == 1


@pytest.mark.parametrize(
    ("text", "count"), [("1GB", 10**9), ("1.5 mb", 1_500_000), ("200k", 200_000), ("7", 7)]
)
def test_sizes_are_read_as_people_write_them(text: str, count: int) -> None:
    assert byte_count(text) == count
    for wrong in (f"-{text}", f"{text}x", ""):
        with pytest.raises(UsageProblem, match="is not a size such as"):
            byte_count(wrong)


def test_a_person_is_asked_before_anything_is_pruned(
    terminal: Terminal, chat: Chat, draft: Path
) -> None:
    for answer, outcome in (("n", "nothing was pruned"), ("y", "pruned; 0 B")):
        process = terminal.start("drafts", "prune", "--larger-than", "0")
        process.expect("2 writes to draft.md.*can then not be undone")
        process.expect("Delete them for good\\? \\[y/N\\]")
        process.send(f"{answer}\r")
        process.expect(re.escape(outcome))
        process.expect(pexpect.EOF)
    assert chat("drafts", "history") == 0
    assert chat.out == ""


def test_a_person_is_asked_about_hard_links_and_read_only_files(
    terminal: Terminal, chat: Chat, draft: Path
) -> None:
    other = draft.with_name("other.md")
    os.link(draft, other)
    draft.chmod(0o444)
    for answers, text in (
        (("n",), b"two\r\n"),
        (("y", "a"), b"one\r\n"),
        (("y", "p"), b"zero\r\n"),
    ):
        undo = terminal.start("drafts", "undo", str(draft))
        for question, answer in zip(("is read-only", "has 2 names"), answers, strict=False):
            undo.expect(question)
            undo.expect("\\] ")
            undo.send(f"{answer}\r")
        undo.expect(pexpect.EOF)
        assert draft.read_bytes() == text
        assert stat.S_IMODE(draft.stat().st_mode) == 0o444
    assert other.read_bytes() == b"one\r\n"
    assert not draft.samefile(other)
    assert chat("drafts", "redo") == 5
    assert "read-only" in chat.err
