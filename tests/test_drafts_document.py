"""A draft's bytes become text that a model can read, and come back in the form they had."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drafts import DraftMissing, NotText, Unreadable, decode_text, read_draft, restore
from drafts.document import LARGEST

BOM = b"\xef\xbb\xbf"

ODD = "ab \t\f\v\x1c\x85\u2028\u2029\ufeffé語"
"""Characters that some notion of a line, a blank or a mark treats in a special way."""

lines = st.text(alphabet=st.sampled_from(ODD) | st.characters(codec="utf-8"))
texts = st.lists(st.tuples(lines, st.sampled_from(["\n", "\r\n", "\r", ""])), max_size=12).map(
    lambda pairs: "".join(map("".join, pairs)).replace("\0", "")
)


@settings(max_examples=500)
@given(text=texts, bom=st.booleans())
@example(text="", bom=False)
@example(text="", bom=True)
@example(text="\ufeff\r", bom=True)
@example(text="one\r\ntwo\rthree\n\n\r\n", bom=False)
@example(text=" \t\r\n \n", bom=False)
@example(text="same\nsame\r\n" * 300, bom=False)
def test_text_that_was_not_revised_gives_the_bytes_it_came_from(text: str, bom: bool) -> None:
    data = (BOM if bom else b"") + text.encode()
    decoded = decode_text(data)
    assert "\r" not in decoded.text
    assert restore(decoded, decoded.text) == data


@settings(max_examples=500)
@given(text=texts, revised=texts, bom=st.booleans())
@example(text="a\rx\n\nb\nc", revised="a\n\nb\nc", bom=False)
@example(text="", revised="\ufeff\nx", bom=False)
def test_no_word_of_a_revision_is_lost_on_its_way_into_the_file(
    text: str, revised: str, bom: bool
) -> None:
    original = decode_text((BOM if bom else b"") + text.encode())
    written = decode_text(restore(original, revised))
    edges = " \t\n\ufeff"
    assert written.text.strip(edges) == decode_text(revised.encode()).text.strip(edges)
    assert written.bom == (original.bom or text.startswith("\ufeff"))


@pytest.mark.parametrize(
    ("data", "revised", "expected"),
    [
        (b"One\r\nTwo\r\n", "One\nTwo!\nThree", b"One\r\nTwo!\r\nThree\r\n"),
        (b"One\rTwo\r", "One\n2\n", b"One\r2\r"),
        (BOM + b"One\n", "1", BOM + b"1\n"),
        (b"No newline at the end", "None here\n", b"None here"),
        (b"\n\n  \nWords\n \n\n", "\nNew words\n", b"\n\n  \nNew words\n \n\n"),
        (b"Words\n", "\n\n    code\n", b"    code\n"),
        (b"a\r\nb\nc\rd\r\n", "a\nB\nc\nd\ne\n", b"a\r\nB\r\nc\rd\r\ne\r\n"),
        (b"a\nb\r\nc\n", "b\nc\na\n", b"b\r\nc\na\n"),
        (b"Words\n", "Windows\r\nwords\r\n", b"Windows\nwords\n"),
        (b"", "A poem", b"A poem\n"),
        (b"\r\n", "A\npoem", b"A\r\npoem\r\n"),
        (BOM + b"Words\n", " \n", BOM),
    ],
)
def test_a_revision_takes_the_form_of_the_original(
    data: bytes, revised: str, expected: bytes
) -> None:
    assert restore(decode_text(data), revised) == expected


@pytest.mark.parametrize(
    ("data", "newline"),
    [(b"", "\n"), (b"a\nb\r\nc\r\n", "\r\n"), (b"a\rb", "\r"), (b"a\nb\nc\r", "\n")],
)
def test_the_most_frequent_newline_is_the_drafts_own(data: bytes, newline: str) -> None:
    assert decode_text(data).newline == newline


@pytest.mark.parametrize(
    ("revised", "reason"), [("a\0b", "a zero"), ("half \ud83d", "surrogate pair")]
)
def test_a_revision_that_no_text_file_can_hold_is_refused(revised: str, reason: str) -> None:
    with pytest.raises(NotText, match=reason):
        restore(decode_text(b"Words\n"), revised)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("Grüße\n".encode("utf-16"), "it is UTF-16: save it as UTF-8"),
        ("Grüße\n".encode("utf-32"), "it is UTF-32"),
        ("Greetings\n".encode("utf-16-le"), "looks like UTF-16"),
        ("Greetings\n".encode("utf-16-be"), "looks like UTF-16"),
        ("One\nTwo\nGrüße\n".encode("latin-1"), "byte 0xFC in line 3; if it is Latin-1"),
        (b"Text and \0 more text than zeros", "binary (a zero at byte 9)"),
        (b"\x7fELF\x02\x01\x01\0rest of it", "binary"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "it is a PDF"),
        (b"PK\x03\x04\x14\0\0\0\x08", ".docx"),
        (b"overlong \xc0\x80", "byte 0xC0 in line 1"),
        (b"surrogate \xed\xa0\x80", "byte 0xED"),
    ],
)
def test_what_is_not_utf_8_is_refused_by_what_it_is(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "draft.md"
    path.write_bytes(data)
    with pytest.raises(NotText) as caught:
        read_draft(path)
    assert str(caught.value).startswith(f"{path} is not UTF-8 text: ")
    assert reason in caught.value.reason


def test_a_draft_knows_its_name_and_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_bytes(b"Words\r\n")
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    draft = read_draft(link)
    assert (draft.text, draft.raw_text, draft.path) == ("Words\n", "Words\r\n", link)
    assert draft.file.target == (tmp_path / "real.md").resolve()


def test_a_missing_file_and_a_link_to_none_are_missing(tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to("nowhere.md")
    for path in (link, tmp_path / "none.md"):
        with pytest.raises(DraftMissing, match=f"there is no file {path}"):
            read_draft(path)


def test_what_is_not_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    reasons = {
        tmp_path: "folder",
        tmp_path / "pipe": "a pipe",
        Path("/dev/zero"): "a device",
        tmp_path / "loop": os.strerror(errno.ELOOP),
    }
    for path, reason in reasons.items():
        with pytest.raises(Unreadable, match=reason):
            read_draft(path)


def test_a_file_too_large_to_be_a_draft_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.md"
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="larger than 64 MiB"):
        read_draft(path)
