"""Examples written to a prompt's file: checked, whole or not at all, over nobody's changes."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from prompts import Library, Source, packaged_source
from prompts.additions import Additions
from prompts.errors import NotAdded
from prompts.schema import Example

ONE = Example("Their is a light.", "There is a light.")
TWO = Example("It are far.", "It is far.")

OWN = """\
# what I say to it
title = "Mine"   # as it is listed

[[examples]]
input = "a"
output = "b"

# how I see that it works
[[tests]]
input = "x"
expect = { contains = "y" }
"""


class Home:
    """A user's prompts before the packaged ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "prompts"
        self.library = Library([Source("user", self.folder), packaged_source()])

    def write(self, name: str, text: str) -> Path:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return path

    def additions(self, name: str) -> Additions:
        return Additions(self.library, self.library.load(name), self.folder)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_an_own_prompt_gets_them_in_its_own_file(home: Home) -> None:
    path = home.write("mine", OWN)
    path.chmod(0o644)
    additions = home.additions("mine")
    additions.add(ONE)
    additions.add(TWO)
    prompt = home.library.load("mine")
    assert prompt.examples[1:] == (ONE, TWO)
    assert (prompt.path, additions.copied) == (path, 0)
    head, _, tail = OWN.partition("\n# how")
    text = path.read_text()
    assert text.startswith(head)
    assert text.endswith(f"\n# how{tail}")
    assert path.stat().st_mode & 0o777 == 0o600
    assert home.files() == ["mine.toml"]


def test_a_packaged_prompt_gets_a_file_that_extends_it_with_its_examples(home: Home) -> None:
    packaged = home.library.load("proofread")
    additions = home.additions("proofread")
    assert (additions.is_new, additions.copied) == (True, len(packaged.examples))
    assert not home.folder.exists()
    additions.add(ONE)
    additions.add(TWO)
    prompt = home.library.load("proofread")
    assert prompt.source == "user"
    assert len(prompt.examples) == len(packaged.examples) + 2
    assert prompt.examples[-2:] == (ONE, TWO)
    assert [each.input.strip() for each in prompt.examples[:-2]] == [
        each.input.strip() for each in packaged.examples
    ]
    assert prompt.systems == packaged.systems
    assert home.files() == ["proofread.toml"]
    assert (home.folder / "proofread.toml").stat().st_mode & 0o777 == 0o600


def test_an_own_prompt_that_inherits_examples_gets_them_too(home: Home) -> None:
    path = home.write("proofread", 'extends = "proofread"\nparams = { temperature = 0.2 }\n')
    additions = home.additions("proofread")
    assert additions.copied == len(home.library.load("proofread").examples) > 0
    additions.add(ONE)
    assert path.read_text().startswith('extends = "proofread"\nparams = { temperature = 0.2 }\n')
    assert home.library.load("proofread").examples[-1] == ONE


def test_a_prompt_with_a_file_of_examples_keeps_it(home: Home) -> None:
    home.write("mine", 'examples_from = "more.jsonl"\n')
    (home.folder / "more.jsonl").write_text('{"input": "a", "output": "b"}\n')
    home.additions("mine").add(ONE)
    assert home.library.load("mine").examples == (ONE, Example("a", "b"))


def test_a_file_that_others_changed_is_not_written_over(home: Home) -> None:
    path = home.write("mine", OWN)
    additions = home.additions("mine")
    path.write_text(OWN + "# more\n")
    with pytest.raises(NotAdded, match="changed meanwhile"):
        additions.add(ONE)
    assert path.read_text() == OWN + "# more\n"
    assert home.files() == ["mine.toml"]


def test_a_file_that_appears_meanwhile_is_not_written_over(home: Home) -> None:
    additions = home.additions("tighten")
    path = home.write("tighten", 'extends = "tighten"\n')
    with pytest.raises(NotAdded, match="changed meanwhile"):
        additions.add(ONE)
    assert path.read_text() == 'extends = "tighten"\n'


def test_a_file_that_goes_away_meanwhile_is_not_made_again(home: Home) -> None:
    path = home.write("mine", OWN)
    additions = home.additions("mine")
    path.unlink()
    with pytest.raises(NotAdded):
        additions.add(ONE)
    assert home.files() == []


def test_a_link_within_the_folder_is_followed(home: Home) -> None:
    real = home.write("real", OWN)
    (home.folder / "mine.toml").symlink_to("real.toml")
    home.additions("mine").add(ONE)
    assert (home.folder / "mine.toml").is_symlink()
    assert "Their is a light." in real.read_text()


def test_a_link_out_of_the_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    additions = home.additions("tighten")
    outside = tmp_path / "outside.toml"
    home.folder.mkdir()
    (home.folder / "tighten.toml").symlink_to(outside)
    with pytest.raises(NotAdded, match="outside its folder"):
        additions.add(ONE)
    assert not outside.exists()


def test_what_the_file_would_not_say_is_not_written(home: Home) -> None:
    path = home.write("mine", 'examples = [{ input = "a", output = "b" }]\n')
    with pytest.raises(NotAdded, match="list in one piece"):
        home.additions("mine").add(ONE)
    assert path.read_text() == 'examples = [{ input = "a", output = "b" }]\n'


def test_an_example_with_values_that_the_prompt_lacks_is_not_lost(home: Home) -> None:
    home.write("mine", "[variables.percent]\ntype = 'int'\ndefault = 3\n")
    example = Example("a", "b", "c", {"percent": 4})
    home.additions("mine").add(example)
    assert home.library.load("mine").examples == (example,)


def test_a_byte_order_mark_stays(home: Home) -> None:
    path = home.write("mine", "")
    path.write_bytes(b"\xef\xbb\xbf" + OWN.encode())
    home.additions("mine").add(ONE)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf# what")
    assert home.library.load("mine").examples[-1] == ONE


def test_a_write_that_fails_leaves_the_file_as_it_was(home: Home) -> None:
    path = home.write("mine", OWN)
    additions = home.additions("mine")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(OWN) + 10, limits[1]))
    try:
        with pytest.raises(NotAdded, match="File too large"):
            additions.add(ONE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == OWN
    assert home.files() == ["mine.toml"]
    additions.add(ONE)
    assert home.library.load("mine").examples[-1] == ONE
