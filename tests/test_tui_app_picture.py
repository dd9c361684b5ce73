"""Pictures of the conversation: whole, harmless, and over nothing by accident."""

from __future__ import annotations

import html
import re
import stat
from pathlib import Path
from xml.etree import ElementTree

import pytest
from app_pilot import Stage, perform

ANSWER = (
    "# The lamp\n\nIt **turns** <script>alert(1)</script>, says [the keeper](https://sea.example/x)."
    "\n\n```python\nstairs += 1\n```\n\n\x1b]52;c;AAAA\x07 \u202e\ufffe end"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def take(stage: Stage, name: str) -> None:
    await stage.press("f12")
    await stage.sees("A file for the picture")
    await stage.press(*name, "enter")


def words_in(text: str) -> str:
    """Without blanks: words are placed by their columns."""
    return bare(html.unescape(re.sub(r"<[^>]*>", "", text)))


def bare(words: str) -> str:
    return "".join(words.split())


@pytest.mark.parametrize("name", ["tale.svg", "tale.html"])
def test_a_picture_has_all_that_was_said_and_nothing_in_it_acts(home: Path, name: str) -> None:
    async def play(stage: Stage) -> None:
        await stage.send("What does it do, in /home/anna/lamp?")
        await take(stage, name)
        await stage.sees(f"{name} is written")
        # As an export does, it says what may not be meant for others.
        await stage.sees("a path in a home folder")

    perform(play, home, replies=[ANSWER])
    path = home / name
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = words_in(text)
    for words in (
        "› What does it do, in /home/anna/lamp?",
        "The lamp",
        "<script>alert(1)</script>",
        "the keeper <https://sea.example/x>",
        "stairs += 1",
        "␛]52;c;AAAA␇",
        "<U+202E>",
    ):
        assert bare(words) in shown
    assert not re.search("<script|[\x1b\x07\u202e]|href|url\\((?!#)|src=", text)
    if name.endswith(".svg"):
        ElementTree.fromstring(text)


def test_a_file_that_is_there_is_replaced_only_after_a_yes(home: Path) -> None:
    path = home / "tale.svg"
    path.write_text("mine")

    async def play(stage: Stage) -> None:
        await take(stage, "tale.svg")
        await stage.sees("Replace it?")
        await stage.press("y")
        await stage.sees("there is nothing to show")
        assert path.read_text() == "mine"
        await stage.press("escape")
        await stage.send("Say hello.")
        await take(stage, "tale.svg")
        await stage.sees("Replace it?")
        await stage.press("n")
        await stage.idle()
        assert path.read_text() == "mine"
        await take(stage, "tale.svg")
        await stage.sees("Replace it?")
        await stage.press("y")
        await stage.until(lambda: path.read_text() != "mine")
        assert "Sayhello." in words_in(path.read_text())
        await take(stage, "tale.png")
        await stage.idle()
        assert not (home / "tale.png").exists()

    perform(play, home)
