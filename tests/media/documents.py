"""Documents as offices send them, made on the spot."""

import io
import zipfile
from collections.abc import Mapping

PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/main.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.{}.main+xml"/></Types>'
)


def package(parts: Mapping[str, str]) -> bytes:
    """A ZIP file of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def open_xml(kind: str, more: Mapping[str, str] | None = None) -> bytes:
    """`kind`: "wordprocessingml.document", "spreadsheetml.sheet" …"""
    return package({"[Content_Types].xml": CONTENT_TYPES.format(kind), "main.xml": "<a/>"} | dict(more or {}))


def open_document(kind: str, more: Mapping[str, str] | None = None) -> bytes:
    """`kind`: "text", "spreadsheet", "presentation"."""
    parts = {"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": "<a/>"}
    return package(parts | dict(more or {}))
