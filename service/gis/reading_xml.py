"""Look into an XML file of a stranger, piece by piece, without ever growing by what it defines."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

Each = Callable[[str, str], None]
"""Hears the name of an element without its prefix, and its text."""


class NotXml(Exception):
    """The file is not well-formed XML (`not_xml`), or has a document type (`document_type`), which names entities."""


def root_of(path: Path, each: Each | None = None) -> tuple[str, dict[str, str]]:
    """The name of the root without its prefix, and its attributes; `each` hears of every element at its end.

    Raises NotXml.
    """
    looking = Looking(each)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = looking.start
    if each is not None:
        parser.EndElementHandler, parser.CharacterDataHandler = looking.end, looking.hear
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, ValueError, LookupError):
        raise NotXml("not_xml") from None
    return looking.root


def refuse(*_: Any) -> None:
    raise NotXml("document_type")


class Looking:
    """What is remembered of the elements that are open."""

    def __init__(self, each: Each | None) -> None:
        self.each = each
        self.root: tuple[str, dict[str, str]] = ("", {})
        self.texts: list[list[str]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.root[0]:
            self.root = (name.rpartition(":")[2], attributes)
        if self.each is not None:
            self.texts.append([])

    def hear(self, text: str) -> None:
        self.texts[-1].append(text)

    def end(self, name: str) -> None:
        if self.each is not None:
            self.each(name.rpartition(":")[2], "".join(self.texts.pop()).strip())
