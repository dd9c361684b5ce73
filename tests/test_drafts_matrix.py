"""Every kind of file with every kind of failure: old bytes, accepted new ones, or untouched."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
from test_drafts_faults import FailingSystem

from drafts import (
    Consent,
    Draft,
    DraftError,
    HalfWritten,
    Journal,
    NotText,
    WriteFailed,
    read_draft,
    restore,
    write_draft,
    write_new,
)
from drafts.writing import NO_CONSENT

ENCODINGS = ("Plain words", "Größe, naïve", "漢字 and 🙂")
NEWLINES = ("\n", "\r\n", "\r")
FORMS = list(itertools.product(ENCODINGS, (False, True), NEWLINES, (False, True)))
"""Characters, byte order mark, newline, and whether the last line ends in one."""

FAILURES = [
    (call, error)
    for call in ("write", "fsync", "exchange", "open", "fchmod", "flock")
    for error in (errno.ENOSPC, errno.EIO)
]

Meddling: TypeAlias = Callable[[Path], object]


@dataclass(frozen=True)
class Place:
    """Where a file lies and how, and what may be done to it."""

    mode: int = 0o644
    links: int = 0
    """Symbolic ones on the way to it."""
    is_hard_linked: bool = False
    consent: Consent = NO_CONSENT
    is_refused: bool = False
    has_exchange: bool = True
    padding: int = 0
    """Bytes of further text, in the old and the new."""


PLACES = {
    "plain": Place(),
    "private": Place(mode=0o600),
    "executable": Place(mode=0o2755),
    "symbolic link": Place(links=1),
    "chain of links": Place(links=3, mode=0o640),
    "no exchange": Place(has_exchange=False),
    "hard link, unasked": Place(is_hard_linked=True, is_refused=True),
    "hard link, parted": Place(is_hard_linked=True, consent=Consent(part=True)),
    "hard link, written through": Place(is_hard_linked=True, consent=Consent(write_through=True)),
    "read-only, unasked": Place(mode=0o444, is_refused=True),
    "read-only, agreed": Place(mode=0o444, consent=Consent(replace_read_only=True)),
}


class Failing(FailingSystem):
    """Real calls, some of which fail; without an exchange of names, if that is asked for."""

    has_exchange = True

    def exchange(self, one: Path, other: Path) -> None:
        if not self.has_exchange:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        super().exchange(one, other)


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: a few thousand times fsync."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name).resolve()


def old_and_new(form: tuple[str, bool, str, bool], padding: int) -> tuple[bytes, str]:
    words, has_bom, newline, ends = form
    lines = [words, "second line", "x" * padding, "last line"]
    text = newline.join(lines) + (newline if ends else "")
    old = ("\ufeff" if has_bom else "") + text
    return old.encode(), "\n".join([words, "another second line", "x" * padding, "last line"])


class Bench:
    """One file in its place, and what was seen of it."""

    def __init__(self, folder: Path, place: Place, old: bytes) -> None:
        self.folder, self.place, self.old = folder, place, old
        texts = folder / "texts"
        texts.mkdir(parents=True)
        self.target = self.path = texts / "draft.md"
        self.target.write_bytes(old)
        self.target.chmod(place.mode)
        for number in range(place.links):
            link = texts / f"link{number}"
            link.symlink_to(self.path.name)
            self.path = link
        self.other = texts / "other.md"
        if place.is_hard_linked:
            os.link(self.target, self.other)
        self.names = sorted(os.listdir(texts))

    def try_to_write(self, draft: Draft, data: bytes, system: FailingSystem) -> str:
        """What became of it, in a word; asserts that nothing else did."""
        journal = Journal(self.folder / "data", syscalls=system)
        try:
            write_draft(draft, data, journal, session=None, consent=self.place.consent)
            outcome, now = "new bytes", data
        except WriteFailed as error:
            outcome, now = ("new bytes", data) if error.is_in_place else ("old bytes", self.old)
        except HalfWritten as error:
            self.half_written(error, data)
            return "half written, both texts kept"
        except DraftError:
            outcome, now = "old bytes", self.old
        self.check(now, data)
        if now == data and data != self.old:
            system.fails = lambda _number, _name: False
            Journal(self.folder / "data").undo(self.path, consent=self.place.consent)
            assert self.target.read_bytes() == self.old
        return outcome

    def half_written(self, error: HalfWritten, data: bytes) -> None:
        assert (error.old.read_bytes(), error.new.read_bytes()) == (self.old, data)

    def check(self, now: bytes, new: bytes) -> None:
        assert self.target.read_bytes() == now
        assert stat.S_IMODE(self.target.stat().st_mode) == self.place.mode
        assert not self.target.is_symlink()
        assert self.path.is_symlink() == (self.place.links > 0)
        assert sorted(os.listdir(self.target.parent)) == self.names
        if self.place.is_hard_linked:
            is_through = self.place.consent.write_through
            assert self.other.read_bytes() == (now if is_through else self.old)


def nth(call: str, n: int, *, is_lasting: bool = False) -> Callable[[int, str], bool]:
    """Fails the nth call of a name, or with all that follow it."""
    seen = itertools.count(1)

    def fails(_number: int, name: str) -> bool:
        if name != call:
            return False
        number = next(seen)
        return number >= n if is_lasting else number == n

    return fails


def run_place(folder: Path, place: Place, forms: list[tuple[str, bool, str, bool]]) -> Counter[str]:
    """All failures in turn, at each call of their name in turn."""
    outcomes: Counter[str] = Counter()
    numbers = itertools.count()
    for form, (call, error) in itertools.product(forms, [("nothing", 0), *FAILURES]):
        old, revised = old_and_new(form, place.padding)
        for n, is_lasting in [(1, True), *((n, False) for n in range(1, 9))]:
            bench = Bench(folder / str(next(numbers)), place, old)
            system = Failing(nth(call, n, is_lasting=is_lasting), error)
            system.has_exchange = place.has_exchange
            draft = read_draft(bench.path)
            outcome = bench.try_to_write(draft, restore(draft, revised), system)
            is_reached = system.calls.count(call) >= n
            assert place.is_refused == (outcome != "new bytes") or is_reached
            outcomes[outcome] += 1
            shutil.rmtree(bench.folder)
            if not is_reached:
                break
    return outcomes


@pytest.mark.parametrize("name", PLACES)
def test_a_file_in_any_form_and_place_has_old_or_new_bytes_whatever_fails(
    name: str, quick: Path
) -> None:
    outcomes = run_place(quick, PLACES[name], FORMS if name == "plain" else FORMS[::5])
    assert sum(outcomes.values()) >= (2000 if name == "plain" else 100)
    assert outcomes["half written, both texts kept"] == 0 or PLACES[name].consent.write_through
    assert outcomes["new bytes"] > 0 or PLACES[name].is_refused
    print(name, dict(outcomes))


def test_a_huge_file_has_old_or_new_bytes_whatever_fails(quick: Path) -> None:
    outcomes = run_place(quick, Place(padding=2_000_000), FORMS[:1])
    assert set(outcomes) == {"old bytes", "new bytes"}
    print("huge", dict(outcomes))


NOT_TEXTS = {
    "binary": b"\x00\x01\x02" * 50,
    "Latin-1": "Größe".encode("latin-1"),
    "UTF-16": "words".encode("utf-16"),
    "UTF-32": "words".encode("utf-32"),
    "PDF": b"%PDF-1.7\xff",
    "ZIP": b"PK\x03\x04\xff",
}


@pytest.mark.parametrize("name", NOT_TEXTS)
@pytest.mark.parametrize("place", ["plain", "symbolic link", "read-only, agreed"])
def test_what_is_not_text_is_untouched(tmp_path: Path, name: str, place: str) -> None:
    bench = Bench(tmp_path, PLACES[place], NOT_TEXTS[name])
    with pytest.raises(NotText):
        read_draft(bench.path)
    bench.check(NOT_TEXTS[name], b"")


THEIRS = b"Typed meanwhile"


def save_in_place(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(THEIRS)


def save_by_renaming(path: Path) -> None:
    other = path.with_name("theirs.tmp")
    other.write_bytes(THEIRS)
    other.replace(path)


def delete(path: Path) -> None:
    path.unlink()


class Meddled(Failing):
    """Somebody else does something to the file just before a call."""

    def __init__(self, path: Path, call: str, meddle: Meddling) -> None:
        super().__init__()
        self._path, self._call, self._meddle = path, call, meddle

    def _count(self, name: str) -> None:
        super()._count(name)
        if name == self._call and self.calls.count(name) == 1:
            self._meddle(self._path)


@pytest.mark.parametrize("call", ["write", "flock", "exchange"])
@pytest.mark.parametrize("meddle", [save_in_place, save_by_renaming, delete])
@pytest.mark.parametrize("name", ["plain", "symbolic link", "executable", "hard link, parted"])
def test_what_somebody_saves_in_the_middle_stays_and_ours_goes_beside_it(
    quick: Path, call: str, meddle: Meddling, name: str
) -> None:
    cases = 0
    for number, form in enumerate(FORMS):
        old, revised = old_and_new(form, 0)
        bench = Bench(quick / str(number), PLACES[name], old)
        draft = read_draft(bench.path)
        data = restore(draft, revised)
        system = Meddled(bench.target, call, meddle)
        journal = Journal(bench.folder / "data", syscalls=system)
        with pytest.raises(DraftError, match="has changed meanwhile"):
            write_draft(draft, data, journal, session=None, consent=PLACES[name].consent)
        beside = bench.target.with_name("draft.md.chat-new")
        write_new(beside, data)
        if meddle is delete:
            assert not bench.target.exists()
        else:
            assert bench.target.read_bytes() == THEIRS
        assert beside.read_bytes() == data
        assert journal.history() == []
        assert not list(bench.target.parent.glob(".*"))
        cases += 1
    print("changed underneath", cases)
