"""Attached documents become Markdown, and those that cannot are told in a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from document_samples import book, open_document, packed, pdf, word_document
from scripted_chat import Chat, uncoded

from tui.document_text import document_text, is_document
from tui.errors import UsageProblem

PAGE = (
    "<html><head><title>no</title><style>p {}</style></head><body><h2>The harbour</h2>"
    '<p>It was <em>quiet</em> at 5 * 3_000.</p><script>no()</script><img src="data:x" alt="A sea">'
    "<ul><li>one</li></ul></body></html>"
)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.docx", word_document(), "# The harbour\n\nIt was **quiet**.\n"),
        ("a.PDF", pdf("First page", "", "Third page"), "First page\n\nThird page\n"),
        (
            "a.epub",
            book("<h1>One</h1><p>It rains.</p>", "<h1>Two</h1><p>It stops.</p>"),
            "# One\n\nIt rains.\n\n# Two\n\nIt stops.\n",
        ),
        (
            "a.html",
            PAGE.encode(),
            "## The harbour\n\nIt was *quiet* at 5 * 3_000.\n\nA sea\n\n- one\n",
        ),
        ("a.htm", '<meta charset="latin-1"><p>Café</p>'.encode("latin-1"), "Café\n"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("a.") else "",
)
def test_a_document_becomes_markdown(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    assert is_document(file)
    assert document_text(file) == text


def test_open_document_text_keeps_its_structure(tmp_path: Path) -> None:
    file = tmp_path / "a.odt"
    file.write_bytes(open_document())
    heading, words, item = document_text(file).split("\n\n")
    assert (heading, words, item.split()) == ("# The harbour", "It was quiet.", ["-", "one"])


def test_the_model_gets_the_text_under_the_files_name(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(word_document())
    assert chat("-f", "letter.docx", "Summarise this") == 0
    question = uncoded(chat.asked[-1][1])
    assert "CODE: letter.docx]\n# The harbour\n\nIt was **quiet**.\n" in question


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.docx", b"no archive", "cannot be read as docx: File is not a zip file"),
        ("a.pdf", b"%PDF-1.4\ngarbage", "cannot be read as pdf: "),
        ("a.pdf", pdf(""), "contains no text; if it is a scan, run text recognition first"),
        ("a.epub", packed({"mimetype": "application/epub+zip"}), "cannot be read as epub: "),
        ("a.odt", packed({"mimetype": "x"}), "cannot be read as odt: "),
        ("a.html", b"", "contains no text"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("a.") else "",
)
def test_what_is_no_such_document_is_told_in_a_line(
    chat: Chat, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert chat("-f", name, "Summarise this") == 2
    assert f"{name} {words}" in chat.err
    assert chat.err.count("\n") == 1


def test_without_the_libraries_the_command_that_brings_them_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.docx").write_bytes(word_document())
    root = str(Path(__file__).parent.parent)
    own = [path for path in sys.path if "site-packages" not in path]
    monkeypatch.setattr(sys, "path", [root, *own])
    with pytest.raises(UsageProblem, match="-m pip install mammoth markdownify odfdo pypdf"):
        document_text(tmp_path / "a.docx")


@pytest.mark.parametrize("name", ["a.epub", "a.docx", "a.odt"])
def test_a_document_that_unpacks_to_too_much_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(packed({"mimetype": "", "content.xml": "x" * (2**26 + 1)}))
    assert (tmp_path / name).stat().st_size < 2**17
    with pytest.raises(UsageProblem, match="it unpacks to more than 64 MiB of text"):
        document_text(tmp_path / name)
