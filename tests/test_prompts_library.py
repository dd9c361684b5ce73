"""Prompts by name from several folders: what wins, what is inherited, what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine.sampling_params import SAMPLING_NAMES
from prompts import (
    ExtendsCycle,
    InvalidPrompt,
    Library,
    Source,
    UnknownPrompt,
    UnreadablePrompt,
    packaged_source,
)
from prompts.render import render
from prompts.schema import BUILTINS, EXAMPLE_KEYS, FILE_KEYS, KINDS, PARAM_KEYS, VARIABLE_KEYS


class Shelf:
    """Two sources, ``near`` and ``far``, to write prompts into."""

    def __init__(self, root: Path) -> None:
        self.sources = [Source(name, root / name) for name in ("near", "far")]
        for source in self.sources:
            source.folder.mkdir()
        self.near, self.far = (source.folder for source in self.sources)
        self.library = Library(self.sources)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_nearest_prompt_wins_and_the_list_says_what_it_shadows(shelf: Shelf) -> None:
    (shelf.near / "a.toml").write_text('title = "Near A"')
    (shelf.far / "a.toml").write_text('title = "Far A"')
    (shelf.far / "b.toml").write_text("")
    prompt = shelf.library.load("a")
    assert (prompt.title, prompt.source, prompt.path) == ("Near A", "near", shelf.near / "a.toml")
    listed = [(e.name, e.title, e.source, e.shadows, e.error) for e in shelf.library.entries()]
    assert listed == [("a", "Near A", "near", ("far",), None), ("b", "b", "far", (), None)]


def test_own_keys_win_and_variables_and_params_are_joined(shelf: Shelf) -> None:
    (shelf.far / "base.toml").write_text("""
summary = "The base"
kind = "edit"
system = "Base system"
user = "Base user"
[variables.tone]
default = "warm"
[variables.length]
type = "int"
default = 5
[params]
temperature = 0.5
top_k = 10
[[examples]]
input = "base"
output = "base"
""")
    (shelf.near / "mine.toml").write_text("""
extends = "base"
system = "My system"
[variables.length]
type = "float"
default = 0.5
[params]
temperature = 0.0
""")
    (shelf.near / "bare.toml").write_text('extends = "mine"\nexamples = []\ntags = ["x"]')
    mine = shelf.library.load("mine")
    assert (mine.summary, mine.kind) == ("The base", "edit")
    assert (mine.systems[0].source, mine.systems[0].path) == ("My system", shelf.near / "mine.toml")
    assert (mine.user.source, mine.user.path) == ("Base user", shelf.far / "base.toml")
    assert {v.name: v.default for v in mine.variables.values()} == {"tone": "warm", "length": 0.5}
    assert mine.params == {"temperature": 0.0, "top_k": 10}
    assert [e.input for e in mine.examples] == ["base"]
    bare = shelf.library.load("bare")
    assert (bare.systems[0].source, bare.examples, bare.tags) == ("My system", (), ("x",))


def test_a_prompt_can_extend_the_one_that_it_shadows(shelf: Shelf) -> None:
    (shelf.far / "a.toml").write_text('system = "far"\nuser = "kept {{ text }}"')
    (shelf.near / "a.toml").write_text('extends = "a"\nsystem = "near"')
    prompt = shelf.library.load("a")
    assert (prompt.systems[0].source, prompt.user.source) == ("near", "kept {{ text }}")


def test_a_circle_is_reported_with_its_way_round(shelf: Shelf) -> None:
    (shelf.near / "a.toml").write_text('extends = "b"')
    (shelf.near / "b.toml").write_text('extends = "c"')
    (shelf.near / "c.toml").write_text('extends = "a"')
    with pytest.raises(ExtendsCycle, match="a → b → c → a"):
        shelf.library.load("a")


def test_a_shadow_can_be_part_of_a_circle(shelf: Shelf) -> None:
    (shelf.near / "a.toml").write_text('extends = "b"')
    (shelf.far / "b.toml").write_text('extends = "a"')
    (shelf.far / "a.toml").write_text("")
    with pytest.raises(ExtendsCycle, match="a → b → a"):
        shelf.library.load("a")


@pytest.mark.parametrize(
    ("parent", "nearest", "words"),
    [("bse", "base", "no prompt is called 'bse'"), ("../far/base", None, "no prompt is called")],
)
def test_a_missing_parent_is_reported_where_it_is_named(
    shelf: Shelf, parent: str, nearest: str | None, words: str
) -> None:
    (shelf.far / "base.toml").write_text("")
    (shelf.near / "a.toml").write_text(f'title = "A"\nextends = "{parent}"')
    with pytest.raises(InvalidPrompt, match=words) as caught:
        shelf.library.load("a")
    assert (caught.value.line, caught.value.key) == (2, "extends")
    if nearest:
        assert caught.value.nearest == nearest


def test_a_prompt_that_extends_itself_and_shadows_nothing_is_an_error(shelf: Shelf) -> None:
    (shelf.far / "a.toml").write_text('extends = "a"')
    with pytest.raises(InvalidPrompt, match="no farther library"):
        shelf.library.load("a")


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UnknownPrompt, match="did you mean 'tighten'") as caught:
        Library([packaged_source()]).load("tigthen")
    assert caught.value.nearest[0] == "tighten"


@pytest.mark.parametrize(
    "name",
    ["../secret", "..", ".", "", "/etc/passwd", "a/b", "a.toml", "A", "a\n", "a\0", "~", "é"],
)
def test_names_never_become_paths(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.toml").write_text("")
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "a.toml").write_text("")
    with pytest.raises(UnknownPrompt):
        Library([Source("near", folder)]).load(name)


def test_links_are_followed_within_the_folder_only(shelf: Shelf) -> None:
    (shelf.far / "secret.toml").write_text("")
    (shelf.near / "a.toml").write_text('title = "A"')
    (shelf.near / "inside.toml").symlink_to("a.toml")
    (shelf.near / "outside.toml").symlink_to(shelf.far / "secret.toml")
    (shelf.near / "nowhere.toml").symlink_to("nothing")
    (shelf.near / "round.toml").symlink_to("round.toml")
    assert shelf.library.load("inside").title == "A"
    for name in ("outside", "nowhere", "round"):
        with pytest.raises(UnreadablePrompt):
            shelf.library.load(name)


def test_one_broken_file_does_not_break_the_list(shelf: Shelf) -> None:
    (shelf.near / "good.toml").write_text('title = "Good"')
    broken = {
        "syntax": b"title = ",
        "latin": b'title = "x"\nsummary = "caf\xe9"',
        "large": b"#" * (1024 * 1024 + 1),
        "orphan": b'extends = "nobody"',
        "Capital": b"",
    }
    for name, content in broken.items():
        (shelf.near / f"{name}.toml").write_bytes(content)
    (shelf.near / "folder.toml").mkdir()
    os.mkfifo(shelf.near / "pipe.toml")
    (shelf.near / ".hidden.toml").write_text("not a prompt")
    entries = {entry.name: entry for entry in shelf.library.entries()}
    assert entries.keys() == {*broken, "good", "folder", "pipe"}
    assert entries["good"].error is None
    for name in (*broken, "folder", "pipe"):
        error = entries[name].error
        assert error is not None
        assert f"{name}.toml" in error
    assert "latin.toml:2: not UTF-8" in str(entries["latin"].error)


LIST_A_CLOSED_FOLDER = """
import os, sys
from pathlib import Path
from prompts import Library, Source, UnreadablePrompt

if os.geteuid() == 0:
    os.seteuid(65534)
library = Library([Source("near", Path(sys.argv[1]))])
for use in (library.entries, lambda: library.load("a")):
    try:
        use()
    except UnreadablePrompt as error:
        print(error)
"""


def test_a_folder_that_may_not_be_listed_is_named() -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is inside a folder closed to others
        Path(folder).chmod(0o755)
        closed = Path(folder) / "closed"
        closed.mkdir(mode=0)
        arguments = [sys.executable, "-c", LIST_A_CLOSED_FOLDER, str(closed)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        closed.chmod(0o700)
    assert done.stdout.splitlines() == [
        f"cannot read {closed}: Permission denied",
        f"cannot read {closed / 'a.toml'}: Permission denied",
    ]


def test_a_byte_order_mark_and_windows_lines_are_welcome(shelf: Shelf) -> None:
    (shelf.near / "a.toml").write_bytes(b'\xef\xbb\xbfsystem = """\r\nOne\r\nTwo"""\r\n')
    assert shelf.library.load("a").systems[0].source == "One\nTwo"


def test_a_file_by_default_is_the_one_beside_the_prompt_that_declares_it(shelf: Shelf) -> None:
    declared = '[variables.style]\ntype = "file"\ndefault = "style.md"'
    (shelf.far / "base.toml").write_text(f"{declared}\n")
    (shelf.far / "style.md").write_text("No commas.")
    (shelf.near / "style.md").write_text("Never this one.")
    (shelf.near / "mine.toml").write_text('extends = "base"\nuser = "{{ style }} {{ text }}"')
    assert render(shelf.library.load("mine"), {}, {"text": "x"}).user == "No commas. x"


def test_the_page_about_prompts_names_every_key() -> None:
    page = (Path(__file__).parent.parent / "docs" / "prompts.md").read_text("utf-8")
    params = set(PARAM_KEYS) - set(SAMPLING_NAMES)  # those have a page of their own
    known = (*FILE_KEYS, *VARIABLE_KEYS, *EXAMPLE_KEYS, *params, *KINDS, *BUILTINS)
    missing = [word for word in known if f"`{word}`" not in page]
    assert not missing
