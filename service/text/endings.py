"""What words of one kind have in common with one another: a word without the ending of its case, number or article.

For searching only: light tables, the longest ending first, and three letters stay. Words are in small Latin letters
without accents, as `gis.romanising.in_latin` writes them: Greek by ELOT 743, Bulgarian by the Streamlined System.
"""

from functools import lru_cache

SHORTEST = 3
"""Letters that stay of a word."""
GREEK = (
    *("matos", "mata", "maton", "ma"),
    *("os", "ou", "o", "on", "oi", "ous", "e", "a", "as", "es", "i", "is", "eis", "eos", "eon"),
    *("io", "ios", "iou", "ion", "ioi", "ious", "ia", "ias", "ies"),
)
BULGARIAN = (
    *("a", "at", "ya", "yat", "i", "ite", "ove", "ovete", "eve", "evete"),
    *("ata", "yata", "ta", "iya", "iyat", "iyata", "ii", "iite"),
    *("o", "oto", "e", "eto", "ie", "ieto", "iya", "eta", "etata"),
    *("ishta", "ishtata", "ishte", "ishteto"),
)
LITHUANIAN = (
    *("as", "o", "ui", "a", "u", "e", "ai", "ams", "us", "ais", "uose"),
    *("ias", "is", "ys", "io", "iui", "i", "iu", "yje", "iai", "iams", "ius", "iais", "iuose", "iuje"),
    *("aus", "umi", "uje", "ums", "umis", "os", "oje", "oms", "omis", "ose"),
    *("es", "ei", "eje", "ems", "emis", "ese", "ies", "imi", "ims", "imis", "yse", "ia", "ios", "ioje", "ioms"),
)
ENGLISH = ("s", "es", "ies", "y", "e", "ed", "ing")
ENDINGS = {
    language: sorted(set(endings), key=len, reverse=True)
    for language, endings in {"el": GREEK, "bg": BULGARIAN, "lt": LITHUANIAN, "en": ENGLISH}.items()
}
"""Language → endings, the longest first."""
SOFTENED = {"dz": "d", "c": "t"}
"""Lithuanian: what d and t become before an ending that begins with i and another vowel (medis, medžio)."""


@lru_cache(maxsize=32768)
def stem(word: str, language: str) -> str:
    """The word without its ending in this language; of other languages the word."""
    for ending in ENDINGS.get(language, ()):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            left = word.removesuffix(ending)
            return hardened(left) if language == "lt" and len(ending) > 1 and ending[0] == "i" else left
    return word


def hardened(left: str) -> str:
    """The end of a Lithuanian word as it is before other endings."""
    for soft, hard in SOFTENED.items():
        if left.endswith(soft):
            return left.removesuffix(soft) + hard
    return left
