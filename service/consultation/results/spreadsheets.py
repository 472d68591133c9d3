"""An OpenDocument spreadsheet (ISO/IEC 26300), written so that the same table makes the same bytes."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

from service.text.cells import clean

ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
NO_TIME = (1980, 1, 1, 0, 0, 0)
NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
)
SLIM, WIDE = "slim", "wide"
STYLES = (
    '<office:automatic-styles><style:style style:name="slim" style:family="table-column">'
    '<style:table-column-properties style:column-width="3.5cm"/></style:style>'
    '<style:style style:name="wide" style:family="table-column">'
    '<style:table-column-properties style:column-width="9cm"/></style:style>'
    '<style:style style:name="lines" style:family="table-cell">'
    '<style:table-cell-properties fo:wrap-option="wrap" style:vertical-align="top"/></style:style>'
    "</office:automatic-styles>"
)
DEFAULT = 'table:default-cell-style-name="lines"'
Sheets = Mapping[str, tuple[Sequence[str], Iterable[Sequence[Any]]]]
"""Name of a sheet → how wide its columns are (`SLIM`, `WIDE`), and its rows."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
MANIFEST = (
    f'{HEAD}<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
    f'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:version="1.3" '
    f'manifest:media-type="{ODS_TYPE}"/><manifest:file-entry manifest:full-path="content.xml" '
    'manifest:media-type="text/xml"/></manifest:manifest>'
)


def write_spreadsheet(sheets: Sheets, target: IO[bytes]) -> None:
    """Write the file, row by row. A text is a text: no cell is a formula."""
    files = {"mimetype": [ODS_TYPE], "META-INF/manifest.xml": [MANIFEST], "content.xml": content(sheets)}
    with zipfile.ZipFile(target, "w") as archive:
        for name, pieces in files.items():  # the type comes first and is not compressed: it is seen in the bytes
            with archive.open(zipfile.ZipInfo(name, NO_TIME), "w") as entry:
                entry.writelines(piece.encode() for piece in pieces)


def content(sheets: Sheets) -> Iterator[str]:
    """The document, in pieces."""
    yield f'{HEAD}<office:document-content {NAMES} office:version="1.3">{STYLES}<office:body><office:spreadsheet>'
    for name, (widths, rows) in sheets.items():
        yield f"<table:table table:name={quoteattr(name)}>"
        yield from (f'<table:table-column table:style-name="{width}" {DEFAULT}/>' for width in widths)
        yield from map(row, rows)
        yield "</table:table>"
    yield "</office:spreadsheet></office:body></office:document-content>"


def row(cells: Sequence[Any]) -> str:
    return f"<table:table-row>{''.join(map(cell, cells))}</table:table-row>"


def cell(value: Any) -> str:
    """A whole number, or a text; nothing for None."""
    if value is None or value == "":
        return "<table:table-cell/>"
    lines = escape(clean(str(value))).splitlines()
    said = "".join(f"<text:p>{line}</text:p>" for line in lines)
    kind = f'float" office:value="{value}' if isinstance(value, int) else "string"
    return f'<table:table-cell office:value-type="{kind}">{said}</table:table-cell>'
