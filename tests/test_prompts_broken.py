"""Prompt files with mistakes in them, and the very lines that `chat prompts check` has for each.

The files and `expected.txt` are in `broken_prompts/`. What has no number there is what the others
name: parents, included texts, and files of examples.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_chat import Chat

FOLDER = Path(__file__).parent / "broken_prompts"


def expectations() -> dict[str, str]:
    """What is printed, by the names of files."""
    sections = (FOLDER / "expected.txt").read_text("utf-8").split("\n\n")
    pairs = (section.strip().partition("\n") for section in sections)
    return {heading.strip("[]"): lines for heading, _, lines in pairs}


EXPECTED = expectations()


def test_each_broken_prompt_is_spoken_of() -> None:
    files = {path.name for path in FOLDER.glob("[0-9]*.toml")}
    assert files == EXPECTED.keys()
    assert len(files) >= 200


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_prompt_is_told_what_is_wrong_with_it(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(FOLDER)
    assert chat("prompts", "check", "--no-tokens", name) == 1
    assert chat.out.rstrip("\n") == EXPECTED[name]
