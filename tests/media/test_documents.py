"""The content alone says what a document is, and what brings a program with it is refused."""

import pytest

from service.errors import Problem
from service.media import documents
from service.media.documents import recognise
from service.media.renditions import ENDINGS
from tests.factories.reports import photo
from tests.media.documents import PDF, open_document, open_xml, package


def test_each_kind_of_document_is_known_by_its_content() -> None:
    sent = {
        "pdf": PDF,
        "docx": open_xml("wordprocessingml.document"),
        "xlsx": open_xml("spreadsheetml.sheet"),
        "pptx": open_xml("presentationml.presentation"),
        "odt": open_document("text"),
        "ods": open_document("spreadsheet"),
        "odp": open_document("presentation"),
    }
    assert {ENDINGS[recognise(data)]: data for data in sent.values()} == sent
    assert list(sent) == list(ENDINGS.values())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "document_format_unknown"),
        (photo(), "document_format_unknown"),
        (b"<html><script>alert(1)</script>", "document_format_unknown"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "document_format_unknown"),
        (b"MZ\x90" + PDF, "document_format_unknown"),
        (package({"a.txt": "a"}), "document_format_unknown"),
        (package({"META-INF/MANIFEST.MF": "Main-Class: A"}), "document_format_unknown"),
        (open_xml("unknown.thing"), "document_format_unknown"),
        (open_document("text-master"), "document_format_unknown"),
        (PDF.replace(b"%%EOF", b""), "document_damaged"),
        (open_document("text")[:-30], "document_damaged"),
        (package({f"{number}.xml": "" for number in range(2_001)}), "document_damaged"),
        (open_xml("wordprocessingml.document", {"word/vbaProject.bin": "x"}), "document_has_macros"),
        (open_xml("wordprocessingml.document", {"word/activeX/activeX1.xml": "x"}), "document_has_macros"),
        (package({"[Content_Types].xml": "application/vnd.ms-word.document.macroEnabled"}), "document_has_macros"),
        (open_document("spreadsheet", {"Basic/Standard/Module1.xml": "x"}), "document_has_macros"),
    ],
)
def test_what_is_no_plain_document_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as refusal:
        recognise(data)
    assert refusal.value.code == code


def test_a_document_is_neither_locked_nor_larger_than_allowed() -> None:
    locked = bytearray(open_document("text"))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + place] |= 1
    with pytest.raises(documents.DocumentDamaged):
        recognise(bytes(locked))
    with pytest.raises(documents.DocumentTooLarge) as refusal:
        recognise(PDF, most=10)
    assert refusal.value.details == {"most": 10}
