"""What a write keeps of a file, and what it refuses to write to."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drafts import (
    ClosedFolder,
    Consent,
    DraftChanged,
    DraftExists,
    DraftMissing,
    HardLinked,
    Journal,
    JournalFailed,
    ReadOnlyDraft,
    Unreadable,
    WriteFailed,
    read_draft,
    restore,
    sweep,
    write_draft,
    write_new,
)
from drafts.document import sha256_of
from drafts.temporary import temporary_file

NOBODY = 65534

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser gives files away")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "data" / "drafts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    path = folder / "draft.md"
    path.write_bytes(b"Old words\r\n")
    return path


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """A folder that an ordinary user owns and can get to, which pytest's own is not for root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        yield folder


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def write(path: Path, journal: Journal, text: str = "New words\n") -> None:
    draft = read_draft(path)
    write_draft(draft, restore(draft, text), journal, session=None)


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_revision_is_written_in_the_drafts_form(path: Path, journal: Journal) -> None:
    write(path, journal)
    assert path.read_bytes() == b"New words\r\n"
    assert names_in(path.parent) == ["draft.md"]


def test_the_entry_says_what_was_written_and_in_which_session(path: Path, journal: Journal) -> None:
    path.chmod(0o640)
    entry = write_draft(read_draft(path), b"New\n", journal, session="01JXYZ")
    assert (entry.path, entry.action, entry.session) == (str(path.resolve()), "write", "01JXYZ")
    assert entry.mode == 0o640
    assert journal.history() == [entry]


def test_bytes_changed_since_they_were_read_are_not_overwritten(
    path: Path, journal: Journal
) -> None:
    draft = read_draft(path)
    path.write_bytes(b"Typed meanwhile\n")
    with pytest.raises(DraftChanged, match="has changed meanwhile") as caught:
        write_draft(draft, b"New\n", journal, session=None)
    assert caught.value.expected == draft.file.sha256
    assert path.read_bytes() == b"Typed meanwhile\n"
    assert names_in(path.parent) == ["draft.md"]


def test_a_file_deleted_or_led_elsewhere_meanwhile_is_not_written(
    path: Path, journal: Journal
) -> None:
    other = path.with_name("other.md")
    other.write_bytes(path.read_bytes())
    link = path.with_name("link.md")
    link.symlink_to(path)
    through_link, direct = read_draft(link), read_draft(path)
    link.unlink()
    link.symlink_to(other)
    path.unlink()
    for draft in (through_link, direct):
        with pytest.raises(DraftChanged):
            write_draft(draft, b"New\n", journal, session=None)
    assert names_in(path.parent) == ["link.md", "other.md"]
    assert other.read_bytes() == b"Old words\r\n"


def test_a_file_saved_again_unchanged_is_written(path: Path, journal: Journal) -> None:
    draft = read_draft(path)
    path.unlink()
    path.write_bytes(draft.data)
    path.chmod(0o600)
    write_draft(draft, b"New\n", journal, session=None)
    assert path.read_bytes() == b"New\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_stays_one_and_its_file_is_written(path: Path, journal: Journal) -> None:
    link = path.parent.parent / "link.md"
    link.symlink_to("texts/draft.md")
    write(link, journal)
    assert os.readlink(link) == "texts/draft.md"
    assert path.read_bytes() == b"New words\r\n"
    assert not path.is_symlink()


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o755, 0o666, 0o2644])
def test_the_mode_is_kept(path: Path, journal: Journal, mode: int) -> None:
    path.chmod(mode)
    write(path, journal)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@only_root
def test_the_owner_is_kept(path: Path, journal: Journal) -> None:
    os.chown(path, 1234, 5678)
    path.chmod(0o4750)
    write(path, journal)
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 5678, 0o4750)


@only_root
def test_who_cannot_keep_the_group_closes_the_file_to_their_own(nobodys_folder: Path) -> None:
    path = nobodys_folder / "draft.md"
    path.write_bytes(b"Old\n")
    path.chmod(0o666)
    with as_ordinary_user():
        write(path, Journal(nobodys_folder / "data"))
    status = path.stat()
    assert path.read_bytes() == b"New words\n"
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (NOBODY, 0o606)


@pytest.mark.skipif(sys.platform != "linux", reason="attributes are copied on Linux")
def test_extended_attributes_are_kept(path: Path, journal: Journal) -> None:
    if sys.platform == "linux":
        try:
            os.setxattr(path, "user.author", b"Ada")
        except OSError as error:
            pytest.skip(f"no attributes here: {error}")
        write(path, journal)
        assert path.read_bytes() == b"New words\r\n"
        assert os.getxattr(path, "user.author") == b"Ada"


def test_a_name_of_255_bytes_can_be_written(path: Path, journal: Journal) -> None:
    long = path.with_name("é" * 126 + ".md")
    path.rename(long)
    write(long, journal)
    assert long.read_bytes() == b"New words\r\n"


def test_a_name_that_is_not_unicode_can_be_written_and_undone(path: Path, journal: Journal) -> None:
    odd = Path(os.fsdecode(os.fsencode(path.parent) + b"/gr\xfc\xdfe.md"))
    try:
        path.rename(odd)
    except OSError as error:
        pytest.skip(f"no such names here: {error}")
    write(odd, journal)
    assert journal.undo().path == str(odd.resolve())
    assert odd.read_bytes() == b"Old words\r\n"


def test_a_read_only_file_is_refused_even_to_the_superuser(path: Path, journal: Journal) -> None:
    path.chmod(0o444)
    with pytest.raises(ReadOnlyDraft, match="make it writable"):
        write(path, journal)
    assert path.read_bytes() == b"Old words\r\n"
    assert journal.history() == []


def test_a_hard_link_is_refused_and_stays(path: Path, journal: Journal) -> None:
    os.link(path, path.with_name("other.md"))
    with pytest.raises(HardLinked, match="one of 2 hard links"):
        write(path, journal)
    assert path.samefile(path.with_name("other.md"))
    assert path.read_bytes() == b"Old words\r\n"


def test_a_file_that_cannot_be_read_again_is_not_written(path: Path, journal: Journal) -> None:
    draft = read_draft(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Unreadable):
        write_draft(draft, b"New\n", journal, session=None)
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_an_unwritable_folder_is_named(nobodys_folder: Path) -> None:
    folder = nobodys_folder / "closed"
    folder.mkdir()
    path = folder / "draft.md"
    path.write_bytes(b"Old\n")
    path.chmod(0o666)
    folder.chmod(0o555)
    with as_ordinary_user():
        message = f"not written: Permission denied .its folder, {folder}"
        with pytest.raises(WriteFailed, match=message):
            write(path, Journal(nobodys_folder / "data"))
        with pytest.raises(WriteFailed, match=message):
            write_new(folder / "new.md", b"New\n")
    assert path.read_bytes() == b"Old\n"
    assert names_in(folder) == ["draft.md"]
    folder.chmod(0o755)


def test_nothing_is_written_without_a_journal(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    for root in (tmp_path / "file", tmp_path / "link"):
        with pytest.raises(JournalFailed, match=f"{root} cannot be used"):
            write(path, Journal(root))
    assert path.read_bytes() == b"Old words\r\n"
    assert names_in(path.parent) == ["draft.md"]


def test_a_new_file_is_made_as_the_umask_wants_it(tmp_path: Path) -> None:
    earlier = os.umask(0o027)
    try:
        write_new(tmp_path / "new.md", b"New\n")
    finally:
        os.umask(earlier)
    status = (tmp_path / "new.md").stat()
    assert (tmp_path / "new.md").read_bytes() == b"New\n"
    assert (stat.S_IMODE(status.st_mode), status.st_nlink) == (0o640, 1)
    assert names_in(tmp_path) == ["new.md"]


def test_a_new_file_is_made_where_the_process_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_new(Path("new.md"), b"New\n")
    assert names_in(tmp_path) == ["new.md"]


def test_a_new_file_takes_no_other_files_place(path: Path) -> None:
    link = path.with_name("link.md")
    link.symlink_to("nowhere.md")
    for taken in (path, link, path.parent):
        with pytest.raises(DraftExists, match="exists already"):
            write_new(taken, b"New\n")
    assert path.read_bytes() == b"Old words\r\n"
    assert names_in(path.parent) == ["draft.md", "link.md"]


def test_a_new_file_in_no_folder_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match=f"its folder, {tmp_path / 'none'}"):
        write_new(tmp_path / "none" / "new.md", b"New\n")
    with pytest.raises(DraftMissing):
        read_draft(tmp_path / "none" / "new.md")


def test_a_parted_hard_link_leaves_the_other_names_their_text(path: Path, journal: Journal) -> None:
    other = path.with_name("other.md")
    os.link(path, other)
    write_draft(read_draft(path), b"New\n", journal, session=None, consent=Consent(part=True))
    assert (path.read_bytes(), other.read_bytes()) == (b"New\n", b"Old words\r\n")
    assert (path.stat().st_nlink, other.stat().st_nlink) == (1, 1)
    journal.undo(path)
    assert path.read_bytes() == b"Old words\r\n"


@pytest.mark.parametrize("new", [b"", b"N", b"New\n", b"Much longer than the old text\n"])
def test_a_hard_link_written_through_stays_one(path: Path, journal: Journal, new: bytes) -> None:
    other = path.with_name("other.md")
    os.link(path, other)
    through = Consent(write_through=True)
    write_draft(read_draft(path), new, journal, session=None, consent=through)
    assert other.read_bytes() == new
    assert path.samefile(other)
    with pytest.raises(HardLinked):
        journal.undo(path)
    journal.undo(path, consent=through)
    assert other.read_bytes() == b"Old words\r\n"


def test_a_file_in_a_closed_folder_is_written_in_place_with_consent(nobodys_folder: Path) -> None:
    folder = nobodys_folder / "closed"
    folder.mkdir()
    path = folder / "draft.md"
    path.write_bytes(b"Old\n")
    path.chmod(0o666)
    number = path.stat().st_ino
    folder.chmod(0o555)
    journal, through = Journal(nobodys_folder / "data"), Consent(write_through=True)
    with as_ordinary_user():
        with pytest.raises(ClosedFolder):
            write(path, journal)
        write_draft(read_draft(path), b"New\n", journal, session=None, consent=through)
    assert (path.read_bytes(), path.stat().st_ino) == (b"New\n", number)
    folder.chmod(0o755)


def test_a_read_only_file_is_replaced_with_consent_and_stays_read_only(
    path: Path, journal: Journal
) -> None:
    path.chmod(0o444)
    agreed = Consent(replace_read_only=True)
    write_draft(read_draft(path), b"New\n", journal, session=None, consent=agreed)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"New\n", 0o444)


def access_list(*, user: int) -> bytes:
    """A list as the kernel keeps it: the owner writes, one other user and nobody else reads."""
    none = 0xFFFFFFFF
    entries = [(1, 6, none), (2, 4, user), (4, 0, none), (16, 4, none), (32, 0, none)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


@pytest.mark.skipif(sys.platform != "linux", reason="access control lists are copied on Linux")
def test_access_control_lists_are_kept_and_none_is_inherited(path: Path, journal: Journal) -> None:
    if sys.platform == "linux":
        plain = path.with_name("plain.md")
        plain.write_bytes(b"Old words\r\n")
        try:
            os.setxattr(path, "system.posix_acl_access", access_list(user=1234))
            os.setxattr(path.parent, "system.posix_acl_default", access_list(user=4321))
        except OSError as error:
            pytest.skip(f"no lists here: {error}")
        for file in (path, plain):
            write(file, journal)
            assert file.read_bytes() == b"New words\r\n"
        assert os.getxattr(path, "system.posix_acl_access") == access_list(user=1234)
        assert "system.posix_acl_access" not in os.listxattr(plain)
        assert stat.S_IMODE(plain.stat().st_mode) == 0o644


LEFT = ".draft.md.chat-0123456789abcdef.tmp"


def left_behind(folder: Path, name: str = LEFT, text: bytes = b"Half a te") -> Path:
    path = folder / name
    path.write_bytes(text)
    return path


def test_what_a_killed_process_left_is_kept_and_swept(path: Path, journal: Journal) -> None:
    left = left_behind(path.parent)
    assert sweep(path.parent, journal) == 0  # it is new: somebody may be writing it
    assert left.exists()
    assert sweep(path.parent, journal, older_than=0) == 1
    assert names_in(path.parent) == ["draft.md"]
    assert journal.kept(sha256_of(b"Half a te")) == b"Half a te"


def test_only_our_own_files_of_our_own_names_are_swept(path: Path, journal: Journal) -> None:
    folder = path.parent
    for name in (
        *(".draft.md.tmp", "draft.md.chat-0123456789abcdef.tmp", ".draft.md.chat-0123.tmp"),
        *(f"{LEFT}~", ".draft.md.chat-0123456789ABCDEF.tmp", "draft.md.chat-new"),
    ):
        left_behind(folder, name)
    (folder / LEFT.replace("0", "1")).symlink_to(path)
    (folder / LEFT.replace("0", "2")).mkdir()
    os.mkfifo(folder / LEFT.replace("0", "3"))
    before = names_in(folder)
    assert sweep(folder, journal, older_than=0) == 0
    assert names_in(folder) == before
    assert sweep(folder / "none", journal, older_than=0) == 0


@only_root
def test_another_users_files_are_not_swept(path: Path, journal: Journal) -> None:
    os.chown(left_behind(path.parent), NOBODY, NOBODY)
    assert sweep(path.parent, journal, older_than=0) == 0


def test_a_file_that_somebody_holds_is_not_swept(path: Path, journal: Journal) -> None:
    with temporary_file(path, b"being written", journal.syscalls) as file:
        assert sweep(path.parent, journal, older_than=0) == 0
        assert file.exists()
    with open(left_behind(path.parent)) as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert sweep(path.parent, journal, older_than=0) == 0
    assert sweep(path.parent, journal, older_than=0) == 1


def test_what_cannot_be_kept_is_not_swept(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    left = left_behind(path.parent)
    assert sweep(path.parent, Journal(tmp_path / "file"), older_than=0) == 0
    assert left.exists()
