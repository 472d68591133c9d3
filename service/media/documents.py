"""Documents, kept as they came: what one is says its content alone, and it is never run, drawn or unpacked.

What we can see by looking at the outside is refused: macros, encrypted and broken packages, packages of very many
parts. What a program that opens it may do with the rest we cannot see: to look for viruses is the matter of whoever
puts a scanner before the service. It is given out as a file to be saved, never as a page.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

from service.db.keys import new_uid
from service.errors import Problem
from service.media.attaching import DocumentKept, sha1_of
from service.media.renditions import ENDINGS, PDF, document_key
from service.municipalities.directory import Municipality
from service.storage.keeping import Store
from service.text import N_

LARGEST = 20 * 1024 * 1024
MOST_PARTS = 2_000
LARGEST_HEAD = 256 * 1024
"""Bytes of the part that says what a package is."""
DIRECTORY_ENTRY = b"PK\x01\x02"
END_WITHIN = 2_048
"""Bytes from its end within which a PDF says that it ends."""

OPEN_XML: Mapping[bytes, str] = {
    b"wordprocessingml.document.main+xml": "docx",
    b"spreadsheetml.sheet.main+xml": "xlsx",
    b"presentationml.presentation.main+xml": "pptx",
}
"""What `[Content_Types].xml` names (ECMA-376-2, 10.1.2) → the ending."""
MACROS_OF_OPEN_XML = ("vbaproject", "activex", "macrosheet", "vbadata")
MACROS_OF_OPEN_DOCUMENT = ("basic/", "scripts/")
BY_ENDING = {ending: media_type for media_type, ending in ENDINGS.items()}


class DocumentFormatUnknown(Problem):
    """By its content this is none of the documents that we take, whatever its name says."""

    status, code, message = (
        415,
        "document_format_unknown",
        N_("This is not a document that we take. Please send a PDF, or a text, table or slides without macros."),
    )


class DocumentTooLarge(Problem):
    """More bytes than a document may have; `most` says how many are allowed."""

    status, code, message = 413, "document_too_large", N_("The document is too large. Please send a smaller one.")


class DocumentDamaged(Problem):
    """The file is cut off, broken or encrypted."""

    status, code, message = 422, "document_damaged", N_("The document is damaged or locked. Please send it again.")


class DocumentHasMacros(Problem):
    """The document brings a program with it."""

    status, code, message = (
        422,
        "document_has_macros",
        N_("The document contains macros. Please save it without them, or as a PDF."),
    )


def store_document(
    municipality: Municipality, uploaded_by: str, data: bytes, store: Store, purpose: str
) -> DocumentKept:
    """Look at a document and keep its file; before any transaction. `record` the result, or it is swept.

    Raises DocumentTooLarge, -FormatUnknown, -Damaged, -HasMacros, StoreUnavailable.
    """
    media_type, uid = recognise(data), new_uid()
    store.keep(document_key(municipality.slug, uid, media_type), data)
    digest = hashlib.sha256(data).hexdigest()
    return DocumentKept(uid, municipality.id, uploaded_by, purpose, digest, sha1_of(data), len(data), media_type)


def recognise(data: bytes, most: int = LARGEST) -> str:
    """Its media type. Raises DocumentTooLarge, DocumentFormatUnknown, DocumentDamaged, DocumentHasMacros."""
    if len(data) > most:
        raise DocumentTooLarge(most=most)
    if data.startswith(b"%PDF-"):
        if b"%%EOF" not in data[-END_WITHIN:]:
            raise DocumentDamaged
        return PDF
    if not data.startswith(b"PK\x03\x04"):
        raise DocumentFormatUnknown
    return recognise_package(data)


def recognise_package(data: bytes) -> str:
    """The media type of an Office Open XML or OpenDocument file. Raises as `recognise` does."""
    if data.count(DIRECTORY_ENTRY) > MOST_PARTS:
        raise DocumentDamaged
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            if any(part.flag_bits & 1 for part in package.infolist()):
                raise DocumentDamaged
            names = [part.filename.lower() for part in package.infolist()]
            if "mimetype" in names:
                return kind_of_open_document(head_of(package, "mimetype"), names)
            if "[content_types].xml" in names:
                return kind_of_open_xml(head_of(package, "[Content_Types].xml"), names)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, KeyError, ValueError, zlib.error):
        raise DocumentDamaged from None
    raise DocumentFormatUnknown


def head_of(package: zipfile.ZipFile, name: str) -> bytes:
    """The beginning of a part."""
    with package.open(name) as part:
        return part.read(LARGEST_HEAD)


def kind_of_open_document(said: bytes, names: list[str]) -> str:
    """By its part `mimetype` (OpenDocument 1.3, part 2, 3.3). Raises DocumentFormatUnknown, DocumentHasMacros."""
    media_type = said.decode("ascii", "replace").strip()
    if media_type not in ENDINGS:
        raise DocumentFormatUnknown
    if any(name.startswith(MACROS_OF_OPEN_DOCUMENT) for name in names):
        raise DocumentHasMacros
    return media_type


def kind_of_open_xml(said: bytes, names: list[str]) -> str:
    """By the types of its parts. Raises DocumentFormatUnknown, DocumentHasMacros."""
    if b"macroenabled" in said.lower() or any(mark in name for name in names for mark in MACROS_OF_OPEN_XML):
        raise DocumentHasMacros
    ending = next((ending for name, ending in OPEN_XML.items() if name in said), None)
    if ending is None:
        raise DocumentFormatUnknown
    return BY_ENDING[ending]
