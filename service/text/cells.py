"""The one guard for texts in cells of tables that go out: none becomes a formula on the reader's machine.

Spreadsheet programs calculate what begins with one of `=+-@`, also in their wide forms, and some pass over what is
white before it. In CSV such a text gets an apostrophe before it, which is taken away on the way in; XLSX and ODS have
cells of the type text, and XLSX says of such a one that it is quoted.
"""

import re
from decimal import Decimal
from typing import Any

NO_SIGN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML, and so no workbook, can hold."""
BEGINNING = r"(?:\s*[=+\-@＝＋－＠]|[\t\r\n])"
FORMULA = re.compile(f"'*{BEGINNING}")
QUOTED = re.compile(f"'+{BEGINNING}")


def clean(text: str) -> str:
    """The text without signs that no cell can hold."""
    return NO_SIGN.sub("", text)


def is_risky(text: str) -> bool:
    """Whether a spreadsheet program could take the text for a formula, or for one that was quoted."""
    return FORMULA.match(text) is not None


def quoted(cell: Any) -> str:
    """A cell of CSV that nobody takes for a formula: a number as it is, None as nothing, a text with its apostrophe."""
    if isinstance(cell, int | float | Decimal):
        return str(cell)
    said = "" if cell is None else clean(str(cell))
    return f"'{said}" if is_risky(said) else said


def unquoted(cell: str) -> str:
    """What `quoted` was given, without white space around it."""
    return (cell[1:] if QUOTED.match(cell) else cell).strip()
