"""Names in Latin letters without accents, so that Kozani finds Κοζάνη and Sopot finds Сопот.

Greek by ELOT 743, Bulgarian by the Streamlined System, Lithuanian without its diacritics. A second, looser form lets
the usual ways of writing Greek with Latin letters meet (h, i and y; ou and u; w and o; x, ks and ch).
"""

import re
import unicodedata
from functools import lru_cache

GREEK = dict(
    zip(
        "αβγδεζηικλμνξοπρσςτυφω",
        ["a", "v", "g", "d", "e", "z", "i", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "y", "f", "o"],
        strict=True,
    )
) | {
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
}
CYRILLIC = dict(zip("абвгдезийклмнопрстуфхъьыэѝ", "abvgdeziyklmnoprstufhayyei", strict=True)) | {
    "ж": "zh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "sht",
    "ю": "yu",
    "я": "ya",
    "ё": "yo",
}
OTHERS = {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe", "’": "", "'": "", "`": ""}
LETTERS = GREEK | CYRILLIC | OTHERS
VOICELESS = "θκξπσςτφχψ"
MARKS = re.compile("[\u0300-\u036f]")
PAIRS = (
    (re.compile(rf"([αεη])υ(?=[{VOICELESS}]|\b)"), {"α": "af", "ε": "ef", "η": "if"}),
    (re.compile("([αεη])υ"), {"α": "av", "ε": "ev", "η": "iv"}),
    (re.compile("(ου)"), {"ου": "ou"}),
    (re.compile("(γ[γξχ])"), {"γγ": "ng", "γξ": "nx", "γχ": "nch"}),
    (re.compile(r"(\bμπ)"), {"μπ": "b"}),
    (re.compile(r"(\bντ)"), {"ντ": "nt"}),
)
NO_WORD = re.compile(r"[^\w]+|_+")
LOOSE = (
    ("ou", "u"), ("ph", "f"), ("ks", "x"), ("ch", "h"), ("kh", "h"), ("ck", "k"), ("mp", "b"), ("gk", "g"),
    ("ei", "i"), ("oi", "i"), ("y", "i"), ("w", "o"), ("j", "i"), ("q", "k"), ("ii", "i"),
)  # fmt: skip


@lru_cache(maxsize=8192)
def in_latin(text: str) -> str:
    """Small Latin letters and digits, one space between words; letters of other scripts stay as they are.

    An accent on the first of two vowels (`άυ`) or a diaeresis (`αϋ`) says that they are not a pair.
    """
    plain = unicodedata.normalize("NFD", text.casefold())
    plain = plain.replace("и\u0306", "й").replace("е\u0308", "ё").replace("υ\u0308", "y").replace("ι\u0308", "i")
    plain = MARKS.sub("", re.sub("([αεο])\u0301(?=[υι])", "\\1\u200b", plain))
    for pattern, written in PAIRS:
        plain = pattern.sub(lambda found, written=written: written[found[1]], plain)  # type: ignore[misc]
    written_out = "".join(LETTERS.get(letter, letter) for letter in plain.replace("\u200b", ""))
    return NO_WORD.sub(" ", written_out).strip()


def loosely(latin: str) -> str:
    """The looser form of a text that is in Latin letters already."""
    for strict, loose in LOOSE:
        latin = latin.replace(strict, loose)
    return latin
