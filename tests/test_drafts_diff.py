"""A unified diff is one that git and patch turn back into the new bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from drafts import unified_diff

TOOLS = {"git": ["git", "apply", "-"], "patch": ["patch", "-p1", "--quiet"]}

LONG = "".join(f"Line {number}.\n" for number in range(40))


def apply(diff: str, tool: str, folder: Path) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    # Without the ceiling git would look for a repository around the folder.
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(TOOLS[tool], input=diff.encode(), cwd=folder, env=environment, check=True)


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One\nTwo\n", "One\n2\nThree\n"),
        ("One\nTwo", "One\nTwo\n"),
        ("One\nTwo\n", "One\nTwo"),
        ("One", "Two"),
        ("", "One\n"),
        ("One\r\nTwo\r\nThree\r\n", "One\r\n2\r\nThree\r\n"),
        ("One\r\nTwo\nThree\r", "One\r\nTwo\r\nThree\r"),
        ("\ufeffOne\n", "\ufeffUno\n"),
        ("Form\fFeed\u2028Separator\x85Next\n", "Form\fFeed\u2028Separators\x85Next\n"),
        ("--- a\n+++ b\n", "--- b\n+++ a\n\\ No newline at end of file"),
        (LONG, LONG.replace("Line 3.\n", "").replace("Line 30.", "Line thirty.")),
    ],
)
def test_the_diff_applies(tmp_path: Path, tool: str, old: str, new: str) -> None:
    path = tmp_path / "draft.md"
    path.write_bytes(old.encode())
    apply(unified_diff(old, new, "draft.md"), tool, tmp_path)
    assert path.read_bytes() == new.encode()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["my draft.md", "é.md", 'a "b".md', "back\\slash.md", "tab\t.md"])
def test_names_of_every_kind_are_found(tmp_path: Path, tool: str, name: str) -> None:
    (tmp_path / name).write_text("One\n")
    apply(unified_diff("One\n", "Two\n", name), tool, tmp_path)
    assert (tmp_path / name).read_text() == "Two\n"


def test_a_folder_is_part_of_the_name_and_an_absolute_one_is_under_the_root() -> None:
    headers = unified_diff("One\n", "Two\n", "/texts/draft.md").split("\n")[:2]
    assert headers == ["--- a/texts/draft.md", "+++ b/texts/draft.md"]


def test_a_name_with_a_newline_stays_on_its_line() -> None:
    assert unified_diff("One\n", "Two\n", "a\nb").startswith('--- "a/a\\012b"\n+++ "b/a\\012b"\n@@')


def test_equal_texts_have_no_diff() -> None:
    assert unified_diff("One\n", "One\n", "draft.md") == ""
