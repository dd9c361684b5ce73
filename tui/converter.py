"""Turns a document into Markdown, in a process of its own, the only one that loads the libraries.

Documents come from anywhere: a small file can unpack to one that fills the memory, or keep a parser
busy for ever. Limits of the operating system end both. Reads the bytes, writes the text.
"""

from __future__ import annotations

import io
import posixpath
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

CPU_SECONDS = 30
MEMORY_MIB = 2048

LIBRARY_MISSING = 3
"""The exit code of a process that cannot import what it needs."""

LARGEST = 64 * 2**20
"""Bytes of markup that an archive may hold; no context has room for more."""

_MARKUP = (".xml", ".xhtml", ".html", ".htm")

_NEVER_READ = ["script", "style", "noscript", "template", "head", "svg"]


def main(suffix: str) -> None:
    """Convert what is on stdin; a caller sees the limits as the signal that ended this process."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, CPU_SECONDS)
    if sys.platform != "darwin":  # where a process begins with more address space than this
        _limit(resource.RLIMIT_AS, MEMORY_MIB * 1024 * 1024)
    try:
        text = CONVERTERS[suffix](sys.stdin.buffer.read())
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error.name}\n")
        sys.exit(LIBRARY_MISSING)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "replace") if text else b"")


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, hard))


def _unpacked(data: bytes) -> io.BytesIO:
    """An archive, unless its texts are larger than they can be; pictures are not looked at."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file) as archive:
        texts = (each for each in archive.infolist() if each.filename.endswith(_MARKUP))
        if sum(each.file_size for each in texts) > LARGEST:
            raise ValueError(f"it unpacks to more than {LARGEST // 2**20} MiB of text")
    file.seek(0)
    return file


def _word(data: bytes) -> str:
    import mammoth

    # Pictures say nothing to a model, and would be long texts in the middle of the words.
    found = mammoth.convert_to_html(_unpacked(data), convert_image=lambda _image: [])
    return _html(found.value.encode())


def _open_document(data: bytes) -> str:
    from odfdo import Document

    return str(Document(_unpacked(data)).to_markdown())


def _pdf(data: bytes) -> str:
    from pypdf import PdfReader

    return "\n\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def _html(data: bytes) -> str:
    from bs4 import BeautifulSoup

    return _markdown(BeautifulSoup(data, "html.parser"))


def _book(data: bytes) -> str:
    """The chapters of an EPUB in their reading order: EPUB 3.3, 4.2 and 5.7."""
    with zipfile.ZipFile(_unpacked(data)) as book:
        return "\n\n".join(_html(book.read(name)) for name in _chapters(book))


def _chapters(book: zipfile.ZipFile) -> Iterator[str]:
    container = ElementTree.fromstring(book.read("META-INF/container.xml"))
    root_file = container.find(".//{*}rootfile")
    if root_file is None:
        raise ValueError("the book does not say where its contents are")
    path = root_file.attrib["full-path"]
    package = ElementTree.fromstring(book.read(path))
    files = {each.attrib["id"]: each.attrib["href"] for each in package.iterfind(".//{*}item")}
    for each in package.iterfind(".//{*}spine/{*}itemref"):
        href = unquote(files[each.attrib["idref"]])
        yield posixpath.normpath(posixpath.join(posixpath.dirname(path), href))


def _markdown(soup: BeautifulSoup) -> str:
    from markdownify import MarkdownConverter

    for element in soup(_NEVER_READ):
        element.decompose()
    for picture in soup("img"):
        picture.replace_with(str(picture.get("alt") or ""))
    converter = MarkdownConverter(
        heading_style="ATX", bullets="-", escape_asterisks=False, escape_underscores=False
    )
    return str(converter.convert_soup(soup))


CONVERTERS: Mapping[str, Callable[[bytes], str]] = {
    ".docx": _word,
    ".odt": _open_document,
    ".epub": _book,
    ".pdf": _pdf,
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
}
"""By the ending of the file's name."""
