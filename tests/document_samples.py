"""Small documents of each form, made by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def packed(files: Mapping[str, str]) -> bytes:
    """Texts as the files of a ZIP archive, the first one not compressed."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, (name, text) in enumerate(files.items()):
            method = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            archive.writestr(name, text, method)
    return data.getvalue()


def word_document() -> bytes:
    """A .docx: ECMA-376."""
    types = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return packed(
        {
            "[Content_Types].xml": (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                f'<Override PartName="/word/document.xml" ContentType="{types}.document.main+xml"/>'
                f'<Override PartName="/word/styles.xml" ContentType="{types}.styles+xml"/></Types>'
            ),
            "_rels/.rels": (
                f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="a" '
                f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
            ),
            "word/_rels/document.xml.rels": (
                f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="s" '
                f'Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
            ),
            "word/styles.xml": (
                f'<w:styles xmlns:w="{_WORD}"><w:style w:type="paragraph" w:styleId="H1">'
                '<w:name w:val="heading 1"/></w:style></w:styles>'
            ),
            "word/document.xml": (
                f'<w:document xmlns:w="{_WORD}"><w:body>'
                '<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>The harbour</w:t></w:r></w:p>'
                '<w:p><w:r><w:t xml:space="preserve">It was </w:t></w:r>'
                "<w:r><w:rPr><w:b/></w:rPr><w:t>quiet</w:t></w:r>"
                "<w:r><w:t>.</w:t></w:r></w:p></w:body></w:document>"
            ),
        }
    )


def open_document() -> bytes:
    """An .odt: OpenDocument 1.3."""
    spaces = f'xmlns:office="{_ODF}:office:1.0" xmlns:text="{_ODF}:text:1.0"'
    empty = f'<office:document-{{}} {spaces} office:version="1.3"/>'
    manifest = f"{_ODF}:manifest:1.0"
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": (
                f'<m:manifest xmlns:m="{manifest}" m:version="1.3"><m:file-entry m:full-path="/" '
                'm:media-type="application/vnd.oasis.opendocument.text"/>'
                '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
            ),
            "content.xml": (
                f'<office:document-content {spaces} office:version="1.3"><office:body><office:text>'
                '<text:h text:outline-level="1">The harbour</text:h>'
                "<text:p>It was quiet.</text:p><text:list><text:list-item><text:p>one</text:p>"
                "</text:list-item></text:list></office:text></office:body>"
                "</office:document-content>"
            ),
            "meta.xml": empty.format("meta"),
            "styles.xml": empty.format("styles"),
            "settings.xml": empty.format("settings"),
        }
    )


def book(*chapters: str) -> bytes:
    """An .epub whose chapters stand in the archive the other way round."""
    items = "".join(
        f'<item id="c{number}" href="text/c%20{number}.xhtml" media-type="application/xhtml+xml"/>'
        for number in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    files = {
        f"OEBPS/text/c {number}.xhtml": (
            f"<html><head><title>no</title></head><body>{chapter}</body></html>"
        )
        for number, chapter in reversed(list(enumerate(chapters)))
    }
    return packed(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": (
                '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
                '<rootfiles><rootfile full-path="OEBPS/book.opf" '
                'media-type="application/oebps-package+xml"/></rootfiles></container>'
            ),
            "OEBPS/book.opf": (
                '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
                f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
            ),
            **files,
        }
    )


def pdf(*pages: str) -> bytes:
    """A PDF 1.4 with a line of text on each page; nothing on one that is empty."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    data, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{text}\nendobj\n".encode("ascii")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    end += f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
    return data + end.encode("ascii")
