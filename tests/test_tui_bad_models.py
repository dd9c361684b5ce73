"""Models that do everything wrong, in the whole of ``chat --edit``: nothing is damaged unasked.

What may be in a file afterwards is told without the program's own judgement: its old bytes, with
some of the corrections that a good model makes, and nothing else.
"""

from __future__ import annotations

import os
import pty
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from bad_answers import BROKEN, DRAFTS, SPOILED, corrected
from scripted_chat import Chat

from drafts.hunks import hunks
from engine.scripted import Reply, ScriptedEngine
from engine.types import Event, Request
from tui.cli import main


class BadModel(ScriptedEngine):
    """Spoils the answers about each file in a way of its own; the files are told by their texts."""

    def __init__(self, ways: Sequence[str]) -> None:
        super().__init__(["-"])
        self._ways = ways
        self._file = 0

    def stream(self, request: Request) -> Generator[Event, None, None]:
        if found := re.search(r"Mill(\d+)", request.reference):
            self._file = int(found[1])
        reply = SPOILED[self._ways[self._file]](corrected(request.reference))
        self._replies = [Reply(reply) if isinstance(reply, str) else reply]
        return super().stream(request)


@dataclass(frozen=True)
class Case:
    """A draft in a file, and the way in which its revision is spoiled."""

    path: Path
    old: bytes
    way: str

    @property
    def damage(self) -> list[tuple[str, str]]:
        """What was changed in the file and is no correction."""
        old, new = self.old.decode(), self.path.read_bytes().decode()
        known = {(hunk.start, hunk.end, hunk.new) for hunk in hunks(old, corrected(old))}
        found = (hunk for hunk in hunks(old, new) if (hunk.start, hunk.end, hunk.new) not in known)
        return [(hunk.old, hunk.new) for hunk in found]


class Cases:
    """Drafts that are revised in one run, each by another bad answer."""

    def __init__(self, chat: Chat, folder: Path, unit: str) -> None:
        prompts = chat.home / "config" / "prompts"
        prompts.mkdir(parents=True, exist_ok=True)
        (prompts / "whole.toml").write_text(f'extends = "proofread"\nunit = "{unit}"\n')
        self._chat = chat
        self._folder = folder
        self.cases: list[Case] = []

    def add(self, draft: str, way: str) -> None:
        old = DRAFTS[draft].replace(b"@", str(len(self.cases)).encode())
        case = Case(self._folder / f"{len(self.cases)}.md", old, way)
        case.path.write_bytes(old)
        self.cases.append(case)

    @property
    def arguments(self) -> list[str]:
        files = [word for case in self.cases for word in ("--edit", case.path.name)]
        return [*files, "-t", "whole", "--no-save"]

    @property
    def model(self) -> BadModel:
        return BadModel([case.way for case in self.cases])

    def run(self, *arguments: str) -> int:
        self._chat.engine = self.model
        return self._chat(*self.arguments, *arguments)

    @property
    def damages(self) -> dict[tuple[str, str], list[tuple[str, str]]]:
        return {(case.path.name, case.way): case.damage for case in self.cases if case.damage}

    @property
    def corrected(self) -> set[str]:
        """The ways whose files were changed."""
        return {case.way for case in self.cases if case.path.read_bytes() != case.old}


GOOD_ENOUGH = (
    "wrapped in a fence",
    "wrapped in bold",
    "ends with </s>",
    "thinks aloud",
    "another target",
    "greets and ends",
)
"""Some ways in which the corrections still come through."""


@pytest.mark.parametrize(
    ("unit", "drafts"),
    [("section", ("prose", "structure", "locks")), ("paragraph", ("short",))],
)
def test_yes_writes_corrections_and_nothing_else(
    chat: Chat, tmp_path: Path, unit: str, drafts: Sequence[str]
) -> None:
    cases = Cases(chat, tmp_path, unit)
    for draft in drafts:
        for way in BROKEN if draft == "locks" else SPOILED:
            cases.add(draft, way)
    assert cases.run("--yes") == 0
    assert cases.damages == {}
    if unit == "section":
        assert cases.corrected >= set(GOOD_ENOUGH)


def test_sentences_of_another_language_are_corrected_and_nothing_else(
    chat: Chat, tmp_path: Path
) -> None:
    cases = Cases(chat, tmp_path, "sentence")
    for way in list(SPOILED)[::3]:
        cases.add("German", way)
    assert cases.run("--yes") == 0
    assert cases.damages == {}
    assert cases.cases[0].path.read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("cut off at 70%", 1),
        ("ends at 50%", 1),
        ("empty 0", 1),
        ("has a lone surrogate", 1),
        ("goes on after its end", 1),
        ("elided with '[rest unchanged]'", 1),
        ("wrapped in a fence", 0),
        ("thinks aloud", 0),
    ],
)
def test_a_filter_hands_back_what_it_got_or_corrections(chat: Chat, way: str, code: int) -> None:
    old = DRAFTS["prose"].replace(b"@", b"0")
    chat.engine = BadModel([way])
    assert chat("--edit", "-", "--no-save", "Correct it", stdin=old) == code
    assert chat.out == (old.decode() if code else corrected(old.decode()))


def test_an_engine_that_breaks_in_the_middle_of_several_files_writes_none(
    chat: Chat, tmp_path: Path
) -> None:
    cases = Cases(chat, tmp_path, "section")
    for _ in range(3):
        cases.add("prose", "thinks aloud")
    chat.engine = ScriptedEngine(
        [corrected(cases.cases[0].old.decode()), Reply("There is a", "error", "it broke")]
    )
    assert chat(*cases.arguments, "--yes") == 1
    assert cases.corrected == set()


class Person(Thread):
    """Takes all changes of a file as soon as one is not doubtful, and skips those that are."""

    def __init__(self, terminal: int) -> None:
        super().__init__(daemon=True)
        self.shown = ""
        self._terminal = terminal

    def run(self) -> None:
        seen = ""
        while "changes accepted" not in seen:
            try:
                seen += os.read(self._terminal, 4096).decode(errors="replace")
            except OSError:
                return
            if seen.endswith(" > "):
                self.shown += seen
                is_end = "everything is decided" in seen
                answer = "q" if is_end else "n" if "careful:" in seen else "a"
                os.write(self._terminal, f"{answer}\n".encode())
                seen = ""


def test_what_a_person_takes_with_the_rest_is_corrections_and_nothing_else(
    chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = Cases(chat, tmp_path, "section")
    for way in list(SPOILED)[::4]:
        cases.add("structure", way)
    mine, theirs = pty.openpty()
    person = Person(mine)
    person.start()
    with open(theirs, "w", encoding="utf-8") as shown, open(os.dup(theirs)) as typed:
        monkeypatch.setattr("sys.stdout", shown)
        monkeypatch.setattr("sys.stderr", shown)
        monkeypatch.setattr("sys.stdin", typed)
        code = main([*cases.arguments, "--plain"], starter=lambda path, options: cases.model)
        person.join(20)
    os.close(mine)
    assert code == 0
    assert "careful:" in person.shown
    assert cases.damages == {}
    assert cases.corrected
